"""Round trips to PostgreSQL, counted by a relay."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from app.errors import StoreUnavailable
from app.models import MovieFields
from app.store import Store, open_store
from tests.postgresql import Server
from tests.store.conftest import GOOD

AWAITED = (b"S", b"Q")
"""The messages Sync and Query: after these a client waits for an answer."""
NO_SSL = (80877103).to_bytes(4)


class Relay:
    """Forwards both directions and counts round trips; at `cut_at` of them it closes every connection."""

    def __init__(self, port: int) -> None:
        self._target_port = port
        self.trips = 0
        self.cut_at = 10**9
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept_connections, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept_connections(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target_port))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._forward_requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._forward_answers, args=(server, client), daemon=True).start()

    def _forward_requests(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, client.makefile("rb") as requests:
            head = requests.read(8)
            while head[4:] == NO_SSL or not head[4:].startswith(b"\x00\x03"):  # asks for encryption before it starts
                server.sendall(head)
                head = requests.read(8)
            server.sendall(head + requests.read(int.from_bytes(head[:4]) - 8))
            while (head := requests.read(5)) and self.trips < self.cut_at:
                self.trips += head[:1] in AWAITED
                server.sendall(head + requests.read(int.from_bytes(head[1:]) - 4))
            for one in (client, server):
                with suppress(OSError):  # the peer may have disconnected
                    one.shutdown(socket.SHUT_RDWR)

    def _forward_answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                client.sendall(data)


@pytest.fixture
def relay(postgresql: Server) -> Iterator[Relay]:
    relay = Relay(postgresql.port)
    yield relay
    relay.close()


@pytest.fixture
def store(postgresql: Server, relay: Relay) -> Iterator[Store]:
    store = open_store(postgresql.new_database().replace(f":{postgresql.port}/", f":{relay.port}/"))
    yield store
    relay.cut_at = 10**9
    store.close()


def trips(relay: Relay, operation: Callable[[], object]) -> int:
    """Return the round trips of an operation that has been done once before."""
    operation()
    before = relay.trips
    operation()
    return relay.trips - before


def test_round_trips(store: Store, relay: Relay) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    # The pool's ping, BEGIN, the movie's counts, the review, COMMIT.
    assert trips(relay, lambda: store.add_review(movie.id, "밤편지", "최고", GOOD, model="one")) == 5
    store.movie(movie.id)
    assert trips(relay, lambda: store.movie(movie.id)) == 2  # with the ping
    store.add_review(movie.id, "밤편지", "최고", GOOD, model="one")
    before = relay.trips
    assert store.movie(movie.id).review_count == 3
    assert relay.trips - before <= 3  # the same, and psycopg may prepare the statement
    assert trips(relay, store.latest_reviews) == 3  # the pool's ping, the reviews, the movies


def test_a_lost_connection_never_stores_part_of_a_review(store: Store, relay: Relay) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    acknowledged = 0
    for more in range(7):
        relay.cut_at = relay.trips + more
        try:
            store.add_review(movie.id, "밤편지", "최고", GOOD, model="one")
            acknowledged += 1
        except StoreUnavailable:
            pass
        relay.cut_at = 10**9
        reviews, total = store.reviews(movie.id)
        assert acknowledged <= total == len(reviews) == store.movie(movie.id).review_count
        assert sum(store.models().values()) == total == sum(map(sum, store.histogram(movie.id)))
        ids = [review.id for review in reviews]
        assert ids == sorted(set(ids), reverse=True)  # a sequence's ids may have gaps
    assert acknowledged >= 1
