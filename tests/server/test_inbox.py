"""Where a request ends, however its bytes come in pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inputs import BODY_MAX as SITE_BODY_MAX
from app.server import inbox as inboxes
from app.server.inbox import BODY_MAX, BUSY, DISK, HEAD_MAX, LARGER, Inbox, Refused

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\nA;x=y\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"
)
LARGE = b"POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + b"ab" * 100_000


def read_all(inbox: Inbox, size: int = 8_192) -> bytes:
    return b"".join(iter(lambda: inbox.read(size), b""))


@given(
    requests=st.lists(st.sampled_from([GET, POST, CHUNKED, LARGE]), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 300), max_size=40),
    size=st.sampled_from([7, 8_192, 1_000_000]),
)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_requests_come_out_one_by_one_as_they_went_in(requests: list[bytes], cuts: list[int], size: int) -> None:
    stream, inbox, found = b"".join(requests), Inbox(), []
    pieces = []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    for piece in [*pieces, stream]:
        inbox.feed(piece)
        while inbox.is_whole:
            found.append(read_all(inbox, size))
            inbox.start()
    assert found == requests
    inbox.close()


@pytest.mark.parametrize("request_", [GET, POST, CHUNKED])
def test_nothing_is_whole_before_its_last_byte(request_: bytes) -> None:
    inbox = Inbox()
    for at in range(len(request_) - 1):
        inbox.feed(request_[at : at + 1])
        assert not inbox.is_whole
    inbox.feed(request_[-1:])
    assert inbox.is_whole
    inbox.close()


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * HEAD_MAX,
        b"G" * (HEAD_MAX + 1),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5_000,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"a" * 0x10000 + b"\r\n") * 65,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n;\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_does_not_end_or_is_no_body_is_refused(stream: bytes) -> None:
    inbox = Inbox()
    with pytest.raises(Refused):
        for at in range(0, len(stream), 65_536):
            inbox.feed(stream[at : at + 65_536])
    inbox.close()


@pytest.mark.parametrize("length", [str(BODY_MAX + 1), "9" * 30, "9" * 5_000])
def test_a_body_that_says_it_is_too_long_is_not_waited_for(length: str) -> None:
    inbox = Inbox()
    inbox.feed(f"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\nabc".encode())
    assert inbox.is_whole


def test_a_path_may_take_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LARGER, "/import", BODY_MAX + 1)
    for path, length, is_waited_for in (
        ("/import", BODY_MAX + 1, True),
        ("/import?a=b", BODY_MAX + 1, True),
        ("/import", BODY_MAX + 2, False),
        ("/imports", BODY_MAX + 1, False),
    ):
        inbox = Inbox()
        inbox.feed(f"POST {path} HTTP/1.1\r\nContent-Length: {length}\r\n\r\nabc".encode())
        assert inbox.is_whole is not is_waited_for
        inbox.close()


def test_all_together_take_so_much_of_the_disk_and_give_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "_ON_DISK", 250_000)
    first, second, third, small = (Inbox() for _ in range(4))
    first.feed(LARGE[:-1])
    with pytest.raises(Refused, match=BUSY):
        second.feed(LARGE)
    second.close()
    small.feed(POST)
    assert small.is_whole  # what fits into memory counts for nothing
    first.close()
    third.feed(LARGE)
    assert third.is_whole
    for inbox in (third, small):
        inbox.close()
    assert DISK.used == 0


def test_a_full_disk_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox()
    inbox.feed(LARGE[:100])

    def refuse(_: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(inbox._body, "write", refuse)
    with pytest.raises(Refused, match=BUSY):
        inbox.feed(LARGE[100:])
    inbox.close()


@pytest.mark.parametrize(
    "header", ["Content-Length: -1", "Content-Length: x", "Content-Length:", "Transfer-Encoding: x"]
)
def test_what_says_no_length_is_left_to_the_parser(header: str) -> None:
    inbox = Inbox()
    inbox.feed(f"POST / HTTP/1.1\r\n{header}\r\n\r\n".encode())
    assert inbox.is_whole


def test_a_word_is_given_to_who_waits_for_it() -> None:
    inbox = Inbox()
    inbox.feed(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert inbox.wants_word
    inbox.feed(b"hello")
    assert read_all(inbox) == b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    inbox.close()


def test_every_body_the_site_takes_is_waited_for() -> None:
    assert BODY_MAX >= SITE_BODY_MAX
    assert inboxes.HEAD_MAX > 4_094
