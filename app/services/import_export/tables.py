"""A table before its columns are known: a line of headings, and records of cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from app.errors import FieldError
from app.services.import_export import csv_columns

HEADER_WITHIN = 20
"""The headings are looked for in so many lines: what people write above them is a title."""
Record = tuple[int, list[str] | FieldError]
"""A row's number, from 1, and its cells, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Table:
    """`width` is the number of cells of the headings' line or a longer one above it.

    `unused` names other tables in the same file. `is_own` is whether this site's export wrote it.
    """

    header: Sequence[str]
    header_number: int
    width: int
    records: Iterator[Record]
    unused: Sequence[str] = ()
    is_own: bool = False


def find_header(records: Iterator[Record]) -> tuple[int, list[str], int, Iterator[Record]]:
    """Return the headings' number, the headings, the table's width, and the records below.

    The headings are in the first record with two known ones, or else with one, or else in the first record.
    """
    first = list(islice(records, HEADER_WITHIN))
    lines = [(place, cells) for place, (_, cells) in enumerate(first) if isinstance(cells, list)]
    for needed in (2, 1, 0):
        for place, cells in lines:
            if csv_columns.count_known(cells) >= needed:
                width = max(len(above) for _, above in lines[: lines.index((place, cells)) + 1])
                return first[place][0], cells, width, chain(first[place + 1 :], records)
    return 1, [], 0, chain(first, records)
