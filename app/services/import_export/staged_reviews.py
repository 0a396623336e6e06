"""The reviews of a file in a temporary SQLite database: a hundred thousand are too much memory beside a model.

SQLite keeps it in a file of its own, which disappears with the connection.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from app.native_thread import NativeThread
from app.services.import_export.duplicates import find_known
from app.services.import_export.records import ReviewRow

_BUFFERED = 1_000  # rows
_FIELDS = ", ".join(ReviewRow._fields)
_MARKS = ", ".join("?" * len(ReviewRow._fields))


def text_hash(author: str, content: str) -> int:
    """Return a number that is the same for reviews of the same author and text, within this process."""
    return hash((author, content))


class StagedReviews:
    """Review rows in the order of the file. Use it in one thread, and close it."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._thread = NativeThread()  # for statements that go through all rows
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(f"CREATE TABLE review (place INTEGER PRIMARY KEY, text_hash INTEGER, {_FIELDS})")
        self._buffer: list[tuple[object, ...]] = []

    def close(self) -> None:
        self._thread.close()
        self._db.close()

    def append(self, row: ReviewRow) -> None:
        self._buffer.append((text_hash(row.author, row.content), *row))
        if len(self._buffer) >= _BUFFERED:
            self._flush()

    def __len__(self) -> int:
        self._flush()
        (count,) = self._db.execute("SELECT count(*) FROM review").fetchone()
        return int(count)

    def merge_movies(self, ids: Iterable[tuple[int, int]]) -> None:
        """Give the reviews of each first movie to the second."""
        self._flush()
        pairs = [(new, old) for old, new in ids if old != new]
        if pairs:
            self._thread.run(self._db.execute, "CREATE INDEX IF NOT EXISTS review_movie ON review (movie_id)")
            self._thread.run(self._db.executemany, "UPDATE review SET movie_id = ? WHERE movie_id = ?", pairs)

    def remove_repeats(self) -> int:
        """Keep one of the rows without an id that are equal in movie, author, text and moment; return how many go."""
        self._flush()
        removed = self._thread.run(
            self._db.execute,
            "DELETE FROM review WHERE id = 0 AND place NOT IN"
            " (SELECT min(place) FROM review WHERE id = 0 GROUP BY movie_id, text_hash, created_at)",
        )
        return removed.rowcount

    def remove_known(self, stored: Iterable[tuple[int, int, str, bool]]) -> int:
        """Remove the rows that the store has, each stored review standing for one; return how many go.

        `stored` are reviews as (the file's movie id, `text_hash`, moment, whether that is only the import's clock).
        """
        self._flush()
        self._db.execute("CREATE TABLE stored (movie_id INTEGER, text_hash INTEGER, created_at, is_undated)")
        self._db.executemany("INSERT INTO stored VALUES (?, ?, ?, ?)", stored)
        known = self._thread.run(self._find_known)
        self._db.executemany("DELETE FROM review WHERE place = ?", ((place,) for place in known))
        self._db.execute("DROP TABLE stored")
        return len(known)

    def _find_known(self) -> list[int]:
        """Return the places of the rows that `stored` has."""
        for table in ("review", "stored"):
            self._db.execute(f"CREATE INDEX {table}_key ON {table} (movie_id, text_hash)")
        found = self._db.execute(
            "SELECT movie_id, text_hash, place, created_at, NULL FROM review WHERE (movie_id, text_hash) IN"
            " (SELECT movie_id, text_hash FROM stored)"
            " UNION ALL SELECT movie_id, text_hash, NULL, created_at, is_undated FROM stored WHERE"
            " (movie_id, text_hash) IN (SELECT movie_id, text_hash FROM review) ORDER BY 1, 2, 3"
        )
        known: list[int] = []
        for _, group in groupby(found, key=itemgetter(0, 1)):
            both = list(group)
            given = [(place, moment) for _, _, place, moment, _ in both if place is not None]
            there = [(moment, bool(is_undated)) for _, _, place, moment, is_undated in both if place is None]
            known += find_known(given, there)
        return known

    def forget_sentiments(self) -> None:
        """Let all rows be analyzed again."""
        self._flush()
        self._db.execute("UPDATE review SET label = ''")

    def lengths(self) -> tuple[int, int]:
        """Return how many rows are still to be analyzed, and how many characters they have."""
        self._flush()
        query = "SELECT count(*), coalesce(sum(length(content)), 0) FROM review WHERE label = ''"
        count, characters = self._db.execute(query).fetchone()
        return int(count), int(characters)

    def to_analyze(self, after: int, count: int) -> list[tuple[int, str]]:
        """Return the places and texts of the next `count` rows after a place that are still to be analyzed."""
        query = "SELECT place, content FROM review WHERE place > ? AND label = '' ORDER BY place LIMIT ?"
        return self._db.execute(query, (after, count)).fetchall()

    def put_sentiments(self, sentiments: Iterable[tuple[str, float, float, str, int]]) -> None:
        """Store (label, score, rating, model, place) of rows."""
        query = "UPDATE review SET label = ?, score = ?, rating = ?, model = ? WHERE place = ?"
        self._db.executemany(query, sentiments)

    def places(self, now: str, *, by_moment: bool) -> list[int]:
        """Return the rows' places, in the order of the file or oldest first; a row without a moment counts as `now`."""
        self._flush()
        query = "SELECT place FROM review ORDER BY CASE WHEN ? THEN iif(created_at = '', ?, created_at) END, place"
        found = self._thread.run(lambda: self._db.execute(query, (by_moment, now)).fetchall())
        return [place for (place,) in found]

    def get(self, places: Sequence[int]) -> list[ReviewRow]:
        """Return the rows at the given places, in their order."""
        query = f"SELECT {_FIELDS} FROM review WHERE place = ?"  # noqa: S608 - the fields are constants
        return [ReviewRow(*self._db.execute(query, (place,)).fetchone()) for place in places]

    def ids(self, places: Sequence[int]) -> Iterator[int]:
        """Yield the file's ids of the rows at the given places."""
        for place in places:
            yield self._db.execute("SELECT id FROM review WHERE place = ?", (place,)).fetchone()[0]

    def review_ids(self) -> set[int]:
        """Return the file's ids of all rows."""
        self._flush()
        return {review_id for (review_id,) in self._db.execute("SELECT id FROM review WHERE id > 0")}

    def _flush(self) -> None:
        if self._buffer:
            query = f"INSERT INTO review (text_hash, {_FIELDS}) VALUES (?, {_MARKS})"  # noqa: S608 - likewise
            self._db.executemany(query, self._buffer)
            self._buffer.clear()
