"""Tables of all formats: a line of headings and records of cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from app.errors import FieldError
from app.services.import_export import csv_columns

MAX_HEADER_LINE = 20
"""Number of the last line in which headings are searched: there may be titles above them."""
Record = tuple[int, list[str] | FieldError]
"""The number of a row, from 1, and its cells or the error that makes it unreadable."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose columns are not matched to fields yet.

    `width` is the number of cells of the headings' line or a longer one above it. `unused` are the names of other
    sheets in the file. `is_own` is whether the table is an export of this site.
    """

    header: Sequence[str]
    width: int
    records: Iterator[Record]
    unused: Sequence[str] = ()
    is_own: bool = False


def find_header(records: Iterator[Record]) -> tuple[int, list[str], int, Iterator[Record]]:
    """Return the number of the headings' line, the headings, the table's width, and the records below.

    The headings are the first record with two known ones, else with one, else the first record.
    """
    first = list(islice(records, MAX_HEADER_LINE))
    lines = [(index, cells) for index, (_, cells) in enumerate(first) if isinstance(cells, list)]
    for min_known in (2, 1, 0):
        for index, cells in lines:
            if csv_columns.count_known(cells) >= min_known:
                width = max(len(above) for _, above in lines[: lines.index((index, cells)) + 1])
                return first[index][0], cells, width, chain(first[index + 1 :], records)
    return 1, [], 0, chain(first, records)
