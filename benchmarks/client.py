"""HTTP/1.1 client and load generator: one thread with keep-alive sockets, to use little of the CPU."""

import json
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

TIMEOUT = 60.0  # seconds


def get(path: str) -> bytes:
    """Build a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: object) -> bytes:
    """Build a request that posts `body` as JSON."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def send(port: int, request: bytes) -> tuple[int, bytes]:
    """Send a request over a new connection; return the response's status and body."""
    answers: list[tuple[int, bytes]] = []
    load(port, [request], on_answer=lambda number, *answer: answers.append(answer))
    return answers[0]


def quantile(seconds: Sequence[float], share: float) -> float:
    """Return the quantile of the durations in milliseconds; `share` is 0 to 1."""
    return 1_000 * sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]


@dataclass
class Result:
    """Duration of each request in seconds, number of responses by status, and total duration."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wall: float = 0.0

    def per_second(self) -> float:
        """Return the number of responses per second."""
        return len(self.seconds) / self.wall

    def expect(self, *statuses: int) -> "Result":
        """Return the result. Exit if a response has another status."""
        if not self.statuses.keys() <= set(statuses):
            raise SystemExit(f"answers by status: {dict(self.statuses)}; expected only {statuses}")
        return self

    def __str__(self) -> str:
        p50, p99 = (quantile(self.seconds, share) for share in (0.5, 0.99))
        return f"{self.per_second():,.0f}/s, p50 {p50:.1f}, p99 {p99:.1f} ms"


def load(
    port: int,
    requests: Iterable[bytes],
    *,
    clients: int = 1,
    seconds: float = 3_600,
    on_answer: Callable[[int, int, bytes], None] = lambda number, status, body: None,
) -> Result:
    """Send `requests` over `clients` connections, for at most `seconds`.

    `on_answer` is called with the number of a request, from 0, and the status and body of its response.
    """
    result, queue, started = Result(), iter(enumerate(requests)), time.perf_counter()
    idle: list[socket.socket | None] = [None] * clients
    with selectors.DefaultSelector() as selector, ExitStack() as opened:
        while True:
            while idle and time.perf_counter() - started < seconds and (item := next(queue, None)):
                connection = idle.pop() or opened.enter_context(_connect(port))
                selector.register(connection, selectors.EVENT_READ, (connection, item[0], time.perf_counter()))
                connection.sendall(item[1])
            if not selector.get_map():
                break
            if not (events := selector.select(TIMEOUT)):
                raise ConnectionError(f"no answer within {TIMEOUT:.0f} s")
            for key, _ in events:
                connection, number, sent_at = key.data
                head, body = _receive(connection)
                result.seconds.append(time.perf_counter() - sent_at)
                selector.unregister(connection)
                idle.append(None if b"\r\nconnection: close" in head else connection)
                status = int(head.split(b" ", 2)[1])
                result.statuses[status] += 1
                on_answer(number, status, body)
        result.wall = time.perf_counter() - started
    return result


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a response in lower case and its body."""
    received = b""
    while part := connection.recv(262_144):
        received += part
        head, found, body = received.partition(b"\r\n\r\n")
        head = head.lower()
        if found and len(body) >= int(head.partition(b"content-length:")[2].split(b"\r\n")[0]):
            return head, body
    raise ConnectionError("the connection was closed before the answer was complete")
