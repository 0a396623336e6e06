"""CSV: reviews as a spreadsheet has them, a row each, with what is needed of their movie.

An export writes cells that a spreadsheet would compute (beginning with = + - @) with an apostrophe before them, as a
spreadsheet would. Only files with an export's headings are read without it.
"""

import csv
import dataclasses
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO

from app.errors import FieldError
from app.models import Movie, MovieFields, Review
from app.services.import_export import csv_columns
from app.services.import_export.dates import format_local
from app.services.import_export.encodings import ERRORS, find_encoding
from app.services.import_export.tables import HEADER_WITHIN, Record, Table, find_header
from app.services.progress import yield_to_others

_SENTIMENT = ("긍정·부정", "확신", "평점")
_HEADER = [names[0] for names in csv_columns.NAMES.values()] + list(_SENTIMENT)
_MOVIE = {field.name for field in dataclasses.fields(MovieFields)}
_COMPUTED = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_DELIMITERS = ",;\t|"
_OFTEN_UNQUOTED = "\t|"
_SAMPLE = 64 * 1024
_YIELD_EVERY = 1_000  # lines
_ESCAPED = re.compile(r'\\(["\\])')


def head() -> bytes:
    """Return the first row, after the BOM by which Excel recognizes UTF-8."""
    return "\ufeff".encode() + _write([_HEADER])


def review_lines(reviews: Iterable[tuple[Movie, Review]]) -> bytes:
    return _write(_cells(movie, review) for movie, review in reviews)


def _cells(movie: Movie, review: Review) -> list[str]:
    review = dataclasses.replace(review, created_at=format_local(review.created_at))
    texts = [getattr(movie if name in _MOVIE else review, name) for name in csv_columns.FIELDS]
    sentiment = [review.sentiment_label, f"{review.sentiment_score:.4f}", f"{review.rating:.4f}"]
    return [guard(text) for text in texts] + sentiment


