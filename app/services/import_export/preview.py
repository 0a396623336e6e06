"""The first rows of a file as they would be stored, and which column holds what, before anything is imported."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from app.errors import FieldError, ValidationFailed
from app.models import MovieFields
from app.services.import_export import csv_columns, jsonl_format
from app.services.import_export.csv_columns import TableOptions
from app.services.import_export.file_types import FileType, OpenedFile, open_file
from app.services.import_export.parsed_file import open_table
from app.services.import_export.records import BadRow, DroppedCell, MovieRow, ReviewRow, Row
from app.services.import_export.table_rows import TableReader

SHOWN_ROWS = 10


@dataclass(slots=True)
class PreviewRow:
    """One row: the movie and the review that it would be, or what is wrong with it."""

    number: int
    movie: MovieFields | None = None
    author: str = ""
    content: str = ""
    created_at: str = ""
    errors: Sequence[FieldError] = ()


@dataclass(slots=True)
class Preview:
    """`names` are the table's columns, empty for JSON Lines, and `columns` the one of each field (None = none).

    `errors` are why nothing can be imported yet, `notes` what will not be used.
    """

    names: Sequence[str] = ()
    columns: Mapping[str, int | None] = field(default_factory=dict)
    rows: list[PreviewRow] = field(default_factory=list)
    notes: Sequence[FieldError] = ()
    errors: Sequence[FieldError] = ()

    @property
    def is_table(self) -> bool:
        return bool(self.names)


def preview_file(file: BinaryIO, options: TableOptions | None = None) -> Preview:
    """Read the beginning of a file. Raise `ValidationFailed` for a file that cannot be read at all."""
    options = options or TableOptions()
    with open_file(file) as opened:
        if opened.type is FileType.JSON_LINES:
            return Preview(rows=_first(jsonl_format.read_rows(opened.content)))
        return _preview_table(opened, options)


def _preview_table(opened: OpenedFile, options: TableOptions) -> Preview:
    with open_table(opened) as table:
        width = max(table.width, len(table.header))
        names = [csv_columns.column_name(table.header, index) for index in range(width)]
        guessed = csv_columns.guess(table.header, options)
        columns: dict[str, int | None] = {name: guessed.get(name, [None])[0] for name in csv_columns.FIELDS}
        columns |= {name: column for name, column in options.columns.items() if not isinstance(column, str)}
        try:
            reader = TableReader(table, options, opened.written_at)
        except ValidationFailed as error:
            return Preview(names, columns, errors=error.errors)
        return Preview(names, columns, _first(reader.rows()), reader.notes)


def _first(rows: Iterator[Row]) -> list[PreviewRow]:
    """Return the first reviews and bad rows."""
    movies: dict[int, MovieFields] = {}
    shown: list[PreviewRow] = []
    dropped: list[FieldError] = []
    for row in rows:
        match row:
            case MovieRow():
                movies[row.id] = row.fields
            case DroppedCell():
                dropped.append(row.error)
            case ReviewRow():
                movie = movies.get(row.movie_id)
                shown.append(PreviewRow(row.number, movie, row.author, row.content, row.created_at, dropped))
                dropped = []
            case BadRow():
                shown.append(PreviewRow(row.number, errors=row.errors))
        if len(shown) == SHOWN_ROWS:
            break
    return shown
