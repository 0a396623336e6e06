"""Parsing of a file into rows, with validation that needs no store."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, Self

from app.errors import FieldError
from app.services.import_export import csv_format, json_format, jsonl_format, workbook_format
from app.services.import_export.csv_columns import TableOptions
from app.services.import_export.file_types import FileType, OpenedFile, open_file
from app.services.import_export.records import BadRow, CorrectionRow, DroppedCell, MovieRow, ReviewRow, Row, bad_row
from app.services.import_export.staged_reviews import StagedReviews
from app.services.import_export.table_rows import TableReader
from app.services.import_export.tables import Table
from app.services.jobs import ProgressCallback, ProgressReporter, Stage

MAX_LISTED = 1_000
"""Bad rows and dropped cells that are listed with their errors; further ones are only counted."""
_REPORT_EVERY = 100  # rows
_MAX_ID = 2**53  # JavaScript cannot represent larger integers exactly


class ParsedFile:
    """Parsed rows: movies by the file's id and corrections in memory, reviews in a temporary database.

    It is a context manager. `row_count` is the number of rows that are or should be reviews. `ids_fit` is whether an
    empty store can use the file's ids: they must ascend, as in every export.
    """

    def __init__(self) -> None:
        self.movies: dict[int, MovieRow] = {}
        self.reviews = StagedReviews()
        self.corrections: list[CorrectionRow] = []
        self.row_count = 0
        self.bad: list[BadRow] = []
        self.bad_count = 0
        self.is_blocked = False
        self.dropped: list[DroppedCell] = []
        self.dropped_counts: Counter[tuple[str, str]] = Counter()
        self.notes: list[FieldError] = []
        self.ids_fit = True
        self._last_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reviews.close()

    def parse(
        self, file: BinaryIO, options: TableOptions, report: ProgressCallback, written_at: datetime | None = None
    ) -> None:
        """Parse every row of the seekable file. Raise `ValidationFailed` for an unreadable one."""
        with open_file(file, written_at) as opened:
            progress = ProgressReporter(report, Stage.CHECK, opened.content.seek(0, 2))
            position = 0
            for count, row in enumerate(self._rows(opened, options), start=1):
                self._add(row)
                if count % _REPORT_EVERY == 0:
                    now = opened.content.tell()
                    progress.add(max(0, now - position))
                    position = now
        self._check_corrections()

    def _rows(self, opened: OpenedFile, options: TableOptions) -> Iterator[Row]:
        if opened.type is FileType.JSON_LINES:
            opened.content.seek(0)
            yield from jsonl_format.read_rows(opened.content)
            return
        with open_table(opened) as table:
            reader = TableReader(table, options, opened.written_at)
            self.notes = reader.notes
            yield from reader.rows()

    def _add(self, row: Row) -> None:
        match row:
            case MovieRow():
                self._add_movie(row)
            case ReviewRow():
                self.row_count += 1
                self._add_review(row)
            case CorrectionRow():
                self.corrections.append(row)
            case BadRow():
                self.row_count += 1
                self._reject(row)
            case DroppedCell():
                kind = row.error.field, row.error.type
                self.dropped_counts[kind] += 1
                if self.dropped_counts[kind] == 1 or len(self.dropped) < MAX_LISTED:
                    self.dropped.append(row)

    def _add_movie(self, row: MovieRow) -> None:
        if row.id in self.movies:
            self.row_count += 1
            return self._reject(bad_row(row.number, "id_twice", f"the id {row.id} is another movie's", "id", id=row.id))
        self.ids_fit &= next(reversed(self.movies), 0) < row.id <= _MAX_ID
        self.movies[row.id] = row

    def _add_review(self, row: ReviewRow) -> None:
        if row.movie_id not in self.movies:
            message = f"no good line above has the movie {row.movie_id}"
            return self._reject(bad_row(row.number, "movie_unknown", message, "movie_id", id=row.movie_id))
        self.ids_fit &= self._last_id < row.id <= _MAX_ID
        self._last_id = row.id
        self.reviews.append(row)

    def _check_corrections(self) -> None:
        """Reject corrections without a review in the file, and repeated ones by the same reader."""
        existing = self.reviews.review_ids() if self.corrections else set()
        valid: dict[tuple[int, int], CorrectionRow] = {}
        for row in self.corrections:
            if row.review_id not in existing:
                message = f"no good line above has the review {row.review_id}"
                self._reject(bad_row(row.number, "review_unknown", message, "review_id", id=row.review_id))
            elif (row.review_id, row.reader) in valid:
                message = f"reader {row.reader} has corrected this review already"
                self._reject(bad_row(row.number, "reader_twice", message, "reader", id=row.reader))
            else:
                valid[row.review_id, row.reader] = row
                continue
            self.row_count += 1
        self.corrections = list(valid.values())

    def _reject(self, row: BadRow) -> None:
        self.bad_count += 1
        self.is_blocked |= row.is_blocking
        if len(self.bad) < MAX_LISTED:
            self.bad.append(row)


@contextmanager
def open_table(opened: OpenedFile) -> Iterator[Table]:
    """Open the table in a file. Raise `ValidationFailed`."""
    if opened.type is FileType.TEXT:
        with csv_format.open_table(opened.content) as table:
            yield table
    elif opened.type is FileType.JSON_ARRAY:
        yield json_format.read_table(opened.content)
    else:
        with workbook_format.open_table(opened.content) as table:
            yield table