def _write(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def guard(cell: str) -> str:
    """Return `=1+1` as `'=1+1`, so that no spreadsheet computes what a visitor wrote."""
    return f"'{cell}" if _COMPUTED.match(cell) else cell


def unguard(cell: str) -> str:
    """Undo `guard`."""
    return cell[1:] if cell.startswith("'") and _COMPUTED.match(cell) else cell


@contextmanager
def open_table(file: BinaryIO) -> Iterator[Table]:
    """Open the table in a text file. Raise `ValidationFailed` when its encoding is not known."""
    text = io.TextIOWrapper(file, encoding=find_encoding(file), errors=ERRORS, newline="")
    try:
        yield _read_table(text)
    finally:
        text.detach()


def _read_table(text: io.TextIOWrapper) -> Table:
    hint, delimiter = _find_delimiter(text)
    dialect: dict[str, Any] = {"delimiter": delimiter}
    escaped = False
    if delimiter in _OFTEN_UNQUOTED and not _is_quoted(text, dialect):
        dialect |= {"quotechar": None, "quoting": csv.QUOTE_NONE}
    else:
        escaped = _is_escaped(text, dialect)
    first = _records(_lines(text, hint, escaped), lambda cells: False, dialect)
    number, header, width, _ = find_header(_not_blank(first))
    is_own = [csv_columns.column_name(header, index).lstrip("\ufeff") for index in range(len(header))] == _HEADER
    holds_rows = (lambda cells: False) if is_own else _RowsInCells(header, delimiter)
    records = _not_blank(_records(_lines(text, hint, escaped), holds_rows, dialect))
    return Table(header, number, width, (record for record in records if record[0] > number), is_own=is_own)


def _find_delimiter(text: io.TextIOWrapper) -> tuple[int, str]:
    """Return how many lines stand above the table (Excel's `sep=;`), and the delimiter with most known headings."""
    text.seek(0)
    sample = text.read(_SAMPLE).removeprefix("\ufeff")
    if hint := re.match(r'"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', sample):
        return 1, hint[1]

    def count(delimiter: str) -> tuple[int, int]:
        rows = list(_first_rows(sample, delimiter))
        return max(map(csv_columns.count_known, rows), default=0), min(map(len, rows), default=0)

    return 0, max(_DELIMITERS, key=count)


def _first_rows(sample: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from islice(filter(any, csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)), HEADER_WITHIN)
    except csv.Error:
        return


def _lines(text: io.TextIOWrapper, skip: int = 0, escaped: bool = False) -> Iterator[str]:
    """Yield the lines of a file from its start, with `\\"` as `""` where it is `escaped`."""
    text.seek(0)
    for number, line in enumerate(islice(text, skip, None)):
        if number % _YIELD_EVERY == 0:
            yield_to_others()
        yield _ESCAPED.sub(lambda found: '""' if found[1] == '"' else "\\", line) if escaped else line


def _is_quoted(text: io.TextIOWrapper, dialect: dict[str, Any]) -> bool:
    """Return whether a tab-separated file encloses cells in quotation marks, as Excel does; in others they are letters.

    True if the whole file parses so, no cell holds the delimiter, no row has more cells than the first ones, and at
    least one cell holds what needs quoting: a quotation mark or a line end.
    """
    reader = csv.reader(_lines(text), strict=True, **dialect)
    needed = False
    try:
        first = list(islice(reader, HEADER_WITHIN))
        width = max(map(len, first), default=0)
        for cells in (row for rows in (first, reader) for row in rows):
            if len(cells) > width or any(dialect["delimiter"] in cell for cell in cells):
                return False
            needed = needed or any(mark in cell for cell in cells for mark in '"\r\n')
    except csv.Error:
        return False
    return needed


def _is_escaped(text: io.TextIOWrapper, dialect: dict[str, Any]) -> bool:
    """Return whether quotation marks in quoted cells are written `\\"` throughout: the file parses only if so."""
    return any('\\"' in line for line in _lines(text)) and not _parses(text, dialect) and _parses(text, dialect, True)


def _parses(text: io.TextIOWrapper, dialect: dict[str, Any], escaped: bool = False) -> bool:
    reader = csv.reader(_lines(text, escaped=escaped), strict=True, **dialect)
    try:
        deque(reader, maxlen=0)
    except csv.Error:
        return False
    return True


class _Pushback:
    """Lines for a parser, which can be read again from the second of the last record on."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        return line

    def begin(self) -> None:
        self._record.clear()

    @property
    def has_several(self) -> bool:
        """Whether the last record has more than one line."""
        return len(self._record) > 1

    def rewind(self) -> None:
        self._again.extendleft(reversed(self._record[1:]))


class _RowsInCells:
    """Recognizes a cell that holds other rows, as one with a quotation mark that is closed only some rows below does.

    A line within the cell is a row if it has as many cells as the headings, a text, and the title of a row above it.
    """

    def __init__(self, header: Sequence[str], delimiter: str) -> None:
        columns = csv_columns.guess(header)
        self._width, self._delimiter = len(header), delimiter
        self._title, self._content = (columns.get(field, [-1])[0] for field in ("title", "content"))
        self._titles: set[str] = set()

    def __call__(self, cells: Sequence[str]) -> bool:
        if min(self._title, self._content) < 0 or len(cells) <= self._title:
            return False
        self._titles.add(cells[self._title].strip())
        return any(self._is_row(line) for cell in cells for line in re.split("[\r\n]+", cell)[1:])

    def _is_row(self, line: str) -> bool:
        cells = line.split(self._delimiter)
        if len(cells) != self._width:
            return False
        title, content = (cells[place].strip() for place in (self._title, self._content))
        return bool(title and content) and title in self._titles


def _records(
    lines: Iterator[str], holds_rows: Callable[[Sequence[str]], bool], dialect: dict[str, Any]
) -> Iterator[Record]:
    """Yield every record with its number, from 1, or why it cannot be read.

    A record that cannot be read, or that `holds_rows`, is one line: parsing goes on with the next, so that a quotation
    mark that is not closed takes no other rows with it.
    """
    source = _Pushback(lines)
    reader = csv.reader(source, strict=True, **dialect)
    number = 0
    while True:
        number += 1
        source.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            source.rewind()
            yield number, FieldError("", "csv_invalid", str(error))
            continue
        if source.has_several and holds_rows(cells):
            source.rewind()
            yield number, FieldError("", "csv_invalid", "the rows below are in a cell: a quotation mark is not closed")
        else:
            yield number, cells


def _not_blank(records: Iterator[Record]) -> Iterator[Record]:
    return ((number, cells) for number, cells in records if isinstance(cells, FieldError) or any(map(str.strip, cells)))
