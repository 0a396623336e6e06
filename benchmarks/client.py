"""The load: one thread over bare keep-alive sockets, so that little of the machine goes to asking."""

import json
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

Answer = tuple[int, bytes]
"""Status and body."""
_ANSWER_WITHIN = 60.0  # seconds; a site that is slower than that is broken


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: object) -> bytes:
    """A request that posts `body` as JSON."""
    content = json.dumps(body, ensure_ascii=False).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


class Connection:
    """One HTTP/1.1 connection with one request under way; opened anew when the site has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._received = b""
        self.asked = 0.0
        self.number = 0
        """Of the request under way; `load` counts from 0."""

    def ask(self, request: bytes) -> Answer:
        """Sends a request and waits for its answer."""
        self.send(request)
        while (answer := self.receive()) is None:
            pass
        return answer

    def send(self, request: bytes) -> socket.socket:
        """Sends a request, over the socket that the answer will come by."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_ANSWER_WITHIN)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked = time.perf_counter()
        self._socket.sendall(request)
        return self._socket

    def receive(self) -> Answer | None:
        """The answer, once it is whole; waits for a part of it at most."""
        if self._socket is None:
            raise ConnectionError("nothing was asked")
        part = self._socket.recv(262_144)
        if not part:
            raise ConnectionError("the site closed the connection in the middle of an answer")
        self._received += part
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        head = head.lower()
        at = head.index(b"content-length:") + 15
        if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
            return None
        self._received = b""
        if b"\r\nconnection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1]), body

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket, self._received = None, b""


@dataclass
class Result:
    """What a load brought: seconds of each request, how many answers had which status, and how long all of it took."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall: float = 0.0

    def quantile(self, share: float) -> float:
        """Milliseconds within which this `share` (0..1) of the requests were answered."""
        ranked = sorted(self.seconds)
        return 1_000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))]

    def per_second(self) -> float:
        return len(self.seconds) / self.wall


Watch = Callable[[int, int, bytes], None]
"""Told of each answer: the number of its request, its status and its body."""


def load(port: int, requests: Iterable[bytes], *, clients: int, seconds: float, watch: Watch | None = None) -> Result:
    """Sends `requests` over `clients` connections, each with one under way, until they or the `seconds` run out."""
    result, queue = Result(), iter(enumerate(requests))
    idle = [Connection(port) for _ in range(clients)]
    started = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        waiting = 0
        while True:
            while idle and time.perf_counter() - started < seconds:
                number_and_request = next(queue, None)
                if number_and_request is None:
                    seconds = 0.0
                    break
                connection = idle.pop()
                connection.number, request = number_and_request
                selector.register(connection.send(request), selectors.EVENT_READ, connection)
                waiting += 1
            if not waiting:
                break
            for connection, (status, body) in _answers(selector):
                waiting -= 1
                idle.append(connection)
                result.seconds.append(time.perf_counter() - connection.asked)
                result.statuses[status] = result.statuses.get(status, 0) + 1
                if watch:
                    watch(connection.number, status, body)
    result.wall = time.perf_counter() - started
    for connection in idle:
        connection.close()
    return result


def _answers(selector: selectors.DefaultSelector) -> Iterator[tuple[Connection, Answer]]:
    """The answers that are whole, waiting for a part of one at least."""
    events = selector.select(_ANSWER_WITHIN)
    if not events:
        raise ConnectionError(f"no answer came within {_ANSWER_WITHIN:.0f} s")
    for key, _ in events:
        connection: Connection = key.data
        if (answer := connection.receive()) is not None:
            with suppress(KeyError):
                selector.unregister(key.fd)
            yield connection, answer
