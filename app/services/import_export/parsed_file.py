"""Parsing of a file into rows, with validation that needs no store, and the preview of its first rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, NamedTuple

from app.errors import FieldError, ValidationFailed
from app.models import Movie
from app.schemas import CorrectionRecord, ReviewRecord
from app.services.import_export import csv_format, json_format
from app.services.import_export.file_types import FileType, OpenedFile, open_file, open_workbook
from app.services.import_export.staged_reviews import StagedReviews
from app.services.import_export.tables import FIELDS, Item, Row, TableOptions, TableReader, column_names, guess
from app.services.jobs import ProgressCallback, ProgressReporter, Stage

_OPENERS = {
    FileType.TEXT: csv_format.open_table,
    FileType.JSON_ARRAY: json_format.open_table,
    FileType.WORKBOOK: open_workbook,
}
_REPORT_EVERY = 100  # rows
_MAX_ID = 2**53  # JavaScript cannot represent larger integers exactly
_MAX_PREVIEWED = 10  # rows
MAX_LISTED = 1_000
"""Bad rows that are listed with their errors; further ones are only counted."""


class BadRow(NamedTuple):
    """A row that cannot be imported."""

    number: int
    errors: Sequence[FieldError]


class DroppedCell(NamedTuple):
    """An optional cell that is invalid or was shortened; the row's review is imported nevertheless."""

    number: int
    error: FieldError


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Numbers of added items, and the id of the audit entry that can be undone; 0 if nothing was added."""

    movies: int = 0
    reviews: int = 0
    corrections: int = 0
    change_id: int = 0


@dataclass(slots=True)
class ImportResult:
    """The result of an import.

    `rows` is the number of rows that are or should be reviews: `added`, `known` (in the store already), `repeated` (in
    the file) and bad ones. `added` is None if bad rows prevented the import: all but those that only lack a text.

    `dropped_counts` are the numbers of dropped cells by (field, error type), `dropped` the first one of each. `notes`
    list other parts of the file that were not imported.
    """

    added: ImportCounts | None = None
    rows: int = 0
    known: int = 0
    repeated: int = 0
    bad_count: int = 0
    bad: list[BadRow] = field(default_factory=list)
    is_blocked: bool = False
    dropped: list[DroppedCell] = field(default_factory=list)
    dropped_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: Sequence[FieldError] = ()

    def add_bad_row(self, number: int, errors: Sequence[FieldError]) -> None:
        self.rows += 1
        self.bad_count += 1
        self.is_blocked |= [error.type for error in errors] != ["text_missing"]
        if len(self.bad) < MAX_LISTED:
            self.bad.append(BadRow(number, errors))

    def add_dropped_cell(self, number: int, error: FieldError) -> None:
        kind = error.field, error.type
        if kind not in self.dropped_counts:
            self.dropped.append(DroppedCell(number, error))
        self.dropped_counts[kind] += 1


class ParsedFile:
    """Parsed rows: reviews in a temporary database, and in memory movies by id and corrections by review and reader.

    The database must be closed. `is_table` is whether release dates may be incomplete. `ids_fit` is whether an empty
    store can use the file's ids: they must ascend, as in every export.
    """

    def __init__(self) -> None:
        self.movies: dict[int, Movie] = {}
        self.reviews = StagedReviews()
        self.corrections: dict[tuple[int, int], CorrectionRecord] = {}
        self.result = ImportResult()
        self.is_table = False
        self.ids_fit = True
        self._last_id = 0

    def parse(
        self, file: BinaryIO, options: TableOptions, report: ProgressCallback, written_at: datetime | None = None
    ) -> None:
        """Parse every row of the seekable file. Raise `ValidationFailed` for an unreadable one."""
        with open_file(file, written_at) as opened:
            progress = ProgressReporter(report, Stage.CHECK, opened.content.seek(0, 2))
            self.is_table = opened.type is not FileType.JSON_LINES
            position = 0
            for count, (number, item) in enumerate(self._rows(opened, options), start=1):
                try:
                    self._add(number, item)
                except ValidationFailed as error:
                    self.result.add_bad_row(number, error.errors)
                if count % _REPORT_EVERY == 0:
                    now = opened.content.tell()
                    progress.add(max(0, now - position))
                    position = now

    def _rows(self, opened: OpenedFile, options: TableOptions) -> Iterator[Row]:
        if opened.type is FileType.JSON_LINES:
            yield from json_format.read_rows(opened.content)
            return
        with _OPENERS[opened.type](opened.content) as table:
            reader = TableReader(table, options, opened.written_at)
            self.result.notes = reader.notes
            yield from reader.rows()

    def _add(self, number: int, item: Item) -> None:
        """Add the item of a row. Raise `ValidationFailed` for a bad row."""
        match item:
            case Movie():
                if item.id in self.movies:
                    raise ValidationFailed.in_file("id_twice", f"the id {item.id} is another movie's", "id", id=item.id)
                self.ids_fit &= next(reversed(self.movies), 0) < item.id <= _MAX_ID
                self.movies[item.id] = item
            case ReviewRecord(id=review_id, movie_id=movie_id):
                if movie_id not in self.movies:
                    message = f"no good line above has the movie {movie_id}"
                    raise ValidationFailed.in_file("movie_unknown", message, "movie_id", id=movie_id)
                self.ids_fit &= self._last_id < review_id <= _MAX_ID
                self._last_id = review_id
                self.reviews.append(item)
                self.result.rows += 1
            case CorrectionRecord(review_id=review_id, reader=reader):
                if review_id not in self.reviews:
                    message = f"no good line above has the review {review_id}"
                    raise ValidationFailed.in_file("review_unknown", message, "review_id", id=review_id)
                if (review_id, reader) in self.corrections:
                    message = f"reader {reader} has corrected this review already"
                    raise ValidationFailed.in_file("reader_twice", message, "reader", id=reader)
                self.corrections[review_id, reader] = item
            case FieldError():
                self.result.add_dropped_cell(number, item)
            case ValidationFailed():
                raise item


@dataclass(slots=True)
class PreviewRow:
    """A row of the file: its movie and review, or its errors."""

    number: int
    movie: Movie | None = None
    review: ReviewRecord | None = None
    errors: Sequence[FieldError] = ()


@dataclass(slots=True)
class Preview:
    """The beginning of a file.

    `names` are the headings of the table, empty for JSON Lines; `columns` is the index of each field's column, or None.
    `errors` prevent an import with these options; `notes` list parts of the file that are not imported.
    """

    names: Sequence[str] = ()
    columns: Mapping[str, int | None] = field(default_factory=dict)
    rows: Sequence[PreviewRow] = ()
    notes: Sequence[FieldError] = ()
    errors: Sequence[FieldError] = ()

    @property
    def is_table(self) -> bool:
        return bool(self.names)


def preview_file(file: BinaryIO, options: TableOptions) -> Preview:
    """Parse the beginning of a file. Raise `ValidationFailed` for an unreadable file."""
    with open_file(file) as opened:
        if opened.type is FileType.JSON_LINES:
            return Preview(rows=_preview_rows(json_format.read_rows(opened.content)))
        with _OPENERS[opened.type](opened.content) as table:
            names = column_names(table.header)
            guessed = guess(table.header, options)
            columns: dict[str, int | None] = {name: guessed.get(name, [None])[0] for name in FIELDS}
            columns |= {name: column for name, column in options.columns.items() if not isinstance(column, str)}
            try:
                reader = TableReader(table, options, opened.written_at)
            except ValidationFailed as error:
                return Preview(names, columns, errors=error.errors)
            return Preview(names, columns, _preview_rows(reader.rows()), reader.notes)


def _preview_rows(rows: Iterator[Row]) -> list[PreviewRow]:
    """Return the first reviews and bad rows."""
    movies: dict[int, Movie] = {}
    shown: list[PreviewRow] = []
    dropped: list[FieldError] = []
    for number, item in rows:
        match item:
            case Movie():
                movies[item.id] = item
            case FieldError():
                dropped.append(item)
            case ReviewRecord():
                shown.append(PreviewRow(number, movies.get(item.movie_id), item, dropped))
                dropped = []
            case ValidationFailed():
                shown.append(PreviewRow(number, errors=item.errors))
        if len(shown) == _MAX_PREVIEWED:
            break
    return shown
