"""Temporary SQLite database of a file's reviews, to limit the memory of large imports.

SQLite deletes its file when the connection is closed.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from app.native_thread import NativeThread
from app.schemas import ReviewRecord
from app.services.import_export.cells import format_local

_FIELDS = (
    "id", "movie_id", "author", "content", "created_at", "edited_at", "model", "sentiment_label", "sentiment_score",
    "rating", "spoiler",
)  # fmt: skip
_COLUMNS = ", ".join(_FIELDS)
_INSERT = f"INSERT INTO review (text_hash, {_COLUMNS}) VALUES (?{', ?' * len(_FIELDS)})"  # noqa: S608 - the fields are constants
_values = attrgetter(*_FIELDS)
_PRECISIONS = (19, 16, 10)
"""Compared lengths of timestamps such as `2024-05-01 15:05:09`: to the second, the minute, the day."""


def text_hash(author: str, content: str) -> int:
    """Return a hash of a review's author and text, valid within this process."""
    return hash((author, content))


class StagedReviews:
    """Reviews in the order of the file. Not thread-safe; must be closed."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._thread = NativeThread()  # for statements that read all rows
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(f"CREATE TABLE review (position INTEGER PRIMARY KEY, text_hash INTEGER, {_COLUMNS})")
        self._db.execute("CREATE INDEX review_id ON review (id) WHERE id > 0")
        self._db.execute("CREATE TABLE stored (movie_id INTEGER, text_hash INTEGER, created_at, is_undated)")

    def close(self) -> None:
        self._thread.close()
        self._db.close()

    def append(self, review: ReviewRecord) -> None:
        self._db.execute(_INSERT, (text_hash(review.author, review.content), *_values(review)))

    def __len__(self) -> int:
        return self._number("SELECT count(*) FROM review")

    def __contains__(self, file_id: int) -> bool:
        """Return whether a review has this id, which is not 0."""
        return bool(self._number("SELECT EXISTS (SELECT 1 FROM review WHERE id > 0 AND id = ?)", file_id))

    def _number(self, query: str, *parameters: int) -> int:
        return int(self._db.execute(query, parameters).fetchone()[0])

    def merge_movies(self, ids: Iterable[tuple[int, int]]) -> None:
        """Assign the reviews of the first movie of each pair to the second."""
        pairs = [(new, old) for old, new in ids if old != new]
        if pairs:
            self._thread.run(self._db.execute, "CREATE INDEX review_movie ON review (movie_id)")
            self._thread.run(self._db.executemany, "UPDATE review SET movie_id = ? WHERE movie_id = ?", pairs)

    def remove_repeats(self) -> int:
        """Remove duplicates (same movie, author, text and timestamp) of rows without an id; return their number."""
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
        self._db.executemany("INSERT INTO stored VALUES (?, ?, ?, ?)", stored)
        known = self._thread.run(self._find_known)
        self._db.executemany("DELETE FROM review WHERE position = ?", ((position,) for position in known))
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
            stored = [(at, bool(undated)) for _, _, position, at, undated in candidates if position is None]
            known += _match_reviews(rows, stored)
        return known

    def clear_sentiments(self) -> None:
        self._db.execute("UPDATE review SET sentiment_label = NULL")

    def count_unanalyzed(self) -> int:
        return self._number("SELECT count(*) FROM review WHERE sentiment_label IS NULL")

    def unanalyzed(self) -> Iterator[tuple[int, str]]:
        """Yield the positions and texts of the rows without a sentiment.

        They are sorted by length, as the cost of a batch depends on its longest text; but only within windows of 1,024
        rows, so that the rate stays constant and predicts the time left.
        """
        query = (
            "SELECT position, content FROM review WHERE sentiment_label IS NULL"
            " ORDER BY position / 1024, length(content), position"
        )
        yield from self._thread.run(self._db.execute, query)

    def set_sentiments(self, sentiments: Iterable[tuple[str, float, float, str, int]]) -> None:
        """Store (label, score, rating, model, position) of rows."""
        query = "UPDATE review SET sentiment_label = ?, sentiment_score = ?, rating = ?, model = ? WHERE position = ?"
        self._db.executemany(query, sentiments)

    def ordered(self, now: str, *, by_date: bool) -> Iterator[dict[str, Any]]:
        """Yield the rows' fields, in the order of the file or by timestamp; `now` is that of undated rows."""
        order = "CASE WHEN ? THEN iif(created_at = '', ?, created_at) END, position"
        query = f"SELECT {_COLUMNS} FROM review ORDER BY {order}"  # noqa: S608 - likewise
        yield from map(dict, self._thread.run(self._db.execute, query, (by_date, now)))


def _match_reviews(rows: Sequence[tuple[int, str]], stored: Sequence[tuple[str, bool]]) -> list[int]:
    """Match reviews of the same movie, author and text; return the keys of the rows that are in the store.

    `rows` are (key, timestamp or empty), `stored` are (timestamp, whether that is only the time of an import). Each
    stored review matches one row. Timestamps are compared at the coarser precision of the two, as spreadsheets drop
    seconds and times of day; exact matches come first. A review without a timestamp of its own matches any.
    """
    unmatched = [(format_local(timestamp), is_undated) for timestamp, is_undated in stored]
    dated = {key: format_local(timestamp) for key, timestamp in rows if timestamp}
    known = []
    for size in _PRECISIONS:
        by_start = defaultdict(list)
        for item in unmatched:
            by_start[item[0][:size]].append(item)
        for key, timestamp in list(dated.items()):
            candidates, precision = by_start[timestamp[:size]], _precision(timestamp)
            match = next((item for item in candidates if min(precision, _precision(item[0])) == size), None)
            if match:
                candidates.remove(match)
                unmatched.remove(match)
                del dated[key]
                known.append(key)
    undated = [key for key, timestamp in rows if not timestamp]
    undated_stored = sum(is_undated for _, is_undated in unmatched)
    matched_dated = list(dated)[:undated_stored]
    return known + matched_dated + undated[: len(unmatched) - len(matched_dated)]


def _precision(timestamp: str) -> int:
    """Return the significant length of a local timestamp: midnight means a day, a full minute a minute."""
    if timestamp.endswith(" 00:00:00"):
        return 10
    return 16 if timestamp.endswith(":00") else 19
