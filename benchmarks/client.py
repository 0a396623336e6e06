"""The load: one keep-alive connection a thread over a bare socket, so that little of the machine goes to asking."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


class Connection:
    """One HTTP/1.1 connection to the site; opened anew when the site has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def post(self, path: str, body: object) -> tuple[int, bytes]:
        """Status and body of the answer to `body`, sent as JSON."""
        content = json.dumps(body, ensure_ascii=False).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        return self._ask(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head, _, body = self._until_head_ends(self._socket).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        missing = int(headers["content-length"]) - len(body)
        while missing > 0:
            part = self._received(self._socket)
            body += part
            missing -= len(part)
        if headers.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), body

    def _until_head_ends(self, connection: socket.socket) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._received(connection)
        return received

    def _received(self, connection: socket.socket) -> bytes:
        part = connection.recv(262_144)
        if not part:
            raise ConnectionError("the site closed the connection in the middle of an answer")
        return part


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


Request = Callable[[Connection], tuple[int, bytes]]


def load(port: int, requests: Iterable[Request], *, clients: int, seconds: float) -> Result:
    """Sends `requests` over `clients` connections, each with one under way, until they or the `seconds` run out."""
    result = Result()
    queue = iter(requests)
    lock = threading.Lock()
    failures: list[Exception] = []
    started = time.perf_counter()

    def work() -> None:
        connection = Connection(port)
        try:
            while time.perf_counter() - started < seconds and not failures:
                with lock:
                    request = next(queue, None)
                if request is None:
                    break
                asked = time.perf_counter()
                status, _ = request(connection)
                took = time.perf_counter() - asked
                with lock:
                    result.seconds.append(took)
                    result.statuses[status] = result.statuses.get(status, 0) + 1
        except OSError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.wall = time.perf_counter() - started
    if failures:
        raise failures[0]
    return result
