"""CSV: one row per review, with the fields of its movie.

Exports escape cells that a spreadsheet would evaluate as formulas (starting with = + - @) by an apostrophe, like
spreadsheets do. On import it is removed only if the headings are those of an export.
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
from app.services.import_export.tables import MAX_HEADER_LINE, Record, Table, find_header
from app.services.jobs import yield_to_others

_SENTIMENT = ("긍정·부정", "확신", "평점")
_TEXTS = [name for name in csv_columns.FIELDS if name != "spoiler"]
_FORMER_HEADER = [*(csv_columns.NAMES[name][0] for name in _TEXTS), *_SENTIMENT]
_HEADER = [*_FORMER_HEADER, csv_columns.NAMES["spoiler"][0]]
_MOVIE = {field.name for field in dataclasses.fields(MovieFields)}
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_DELIMITERS = ",;\t|"
_OFTEN_UNQUOTED = "\t|"
_SAMPLE = 64 * 1024
_YIELD_EVERY = 1_000  # lines
_ESCAPED = re.compile(r'\\(["\\])')


def head() -> bytes:
    """Return the headings, after the BOM by which Excel recognizes UTF-8."""
    return "\ufeff".encode() + _write([_HEADER])


def review_lines(reviews: Iterable[tuple[Movie, Review]]) -> bytes:
    return _write(_cells(movie, review) for movie, review in reviews)


def _cells(movie: Movie, review: Review) -> list[str]:
    review = dataclasses.replace(review, created_at=format_local(review.created_at))
    texts = [getattr(movie if name in _MOVIE else review, name) for name in _TEXTS]
    sentiment = [review.sentiment_label, f"{review.sentiment_score:.4f}", f"{review.rating:.4f}"]
    return [*map(escape_formula, texts), *sentiment, str(int(review.spoiler))]


def _write(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def escape_formula(cell: str) -> str:
    """Return `=1+1` as `'=1+1`, so that spreadsheets do not evaluate visitors' texts."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


@contextmanager
def open_table(file: BinaryIO) -> Iterator[Table]:
    """Open the table in a text file. Raise `ValidationFailed` for an unknown encoding."""
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
    names = [csv_columns.column_name(header, index).lstrip("\ufeff") for index in range(len(header))]
    is_own = names in (_HEADER, _FORMER_HEADER)
    holds_rows = (lambda cells: False) if is_own else _RowsInCells(header, delimiter)
    records = _not_blank(_records(_lines(text, hint, escaped), holds_rows, dialect))
    return Table(header, width, (record for record in records if record[0] > number), is_own=is_own)


def _find_delimiter(text: io.TextIOWrapper) -> tuple[int, str]:
    """Return the number of lines above the table (Excel's `sep=;`) and the delimiter with most known headings."""
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
        yield from islice(
            filter(any, csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)), MAX_HEADER_LINE
        )
    except csv.Error:
        return


def _lines(text: io.TextIOWrapper, skip: int = 0, escaped: bool = False) -> Iterator[str]:
    """Yield the lines of a file from its start; if `escaped`, replace `\\"` by `""`."""
    text.seek(0)
    for number, line in enumerate(islice(text, skip, None)):
        if number % _YIELD_EVERY == 0:
            yield_to_others()
        yield _ESCAPED.sub(lambda found: '""' if found[1] == '"' else "\\", line) if escaped else line


def _is_quoted(text: io.TextIOWrapper, dialect: dict[str, Any]) -> bool:
    """Return whether a tab-separated file quotes cells, as Excel does, or uses quotation marks as plain characters.

    It does if the whole file can be parsed with quoting, no cell contains the delimiter, no row has more cells than the
    first ones, and at least one cell contains a character that needs quoting: a quotation mark or a line end.
    """
    reader = csv.reader(_lines(text), strict=True, **dialect)
    needs_quoting = False
    try:
        first = list(islice(reader, MAX_HEADER_LINE))
        width = max(map(len, first), default=0)
        for cells in (row for rows in (first, reader) for row in rows):
            if len(cells) > width or any(dialect["delimiter"] in cell for cell in cells):
                return False
            needs_quoting = needs_quoting or any(mark in cell for cell in cells for mark in '"\r\n')
    except csv.Error:
        return False
    return needs_quoting


def _is_escaped(text: io.TextIOWrapper, dialect: dict[str, Any]) -> bool:
    """Return whether quotation marks in quoted cells are written `\\"`: only then can the file be parsed."""
    return any('\\"' in line for line in _lines(text)) and not _parses(text, dialect) and _parses(text, dialect, True)


def _parses(text: io.TextIOWrapper, dialect: dict[str, Any], escaped: bool = False) -> bool:
    reader = csv.reader(_lines(text, escaped=escaped), strict=True, **dialect)
    try:
        deque(reader, maxlen=0)
    except csv.Error:
        return False
    return True


class _Pushback:
    """Iterator of lines that can go back to the second line of the last record."""

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
        """Return whether the last record has more than one line."""
        return len(self._record) > 1

    def rewind(self) -> None:
        self._again.extendleft(reversed(self._record[1:]))


class _RowsInCells:
    """Detector of cells that contain other rows, because a quotation mark is closed only some rows below.

    A line within a cell is a row if it has as many cells as the headings, a text, and the title of a previous row.
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
        title, content = (cells[index].strip() for index in (self._title, self._content))
        return bool(title and content) and title in self._titles


def _records(
    lines: Iterator[str], holds_rows: Callable[[Sequence[str]], bool], dialect: dict[str, Any]
) -> Iterator[Record]:
    """Yield every record with its number, from 1, or the error of a line that cannot be parsed.

    If a record cannot be parsed or `holds_rows`, only its first line is skipped and parsing continues at the next, so
    that an unclosed quotation mark affects no other rows.
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
