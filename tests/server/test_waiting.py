"""Requests that wait, before the real gunicorn: for something they name, for something else, for their client."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.server.test_slow_clients import Client, Connect
from tests.test_wsgi import ROOT, environment, free_port

THREADS = 3
LARGE = 20_000_000
APP = f"""
import itertools
import threading
import time
from app.aside import step_aside

gate = threading.Event()
numbers = itertools.count(1)

def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = threading.current_thread().name.encode()
    if path == "/waits":
        step_aside()
        gate.wait(20)
    elif path == "/waits-without-a-word":
        gate.wait(20)
    elif path == "/waits-a-little":
        step_aside()
        threading.Event().wait(1)
    elif path == "/open":
        gate.set()
    elif path == "/shut":
        gate.clear()
    elif path == "/number":
        time.sleep(0.002)
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


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "bare_site.py").write_text(APP, encoding="utf-8")
    number = free_port()
    environ = environment(folder, PORT=str(number), PYTHONPATH=str(folder))
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--threads", str(THREADS), "bare_site:app"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "gampyeong" in process.stdout.readline()
        yield number
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.fixture
def connect(port: int) -> Iterator[Connect]:
    clients: list[Client] = []

    def open_() -> Client:
        clients.append(Client(port))
        return clients[-1]

    yield open_
    for client in clients:
        client.close()


@pytest.mark.parametrize("path", ["/waits", "/waits-without-a-word"])
def test_others_are_answered_while_one_waits(connect: Connect, path: str) -> None:
    assert connect().send(get("/shut")).answer()[0] == 200
    waiting = connect().send(get(path))
    others = [connect() for _ in range(5)]
    for _ in range(3):
        assert [client.send(get("/")).answer()[0] for client in others] == [200] * 5
    assert others[0].send(get("/open")).answer()[0] == 200
    assert waiting.answer()[0] == 200
    assert waiting.send(get("/")).answer()[0] == 200


def test_a_client_that_does_not_take_its_answer_holds_nobody_up(connect: Connect) -> None:
    slow = connect().send(get("/large"))
    other = connect()
    assert [other.send(get("/")).answer()[0] for _ in range(5)] == [200] * 5
    status, body = slow.answer()
    assert (status, len(body)) == (200, LARGE)


def test_where_every_thread_waits_the_next_request_is_answered_after_one_of_them(connect: Connect) -> None:
    waiting = [connect().send(get("/waits-a-little")) for _ in range(THREADS + 2)]
    assert connect().send(get("/")).answer()[0] == 200
    assert [client.answer()[0] for client in waiting] == [200] * (THREADS + 2)


def test_requests_that_wait_for_nothing_are_not_passed_about(connect: Connect) -> None:
    clients = [connect() for _ in range(4)]
    for client in clients:
        client.send(get("/"))
    threads = {client.answer()[1] for client in clients}
    for _ in range(20):
        threads |= {client.send(get("/")).answer()[1] for client in clients}
    assert len(threads) == 1


def test_an_answer_that_fails_half_way_ends_its_connection_only(connect: Connect) -> None:
    broken, other = connect().send(get("/fails-late")), connect()
    assert broken.read.read().count(b"HTTP/1.1") <= 1  # hung up on, without a second answer behind the first
    assert other.send(get("/")).answer()[0] == 200


def test_who_asks_for_much_at_once_takes_turns_with_others(connect: Connect) -> None:
    many, few = 500, [connect() for _ in range(3)]
    eager = connect().send(get("/number") * many)
    assert eager.answer()[0] == 200
    for client in few:
        status, number = client.send(get("/number")).answer()
        assert status == 200
        assert int(number) < many / 2
    assert [eager.answer()[0] for _ in range(many - 1)] == [200] * (many - 1)
