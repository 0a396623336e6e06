"""Preview of an import: the first rows and the field of each column."""

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

MAX_ROWS = 10


@dataclass(slots=True)
class PreviewRow:
    """A row of the file: its movie and review, or its errors."""

    number: int
    movie: MovieFields | None = None
    author: str = ""
    content: str = ""
    created_at: str = ""
    spoiler: bool = False
    errors: Sequence[FieldError] = ()


@dataclass(slots=True)
class Preview:
    """The beginning of a file.

    `names` are the headings of the table, empty for JSON Lines; `columns` is the index of each field's column, or None.
    `errors` prevent an import with these options; `notes` list parts of the file that are not imported.
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
    """Parse the beginning of a file. Raise `ValidationFailed` for an unreadable file."""
    options = options or TableOptions()
    with open_file(file) as opened:
        if opened.type is FileType.JSON_LINES:
            return Preview(rows=_preview_rows(jsonl_format.read_rows(opened.content)))
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
        return Preview(names, columns, _preview_rows(reader.rows()), reader.notes)


def _preview_rows(rows: Iterator[Row]) -> list[PreviewRow]:
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
                texts = (row.author, row.content, row.created_at)
                shown.append(PreviewRow(row.number, movie, *texts, bool(row.spoiler), dropped))
                dropped = []
            case BadRow():
                shown.append(PreviewRow(row.number, errors=row.errors))
        if len(shown) == MAX_ROWS:
            break
    return shown
