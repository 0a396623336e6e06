"""Statements sent to PostgreSQL, and connections lost between them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from app.errors import StoreUnavailable
from app.models import MovieFields
from app.store import Store, open_store
from tests.postgresql import Server
from tests.store.conftest import GOOD


class Statements:
    """Counts statements and commits, and ends the server's side of the connection before the one at `lost_at`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.count = 0
        self.lost_at = 0

    def before(self, connection: Connection, *_: Any) -> None:
        self.count += 1
        if self.count == self.lost_at:
            backend: Any = connection.connection.driver_connection
            self.server.execute(f"SELECT pg_terminate_backend({backend.info.backend_pid}, 10000)")

    def of(self, operation: Callable[[], object]) -> int:
        """Return the number of statements of an operation."""
        before = self.count
        operation()
        return self.count - before


@pytest.fixture
def statements(postgresql: Server) -> Iterator[Statements]:
    statements = Statements(postgresql)
    events = "before_cursor_execute", "commit"
    for name in events:
        event.listen(Engine, name, statements.before)
    yield statements
    for name in events:
        event.remove(Engine, name, statements.before)


@pytest.fixture
def store(postgresql: Server) -> Iterator[Store]:
    store = open_store(postgresql.new_database())
    yield store
    store.close()


def test_round_trips(store: Store, statements: Statements) -> None:
    """Each operation has the pool's ping besides, and a transaction its BEGIN."""
    movie = store.add_movie(MovieFields("괴물"))
    for _ in range(2):
        # The movie's counts, the review, COMMIT.
        assert statements.of(lambda: store.add_review(movie.id, "밤편지", "최고", GOOD, model="one")) == 3
        assert statements.of(lambda: store.movie(movie.id)) == 1
        assert statements.of(store.latest_reviews) == 2  # the reviews, the movies
    assert store.movie(movie.id).review_count == 2


def test_a_lost_connection_never_stores_part_of_a_review(store: Store, statements: Statements) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    for statement in range(1, 4):
        statements.lost_at = statements.count + statement
        with pytest.raises(StoreUnavailable):
            store.add_review(movie.id, "밤편지", "최고", GOOD, model="one")
        assert (store.reviews(movie.id), store.movie(movie.id).review_count, store.models()) == (([], 0), 0, {})
    store.add_review(movie.id, "밤편지", "최고", GOOD, model="one")
    assert (store.reviews(movie.id)[1], store.movie(movie.id).review_count, store.models()) == (1, 1, {"one": 1})
