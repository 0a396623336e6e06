"""Parsing of tables in text files, with detection of their encoding, delimiter and use of quotation marks.

Korean Excel writes CP949, UTF-8 with a BOM, or UTF-16.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import BinaryIO

from app.errors import FieldError, ValidationFailed
from app.services.import_export import tables
from app.services.import_export.tables import FIELDS, HEADINGS, MAX_HEADER_LINE, Record, Table
from app.store.base import yield_to_others

TEXT_FIELDS = [name for name in FIELDS if name != "spoiler"]
_FORMER_HEADER = [*(HEADINGS[name][0] for name in TEXT_FIELDS), "긍정·부정", "확신", "평점"]
HEADER = [*_FORMER_HEADER, HEADINGS["spoiler"][0]]
"""The headings of exports; those of 0.1 had no spoilers."""
_DELIMITERS = ",;\t|"
_OFTEN_UNQUOTED = "\t|"
_CHUNK = 64 * 1024
_YIELD_EVERY = 1_000  # lines
_ESCAPED = re.compile(r'\\(["\\])')
_DECODING_ERRORS = "surrogateescape"  # as surrogates, invalid bytes can be reported with their row
_MAX_INVALID = 0.1
"""Maximum share of invalid bytes among the non-ASCII ones; in a text of another encoding nearly all are invalid."""
_NON_ASCII = bytes(range(0x80, 0x100))
_INVALID_BYTE = re.compile("[\udc80-\udcff]")


@contextmanager
def open_table(file: BinaryIO) -> Iterator[Table]:
    """Open the table in a text file. Raise `ValidationFailed` for an unknown encoding."""
    encoding = _find_encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors=_DECODING_ERRORS, newline="")
    try:
        yield _read_table(text)
    finally:
        text.detach()


def _find_encoding(file: BinaryIO) -> str:
    """Return the name of the encoding. Raise `ValidationFailed` if none is valid.

    UTF-8 is tried before CP949: text in CP949 is practically never valid UTF-8.
    """
    file.seek(0)
    for encoding in (*_find_utf16(file.read(_CHUNK)), "utf-8-sig", "cp949"):
        if _fits(file, encoding):
            return encoding
    raise ValidationFailed.in_file("encoding_unknown", "the file is neither UTF-8 nor CP949")


def _find_utf16(start: bytes) -> list[str]:
    """Detect UTF-16 by its BOM or by the zero bytes of its spaces, commas and line ends."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16"]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even + odd < len(start) // 50 + 1:
        return []
    # Some Korean letters have a zero byte, too (가 is U+AC00), in the other half.
    return ["utf-16-le"] if odd > 2 * even else ["utf-16-be"] if even > 2 * odd else []


