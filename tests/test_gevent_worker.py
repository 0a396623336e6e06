"""Slow, greedy and malformed clients of gunicorn: other requests are answered."""

import json
import re
import resource
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path

import httpx2
import pytest

from tests.gunicorn_site import FAKE_SITE, running

TIMEOUT = 20  # seconds; a blocked site answers after minutes, or never
MANY = 200
LARGE = 20_000_000
BARE_SITE = f"""
import itertools
import threading
import time

gate = threading.Event()
numbers = itertools.count(1)

def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = b""
    if path == "/waits":
        gate.wait(20)
    elif path == "/waits-a-little":
        time.sleep(2)
    elif path == "/open":
        gate.set()
    elif path == "/shut":
        gate.clear()
    elif path == "/number":
        time.sleep(0)
        body = b"%d" % next(numbers)
    elif path == "/large":
        body = b"x" * {LARGE}
    elif path == "/fails-late":
        start_response("200 OK", [("Content-Length", "5")])
        return fail()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

def fail():
    yield b"12"
    raise ValueError("in the middle of an answer")
"""


@contextmanager
def serve(folder: Path, code: str, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start gunicorn on a loopback port; check that it exits with 0 in the end."""
    with running(folder, code, *options, LOG_LEVEL="off") as (process, address):
        try:
            yield int(address.rpartition(":")[2]), process
        finally:
            process.terminate()
        assert process.wait(30) == 0


class Client:
    """A connection that sends bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = self.socket.makefile("rb")

    def send(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def answer(self) -> tuple[int, bytes]:
        """Read a response; return its status and body."""
        line = self.read.readline()
        length = 0
        while (header := self.read.readline().strip().lower()) != b"":
            if header.startswith(b"content-length:"):
                length = int(header.split(b":")[1])
        return int(line.split()[1]), self.read.read(length)

    def close(self) -> None:
        self.read.close()
        self.socket.close()


Connect = Callable[..., Client]
SHORT_KEEP_ALIVE = (FAKE_SITE, "--keep-alive", "3")  # seconds for a request's head, and for the rest of a refused body


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., int]]:
    """Return a function that starts a site with options of gunicorn, each only once, and returns its port."""
    with ExitStack() as sites:
        yield cache(lambda *site: sites.enter_context(serve(tmp_path_factory.mktemp("site"), *site))[0])


@pytest.fixture
def connect(start: Callable[..., int]) -> Iterator[Connect]:
    """Return a function that opens a connection to a site."""
    with ExitStack() as clients:
        yield lambda *site: clients.enter_context(closing(Client(start(*(site or (FAKE_SITE,))))))


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


GET = get("/healthz")


