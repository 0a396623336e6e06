"""What slow clients cost everybody else: `python -m benchmarks.slow` (`--clients 200`; under a minute).

Reads a page again and again, alone and then beside clients that are connected and say nothing, and as many that send a
byte a second of a request; and says how long the answers took.
"""

import argparse
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.client import get, load
from benchmarks.site import running_site

REQUESTS = 400
SECONDS = 60
HEAD = b"POST /reviews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200, help="idle ones, and as many that trickle")
    count: int = parser.parse_args().clients
    os.environ["RATELIMIT_ENABLED"] = "0"
    with running_site() as site:
        measure(site.port, "alone")
        with slow_clients(site.port, count):
            measure(site.port, f"beside {count} idle and {count} trickling clients")


def measure(port: int, where: str) -> None:
    result = load(port, [get("/movies")] * REQUESTS, clients=2, seconds=SECONDS)
    times = ", ".join(f"p{share:g} {result.quantile(share / 100):.1f} ms" for share in (50, 99, 100))
    print(f"{where}: {len(result.seconds)} of {REQUESTS} answered in {result.wall:.1f} s; {times}; {result.statuses}")


@contextmanager
def slow_clients(port: int, count: int) -> Iterator[None]:
    """Keeps them at it while the block runs. One that the site hangs up on comes back."""
    done = threading.Event()
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(2 * count)]
    trickling = sockets[count:]
    for client in trickling:
        client.sendall(HEAD)

    def trickle() -> None:
        while not done.wait(1):
            for number, client in enumerate(trickling):
                try:
                    client.sendall(b"a")
                except OSError:
                    client.close()
                    trickling[number] = socket.create_connection(("127.0.0.1", port))
                    trickling[number].sendall(HEAD)

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for client in sockets[:count] + trickling:
            client.close()


if __name__ == "__main__":
    main()