def _fits(file: BinaryIO, encoding: str) -> bool:
    """Return whether the file is valid in the encoding, except for a few bytes."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(_DECODING_ERRORS)
    non_ascii = invalid = 0
    try:
        while chunk := file.read(_CHUNK):
            non_ascii += len(chunk) - len(chunk.translate(None, _NON_ASCII))
            invalid += len(_INVALID_BYTE.findall(decoder.decode(chunk)))
            yield_to_others()
        invalid += len(_INVALID_BYTE.findall(decoder.decode(b"", final=True)))
    except UnicodeDecodeError:  # the UTF-16 decoder does not support surrogateescape
        return False
    return invalid <= non_ascii * _MAX_INVALID


@dataclass(frozen=True, slots=True)
class _Dialect:
    """The delimiter, whether cells may be quoted, whether `\\"` is a quotation mark, and the number of lines above."""

    delimiter: str
    is_quoted: bool = True
    is_escaped: bool = False
    skipped: int = 0

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.is_quoted else csv.QUOTE_NONE,
            strict=True,
        )


def _read_table(text: io.TextIOWrapper) -> Table:
    dialect = _find_dialect(text)
    number, header = tables.find_header(_records(text, dialect, lambda cells: False))
    is_own = [name.lstrip("\ufeff") for name in tables.column_names(header)] in (HEADER, _FORMER_HEADER)
    holds_rows = (lambda cells: False) if is_own else _find_rows_in_cells(header, dialect.delimiter)
    records = (record for record in _records(text, dialect, holds_rows) if record[0] > number)
    return Table(header, records, is_own=is_own)


def _find_dialect(text: io.TextIOWrapper) -> _Dialect:
    """Return the dialect with most known headings, or that of Excel's `sep=;` above the table."""
    text.seek(0)
    sample = text.read(_CHUNK).removeprefix("\ufeff")

    def quality(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        rows = list(islice(filter(any, reader), MAX_HEADER_LINE))
        return max(map(tables.count_known, rows), default=0), min(map(len, rows), default=0)

    if hint := re.match(r'"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', sample):
        dialect = _Dialect(hint[1], skipped=1)
    else:
        dialect = _Dialect(max(_DELIMITERS, key=quality))
    if dialect.delimiter in _OFTEN_UNQUOTED:
        return replace(dialect, is_quoted=_is_quoted(text, dialect))
    escaped = replace(dialect, is_escaped=True)
    return escaped if not _can_parse(text, dialect) and _can_parse(text, escaped) else dialect


def _lines(text: io.TextIOWrapper, dialect: _Dialect) -> Iterator[str]:
    """Yield the lines of the table from its start, with `""` for `\\"` if the dialect has it."""
    text.seek(0)
    for number, line in enumerate(islice(text, dialect.skipped, None)):
        if number % _YIELD_EVERY == 0:
            yield_to_others()
        if dialect.is_escaped:
            line = _ESCAPED.sub(lambda found: '""' if found[1] == '"' else "\\", line)
        yield line


def _is_quoted(text: io.TextIOWrapper, dialect: _Dialect) -> bool:
    """Return whether a tab-separated file quotes cells, as Excel does, or uses quotation marks as plain characters.

    It does if the whole file can be parsed with quoting, no cell contains the delimiter, no row has more cells than the
    first ones, and at least one cell contains a character that needs quoting: a quotation mark or a line end.
    """
    width, needs_quoting = 0, False
    try:
        for index, cells in enumerate(dialect.reader(_lines(text, dialect))):
            if index < MAX_HEADER_LINE:
                width = max(width, len(cells))
            if len(cells) > width or any(dialect.delimiter in cell for cell in cells):
                return False
            needs_quoting = needs_quoting or any(mark in cell for cell in cells for mark in '"\r\n')
    except csv.Error:
        return False
    return needs_quoting


def _can_parse(text: io.TextIOWrapper, dialect: _Dialect) -> bool:
    try:
        deque(dialect.reader(_lines(text, dialect)), maxlen=0)
    except csv.Error:
        return False
    return True


def _find_rows_in_cells(header: Sequence[str], delimiter: str) -> Callable[[Sequence[str]], bool]:
    """Return a function that detects cells with other rows, as a quotation mark is closed only some rows below.

    A line within a cell is a row if it has as many cells as the headings, a text, and the title of a previous row.
    """
    columns = tables.guess(header, tables.TableOptions())
    title, content = (columns.get(field, [-1])[0] for field in ("title", "content"))
    titles: set[str] = set()

    def is_row(line: str) -> bool:
        cells = [cell.strip() for cell in line.split(delimiter)]
        return len(cells) == len(header) and bool(cells[title] and cells[content]) and cells[title] in titles

    def holds_rows(cells: Sequence[str]) -> bool:
        if min(title, content) < 0 or len(cells) <= title:
            return False
        titles.add(cells[title].strip())
        return any(is_row(line) for cell in cells for line in re.split("[\r\n]+", cell)[1:])

    return holds_rows


def _records(
    text: io.TextIOWrapper, dialect: _Dialect, holds_rows: Callable[[Sequence[str]], bool]
) -> Iterator[Record]:
    """Yield every record that is not blank with its number, from 1, or the error of a line that cannot be parsed.

    If a record cannot be parsed or `holds_rows`, only its first line is skipped and parsing continues at the next, so
    that an unclosed quotation mark affects no other rows.
    """
    lines = _lines(text, dialect)
    again: deque[str] = deque()  # lines to be parsed again
    read: list[str] = []  # those of the record

    def next_lines() -> Iterator[str]:
        while line := again.popleft() if again else next(lines, ""):
            read.append(line)
            yield line

    for number in count(1):
        read.clear()
        try:
            cells = next(dialect.reader(next_lines()), None)
            if cells is None:
                return
            if len(read) == 1 or not holds_rows(cells):
                if any(map(str.strip, cells)):
                    yield number, cells
                continue
            error = "the rows below are in a cell: a quotation mark is not closed"
        except csv.Error as caught:
            error = str(caught)
        again.extendleft(reversed(read[1:]))
        yield number, FieldError("", "csv_invalid", error)