def post(path: str, body: bytes, *headers: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    if not headers or not headers[0].startswith("Transfer-Encoding"):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def test_idle_and_trickling_clients_do_not_block(connect: Connect) -> None:
    idle = [connect() for _ in range(MANY)]
    trickling = [connect().send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") for _ in range(MANY // 2)]
    bodies = [connect().send(post("/movies", b"x" * 1_000)[:-999]) for _ in range(MANY // 2)]
    for _ in range(3):
        for client in trickling + bodies:
            client.send(b"a")
        for _ in range(8):
            assert connect().send(GET).answer() == (200, b'{"status":"ok"}')
    status, body = connect().send(post("/movies", json.dumps({"title": "괴물"}).encode())).answer()
    assert status in (200, 201)
    assert json.loads(body)["title"] == "괴물"
    assert idle[-1].send(GET).answer()[0] == 200
    assert trickling[0].send(b"b\r\n\r\n").answer()[0] == 200


def test_stalled_keep_alive_connections_do_not_block(connect: Connect) -> None:
    kept = [connect().send(GET) for _ in range(MANY)]
    assert {client.answer()[0] for client in kept} == {200}
    for client in kept:
        client.send(GET[:-1])
    assert connect().send(GET).answer()[0] == 200
    for client in kept:
        assert client.send(GET[-1:]).answer()[0] == 200


def test_pipelined_requests_are_answered_in_order(connect: Connect) -> None:
    client = connect().send(GET + post("/sentiment", b'{"text":"a"}') + GET + GET[:20])
    assert [client.answer()[0] for _ in range(3)] == [200, 200, 200]
    assert client.send(GET[20:]).answer()[0] == 200


def test_large_and_chunked_bodies_are_received(connect: Connect) -> None:
    texts = json.dumps({"texts": ["가" * 900] * 1_000}, ensure_ascii=False).encode()
    client = connect()
    for start in range(0, len(request := post("/sentiment/batch", texts)), 300_000):
        client.send(request[start : start + 300_000])
    status, body = client.answer()
    assert (status, len(json.loads(body))) == (200, 1_000)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (b'{"te', b'xt": "', b'good"}')) + b"0\r\n\r\n"
    assert client.send(post("/sentiment", chunks, "Transfer-Encoding: chunked")).answer()[0] == 200
    assert client.send(GET).answer()[0] == 200


def test_expect_100_continue(connect: Connect) -> None:
    request = post("/sentiment", b'{"text":"a"}', "Expect: 100-continue")
    client = connect().send(request[:-12])
    assert client.answer()[0] == 100
    assert client.send(request[-12:]).answer()[0] == 200


POST = b"POST /movies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 100 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nb: c\r\n\r\n",
        b"nonsense\r\n\r\n",
        POST + b"Content-Length: 999999999\r\n\r\n{",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        POST + b"Content-Length: +5\r\n\r\nhello",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_malformed_requests_are_refused_and_disconnected(connect: Connect, sent: bytes) -> None:
    client = connect(*SHORT_KEEP_ALIVE).send(sent)
    assert client.answer()[0] in (400, 411, 413, 414, 415, 431, 501)
    client.read.read()  # until the connection is closed
    assert connect(*SHORT_KEEP_ALIVE).send(GET).answer()[0] == 200


def test_disconnecting_clients_are_ignored(connect: Connect) -> None:
    for sent in (b"", b"G", GET[:-2], GET, post("/movies", b"{}")[:-1], post("/sentiment", b'{"text":"a"}')):
        for _ in range(5):
            client = connect().send(sent)
            client.close()
    assert connect().send(GET).answer()[0] == 200


@pytest.mark.parametrize("size", [b"xyz", b"-5", b"+5", b"0x5", b"", b"5;a=\n", b"5\n"])
def test_a_malformed_chunk_size_is_a_bad_request(connect: Connect, size: bytes) -> None:
    body = b"%b\r\nhello\r\n0\r\n\r\n" % size
    client = connect().send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body + GET)
    assert client.answer()[0] == 400
    assert client.read.read() == b""  # closed: where a next request would begin is unknown


def test_a_body_that_ends_early_is_a_bad_request(connect: Connect) -> None:
    client = connect().send(post("/movies", b'{"title": "a"}', "Transfer-Encoding: chunked")[:-5] + b"5\r\nhel")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.answer()[0] == 400


def test_http_1_0_with_and_without_keep_alive(connect: Connect) -> None:
    client = connect().send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert client.answer()[0] == 200
    assert client.read.read() == b""
    kept = connect().send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
    assert kept.answer()[0] == 200


def test_other_requests_are_answered_while_one_waits(connect: Connect) -> None:
    assert connect(BARE_SITE).send(get("/shut")).answer()[0] == 200
    waiting = connect(BARE_SITE).send(get("/waits"))
    others = [connect(BARE_SITE) for _ in range(5)]
    for _ in range(3):
        assert [client.send(get("/")).answer()[0] for client in others] == [200] * 5
    assert others[0].send(get("/open")).answer()[0] == 200
    assert waiting.answer()[0] == 200
    assert waiting.send(get("/")).answer()[0] == 200


def test_a_client_that_does_not_read_its_response_does_not_block(connect: Connect) -> None:
    slow = connect(BARE_SITE).send(get("/large"))
    other = connect(BARE_SITE)
    assert [other.send(get("/")).answer()[0] for _ in range(5)] == [200] * 5
    status, body = slow.answer()
    assert (status, len(body)) == (200, LARGE)


def test_a_failed_response_closes_its_connection_only(connect: Connect) -> None:
    broken, other = connect(BARE_SITE).send(get("/fails-late")), connect(BARE_SITE)
    assert broken.read.read().count(b"HTTP/1.1") <= 1  # closed, without a second response
    assert other.send(get("/")).answer()[0] == 200


def test_a_pipelining_client_shares_with_others(connect: Connect) -> None:
    many, few = 2_000, [connect(BARE_SITE) for _ in range(3)]
    eager = connect(BARE_SITE).send(get("/number") * many)
    assert eager.answer()[0] == 200
    for client in few:
        status, number = client.send(get("/number")).answer()
        assert status == 200
        assert int(number) < many / 2
    assert [eager.answer()[0] for _ in range(many - 1)] == [200] * (many - 1)


@pytest.mark.slow
def test_requests_are_answered_beside_1200_trickling_clients(connect: Connect) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_000:
        pytest.skip(f"this system allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2_000, hard))
    trickling = [connect().send(b"GET / HTTP/1.1\r\nX-Slow: ") for _ in range(1_200)]
    for _ in range(5):
        for client in trickling:
            client.send(b"a")
        assert connect().send(GET).answer()[0] == 200
    assert trickling[0].send(b"\r\nHost: localhost\r\n\r\n").answer()[0] == 200


def test_a_head_must_arrive_within_the_keep_alive_time(connect: Connect) -> None:
    idle, trickling = connect(*SHORT_KEEP_ALIVE), connect(*SHORT_KEEP_ALIVE).send(b"GET / HTTP/1.1\r\nX-Slow: ")
    assert idle.read.read() == b""
    assert trickling.read.read() == b""


def test_a_stop_finishes_requests_and_closes_idle_connections(tmp_path: Path) -> None:
    with serve(tmp_path, BARE_SITE) as (port, process), ExitStack() as clients:
        *idle, waiting, kept = [clients.enter_context(closing(Client(port))) for _ in range(MANY)]
        waiting.send(get("/waits-a-little"))
        kept.send(get("/"))
        assert kept.answer()[0] == 200
        process.terminate()
        assert kept.read.read() == b""
        assert {client.read.read() for client in idle} == {b""}
        assert waiting.answer()[0] == 200
        assert process.stdout is not None
        assert "Traceback" not in process.stdout.read()


def test_other_requests_are_answered_during_an_import(tmp_path: Path) -> None:
    with serve(tmp_path, FAKE_SITE) as (port, _):
        with httpx2.Client(base_url=f"http://localhost:{port}", timeout=60, follow_redirects=True) as client:
            (token,) = set(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/admin/data").text))
            lines = ["title,author,content", *(f"영화,관객 {number},리뷰 {number}" for number in range(10_000))]
            files = {"file": ("reviews.csv", "\n".join(lines).encode())}
            page = client.post("/admin/data/import", data={"csrf_token": token}, files=files).text
            record = 0
            while "/admin/data/job/stop" in page:
                record += 1
                page = client.get("/admin/data/job").text
        assert "10,000" in page
        assert record > 10  # 0 where the import holds the event loop
