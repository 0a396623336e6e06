"""HTTP/1.1 client and load generator: one thread with keep-alive sockets, to use little of the CPU."""

import json
import selectors
import socket
import time
from collections.abc import Callable, Iterable
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


class Connection:
    """A keep-alive connection with one request at a time, reopened after the site has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._received = b""
        self.sent_at = 0.0
        self.number = 0
        """Number of the current request, set by `load`, from 0."""

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return the response's status and body."""
        self.send(request)
        while (answer := self.receive()) is None:
            pass
        return answer

    def send(self, request: bytes) -> socket.socket:
        """Send a request and return the socket that receives the response."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = time.perf_counter()
        self._socket.sendall(request)
        return self._socket

    def receive(self) -> tuple[int, bytes] | None:
        """Read once from the socket; return status and body when they are complete."""
        part = self._socket.recv(262_144) if self._socket else b""
        if not part:
            raise ConnectionError("the connection was closed before the answer was complete")
        self._received += part
        head, found, body = self._received.partition(b"\r\n\r\n")
        head = head.lower()
        if not found or len(body) < int(head.partition(b"content-length:")[2].split(b"\r\n")[0]):
            return None
        self._received = b""
        if b"\r\nconnection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1]), body

    def close(self) -> None:
        """Close the socket."""
        if self._socket:
            self._socket.close()
        self._socket, self._received = None, b""


@dataclass
class Result:
    """Duration of each request in seconds, number of responses by status, and total duration."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall: float = 0.0

    def add(self, seconds: float, status: int) -> None:
        """Add a response."""
        self.seconds.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def quantile(self, share: float) -> float:
        """Return the quantile of the durations in milliseconds; `share` is 0 to 1."""
        ranked = sorted(self.seconds)
        return 1_000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))]

    def per_second(self) -> float:
        """Return the number of responses per second."""
        return len(self.seconds) / self.wall

    def expect(self, *statuses: int) -> "Result":
        """Return the result. Exit if a response has another status."""
        if not self.statuses.keys() <= set(statuses):
            raise SystemExit(f"answers by status: {self.statuses}; expected only {statuses}")
        return self

    def __str__(self) -> str:
        times = ", ".join(f"{name} {self.quantile(share):.1f}" for name, share in (("p50", 0.5), ("p99", 0.99)))
        return f"{self.per_second():,.0f}/s, {times} ms"


OnAnswer = Callable[[int, int, bytes], None]
"""Callback for each response: number of the request, status and body."""


def load(
    port: int, requests: Iterable[bytes], *, clients: int, seconds: float = 60, on_answer: OnAnswer | None = None
) -> Result:
    """Send `requests` over `clients` connections, for at most `seconds`."""
    result, queue = Result(), iter(enumerate(requests))
    idle, pending = [Connection(port) for _ in range(clients)], 0
    started = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        while True:
            while idle and time.perf_counter() - started < seconds and (item := next(queue, None)):
                connection = idle.pop()
                connection.number = item[0]
                selector.register(connection.send(item[1]), selectors.EVENT_READ, connection)
                pending += 1
            if not pending:
                break
            if not (events := selector.select(TIMEOUT)):
                raise ConnectionError(f"no answer within {TIMEOUT:.0f} s")
            for key, _ in events:
                connection = key.data
                if (answer := connection.receive()) is None:
                    continue
                selector.unregister(key.fileobj)
                pending -= 1
                idle.append(connection)
                result.add(time.perf_counter() - connection.sent_at, answer[0])
                if on_answer:
                    on_answer(connection.number, *answer)
    result.wall = time.perf_counter() - started
    for connection in idle:
        connection.close()
    return result
