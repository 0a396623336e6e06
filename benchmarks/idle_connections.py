"""Latency of a page with `--clients` idle connections and as many clients that send one byte per second."""

import itertools
import socket
import threading

from benchmarks.client import get, load
from benchmarks.site import parse_options, running_site

REQUESTS = 400
HEAD = b"POST /reviews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"


def main() -> None:
    count: int = parse_options(__doc__, clients=200).clients
    with running_site() as site:
        measure(site.port, "alone")
        idle, slow = ([connect(site.port, head) for _ in range(count)] for head in (b"", HEAD))
        done = threading.Event()
        thread = threading.Thread(target=send_slowly, args=(site.port, slow, done))
        thread.start()
        measure(site.port, f"with {count} idle and {count} slow clients")
        done.set()
        thread.join()
        for client in idle + slow:
            client.close()


def measure(port: int, name: str) -> None:
    """Print the latency of `GET /movies`."""
    result = load(port, itertools.repeat(get("/movies"), REQUESTS), clients=2)
    print(f"{name}: {len(result.seconds)} of {REQUESTS} answered, {result}; {dict(result.statuses)}", flush=True)


def connect(port: int, head: bytes) -> socket.socket:
    """Open a connection and send the head of a request."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(head)
    return client


def send_slowly(port: int, clients: list[socket.socket], done: threading.Event) -> None:
    """Send one byte per second over each connection; reopen those that the site closes."""
    while not done.wait(1):
        for number, client in enumerate(clients):
            try:
                client.sendall(b"a")
            except OSError:
                client.close()
                clients[number] = connect(port, HEAD)


if __name__ == "__main__":
    main()
