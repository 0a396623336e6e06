"""Hundreds of clients that send nothing, or hardly anything, before the real gunicorn: the site goes on answering."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.test_wsgi import FAKE_SITE, ROOT, environment, free_port

ANSWERED_WITHIN = 20  # seconds; a site whose threads are held answers after minutes, or never
THREADS = 4
MANY = 200


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A site with four threads behind a loopback port."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "fake_site.py").write_text(FAKE_SITE, encoding="utf-8")
    number = free_port()
    environ = environment(folder, PORT=str(number), PYTHONPATH=str(folder))
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--threads", str(THREADS), "fake_site:app"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "gampyeong" in process.stdout.readline()
        yield number
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class Client:
    """One connection, byte by byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWERED_WITHIN)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = self.socket.makefile("rb")

    def send(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        line = self.read.readline()
        length = 0
        while (header := self.read.readline().strip().lower()) != b"":
            if header.startswith(b"content-length:"):
                length = int(header.split(b":")[1])
        return int(line.split()[1]), self.read.read(length)

    def close(self) -> None:
        self.read.close()
        self.socket.close()


@pytest.fixture
def connect(port: int) -> Iterator["Connect"]:
    clients: list[Client] = []

    def open_() -> Client:
        clients.append(Client(port))
        return clients[-1]

    yield open_
    for client in clients:
        client.close()


Connect = Callable[[], Client]
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(path: str, body: bytes, *headers: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    if not headers or not headers[0].startswith("Transfer-Encoding"):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def test_idle_and_trickling_clients_hold_nothing(connect: Connect) -> None:
    idle = [connect() for _ in range(MANY)]
    trickling = [connect().send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") for _ in range(MANY // 2)]
    bodies = [connect().send(post("/movies", b"x" * 1_000)[:-999]) for _ in range(MANY // 2)]
    for _ in range(3):
        for client in trickling + bodies:
            client.send(b"a")
        for _ in range(2 * THREADS):
            assert connect().send(GET).answer() == (200, b'{"status":"ok"}')
    status, body = connect().send(post("/movies", json.dumps({"title": "괴물"}).encode())).answer()
    assert status in (200, 201)
    assert json.loads(body)["title"] == "괴물"
    assert idle[-1].send(GET).answer()[0] == 200
    assert trickling[0].send(b"b\r\n\r\n").answer()[0] == 200


def test_kept_connections_that_stall_hold_nothing(connect: Connect) -> None:
    kept = [connect().send(GET) for _ in range(2 * THREADS)]
    assert {client.answer()[0] for client in kept} == {200}
    for client in kept:
        client.send(GET[:-1])
    assert connect().send(GET).answer()[0] == 200
    for client in kept:
        assert client.send(GET[-1:]).answer()[0] == 200


def test_requests_sent_at_once_are_answered_in_turn(connect: Connect) -> None:
    client = connect().send(GET + post("/sentiment", b'{"text":"a"}') + GET + GET[:20])
    assert [client.answer()[0] for _ in range(3)] == [200, 200, 200]
    assert client.send(GET[20:]).answer()[0] == 200


def test_large_and_chunked_bodies_arrive_whole(connect: Connect) -> None:
    texts = json.dumps({"texts": ["가" * 900] * 1_000}, ensure_ascii=False).encode()
    client = connect()
    for start in range(0, len(request := post("/sentiment/batch", texts)), 300_000):
        client.send(request[start : start + 300_000])
    status, body = client.answer()
    assert (status, len(json.loads(body))) == (200, 1_000)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (b'{"te', b'xt": "', b'good"}')) + b"0\r\n\r\n"
    assert client.send(post("/sentiment", chunks, "Transfer-Encoding: chunked")).answer()[0] == 200
    assert client.send(GET).answer()[0] == 200


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(connect: Connect) -> None:
    request = post("/sentiment", b'{"text":"a"}', "Expect: 100-continue")
    client = connect().send(request[:-12])
    assert client.answer()[0] == 100
    assert client.send(request[-12:]).answer()[0] == 200


POST = b"POST /movies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000,
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 100 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nb: c\r\n\r\n",
        b"nonsense\r\n\r\n",
        POST + b"Content-Length: 999999999\r\n\r\n{",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        POST + b"Content-Length: +5\r\n\r\nhello",
        POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_no_client_sends_is_refused_and_hung_up_on(connect: Connect, sent: bytes) -> None:
    client = connect().send(sent)
    assert client.answer()[0] in (400, 411, 413, 414, 415, 431, 501)
    client.read.read()  # until the site hangs up
    assert connect().send(GET).answer()[0] == 200


def test_the_site_survives_clients_that_hang_up(connect: Connect) -> None:
    for sent in (b"", b"G", GET[:-2], GET, post("/movies", b"{}")[:-1], post("/sentiment", b'{"text":"a"}')):
        for _ in range(5):
            client = connect().send(sent)
            client.close()
    assert connect().send(GET).answer()[0] == 200
