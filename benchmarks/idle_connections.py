"""Latency of a page beside idle connections and clients that send one byte a second of a request."""

import argparse
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.client import get, load
from benchmarks.site import running_site

REQUESTS = 400
HEAD = b"POST /reviews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200, help="idle connections, and as many slow clients")
    count: int = parser.parse_args().clients
    with running_site() as site:
        measure(site.port, "alone")
        with slow_clients(site.port, count):
            measure(site.port, f"beside {count} idle and {count} slow clients")


def measure(port: int, name: str) -> None:
    """Print how quickly `GET /movies` is answered."""
    result = load(port, [get("/movies")] * REQUESTS, clients=2)
    print(f"{name}: {len(result.seconds)} of {REQUESTS} answered, {result}; {result.statuses}", flush=True)


@contextmanager
def slow_clients(port: int, count: int) -> Iterator[None]:
    """Keep the connections open while the block runs; open one again that the site has closed."""
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
