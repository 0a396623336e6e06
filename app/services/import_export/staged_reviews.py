"""Temporary SQLite database of a file's reviews, to limit the memory of large imports.

SQLite deletes its file when the connection is closed.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from app.native_thread import NativeThread
from app.services.import_export.duplicates import find_known
from app.services.import_export.records import ReviewRow

_BUFFER_SIZE = 1_000  # rows
_FIELDS = ", ".join(ReviewRow._fields)
_PLACEHOLDERS = ", ".join("?" * len(ReviewRow._fields))


def text_hash(author: str, content: str) -> int:
    """Return a hash of a review's author and text, valid within this process."""
    return hash((author, content))


class StagedReviews:
    """Review rows in the order of the file. Not thread-safe; must be closed."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._thread = NativeThread()  # for statements that read all rows
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(f"CREATE TABLE review (position INTEGER PRIMARY KEY, text_hash INTEGER, {_FIELDS})")
        self._buffer: list[tuple[object, ...]] = []

    def close(self) -> None:
        self._thread.close()
        self._db.close()

    def append(self, row: ReviewRow) -> None:
        self._buffer.append((text_hash(row.author, row.content), *row))
        if len(self._buffer) >= _BUFFER_SIZE:
            self._flush()

    def __len__(self) -> int:
        self._flush()
        (count,) = self._db.execute("SELECT count(*) FROM review").fetchone()
        return int(count)

    def merge_movies(self, ids: Iterable[tuple[int, int]]) -> None:
        """Assign the reviews of the first movie of each pair to the second."""
        self._flush()
        pairs = [(new, old) for old, new in ids if old != new]
        if pairs:
            self._thread.run(self._db.execute, "CREATE INDEX IF NOT EXISTS review_movie ON review (movie_id)")
            self._thread.run(self._db.executemany, "UPDATE review SET movie_id = ? WHERE movie_id = ?", pairs)

    def remove_repeats(self) -> int:
        """Remove duplicates (same movie, author, text and timestamp) of rows without an id; return their number."""
        self._flush()
        removed = self._thread.run(
            self._db.execute,
            "DELETE FROM review WHERE id = 0 AND position NOT IN"
            " (SELECT min(position) FROM review WHERE id = 0 GROUP BY movie_id, text_hash, created_at)",
        )
        return removed.rowcount

    def remove_known(self, stored: Iterable[tuple[int, int, str, bool]]) -> int:
        """Remove rows that are in the store, one for each stored review; return their number.

        `stored` are tuples (file's movie id, `text_hash`, timestamp, whether that is only the time of an import).
        """
        self._flush()
        self._db.execute("CREATE TABLE stored (movie_id INTEGER, text_hash INTEGER, created_at, is_undated)")
        self._db.executemany("INSERT INTO stored VALUES (?, ?, ?, ?)", stored)
        known = self._thread.run(self._find_known)
        self._db.executemany("DELETE FROM review WHERE position = ?", ((position,) for position in known))
        self._db.execute("DROP TABLE stored")
        return len(known)

    def _find_known(self) -> list[int]:
        """Return the positions of the rows that are in the table `stored`."""
        for table in ("review", "stored"):
            self._db.execute(f"CREATE INDEX {table}_key ON {table} (movie_id, text_hash)")
        found = self._db.execute(
            "SELECT movie_id, text_hash, position, created_at, NULL FROM review WHERE (movie_id, text_hash) IN"
            " (SELECT movie_id, text_hash FROM stored)"
            " UNION ALL SELECT movie_id, text_hash, NULL, created_at, is_undated FROM stored WHERE"
            " (movie_id, text_hash) IN (SELECT movie_id, text_hash FROM review) ORDER BY 1, 2, 3"
        )
        known: list[int] = []
        for _, group in groupby(found, key=itemgetter(0, 1)):
            candidates = list(group)
            rows = [(position, at) for _, _, position, at, _ in candidates if position is not None]
            in_store = [(at, bool(undated)) for _, _, position, at, undated in candidates if position is None]
            known += find_known(rows, in_store)
        return known

    def clear_sentiments(self) -> None:
        """Mark all rows as unanalyzed."""
        self._flush()
        self._db.execute("UPDATE review SET label = ''")

    def count_unanalyzed(self) -> int:
        """Return the number of rows without a sentiment."""
        self._flush()
        (count,) = self._db.execute("SELECT count(*) FROM review WHERE label = ''").fetchone()
        return int(count)

    def unanalyzed(self, after: int, count: int) -> list[tuple[int, str]]:
        """Return the positions and texts of the next `count` rows without a sentiment after a position."""
        query = "SELECT position, content FROM review WHERE position > ? AND label = '' ORDER BY position LIMIT ?"
        return self._db.execute(query, (after, count)).fetchall()

    def set_sentiments(self, sentiments: Iterable[tuple[str, float, float, str, int]]) -> None:
        """Store (label, score, rating, model, position) of rows."""
        query = "UPDATE review SET label = ?, score = ?, rating = ?, model = ? WHERE position = ?"
        self._db.executemany(query, sentiments)

    def positions(self, now: str, *, by_date: bool) -> list[int]:
        """Return the rows' positions, in the order of the file or by timestamp; `now` is that of undated rows."""
        self._flush()
        query = (
            "SELECT position FROM review ORDER BY CASE WHEN ? THEN iif(created_at = '', ?, created_at) END, position"
        )
        found = self._thread.run(lambda: self._db.execute(query, (by_date, now)).fetchall())
        return [position for (position,) in found]

    def get(self, position: int) -> ReviewRow:
        query = f"SELECT {_FIELDS} FROM review WHERE position = ?"  # noqa: S608 - the fields are constants
        return ReviewRow(*self._db.execute(query, (position,)).fetchone())

    def ids(self, positions: Sequence[int]) -> Iterator[int]:
        """Yield the file's ids of the rows at the given positions."""
        for position in positions:
            yield self._db.execute("SELECT id FROM review WHERE position = ?", (position,)).fetchone()[0]

    def review_ids(self) -> set[int]:
        """Return the file's ids of all rows."""
        self._flush()
        return {review_id for (review_id,) in self._db.execute("SELECT id FROM review WHERE id > 0")}

    def _flush(self) -> None:
        if self._buffer:
            query = f"INSERT INTO review (text_hash, {_FIELDS}) VALUES (?, {_PLACEHOLDERS})"  # noqa: S608 - likewise
            self._db.executemany(query, self._buffer)
            self._buffer.clear()
