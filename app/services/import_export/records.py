"""Rows of files in all formats, validated by `app.schemas`, and the result of an import."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.errors import FieldError, ValidationFailed
from app.models import Movie
from app.schemas import CorrectionRecord, ReviewRecord

MAX_LISTED = 1_000
"""Bad rows that are listed with their errors; further ones are only counted."""

Item = Movie | ReviewRecord | CorrectionRecord | ValidationFailed | FieldError
"""A movie with its id in the file, a review, a correction, the errors of a row that cannot be imported, or the error of
an optional cell that was dropped or shortened, which comes before the row's review."""
Row = tuple[int, Item]
"""An item with the number of its row: a line of JSON Lines or a row of a table, from 1."""


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
