"""Latency of a page with `--clients` idle connections and as many clients that send one byte per second."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.client import get, load
from benchmarks.site import parse_options, running_site

REQUESTS = 400
HEAD = b"POST /reviews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"


def main() -> None:
    count: int = parse_options(__doc__, clients=200).clients
    with running_site() as site:
        measure(site.port, "alone")
        with slow_clients(site.port, count):
            measure(site.port, f"with {count} idle and {count} slow clients")


def measure(port: int, name: str) -> None:
    """Print the latency of `GET /movies`."""
    result = load(port, [get("/movies")] * REQUESTS, clients=2)
    print(f"{name}: {len(result.seconds)} of {REQUESTS} answered, {result}; {result.statuses}", flush=True)


@contextmanager
def slow_clients(port: int, count: int) -> Iterator[None]:
    """Keep the connections open during the block; reopen those that the site closes."""
    done = threading.Event()
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    slow = [_begin_request(port) for _ in range(count)]

    def send_slowly() -> None:
        while not done.wait(1):
            for number, client in enumerate(slow):
                try:
                    client.sendall(b"a")
                except OSError:
                    client.close()
                    slow[number] = _begin_request(port)

    thread = threading.Thread(target=send_slowly)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for client in idle + slow:
            client.close()


def _begin_request(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(HEAD)
    return client


if __name__ == "__main__":
    main()
