"""CSV: reviews as a spreadsheet has them, a row each, with what is needed of their movie.

Cells that a spreadsheet would compute (beginning with = + - @) are written with an apostrophe before them, as a
spreadsheet would, and read without it.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from app.catalogue.import_export import csv_columns
from app.catalogue.import_export.dates import format_local, parse_day, parse_moment
from app.catalogue.import_export.encodings import find_encoding
from app.catalogue.import_export.records import BadRow, MovieRow, ReviewRow, Row
from app.errors import FieldError, Invalid
from app.inputs import MovieInput, ReviewRecord, read
from app.models import Movie, MovieFields, Review

_READING = ("긍정·부정", "확신", "평점")
_HEADER = [names[0] for names in csv_columns.NAMES.values()] + list(_READING)
_COMPUTED = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_MOVIE = ("title", "release_date", "director", "genre")
_DELIMITERS = ",;\t"
_NO_DAY = "must be a day such as 2024-05-01, 2024.05.01 or 2024/5/1, or empty"


def head() -> bytes:
    """The first row, after the BOM by which Excel knows UTF-8."""
    return "\ufeff".encode() + _write([_HEADER])


def review_lines(reviews: Iterable[tuple[Movie, Review]]) -> bytes:
    return _write(_cells(movie, review) for movie, review in reviews)


def _cells(movie: Movie, review: Review) -> list[str]:
    date = format_local(review.created_at)
    texts = [movie.title, review.author, review.content, date, movie.release_date, movie.director, movie.genre]
    reading = [review.sentiment_label, f"{review.sentiment_score:.4f}", f"{review.rating:.4f}"]
    return [guard(text) for text in texts] + reading


def _write(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def guard(cell: str) -> str:
    """`=1+1` as `'=1+1`, so that no spreadsheet computes what a visitor wrote."""
    return f"'{cell}" if _COMPUTED.match(cell) else cell


def unguard(cell: str) -> str:
    """Undoes `guard`."""
    return cell[1:] if cell.startswith("'") and _COMPUTED.match(cell) else cell


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """The rows of a table, a movie's before the first of its reviews. Raises `Invalid` for a table that is none."""
    text = io.TextIOWrapper(file, encoding=find_encoding(file), newline="")
    try:
        start, delimiter = _find_delimiter(text)
        text.seek(0)
        quotechar = '"' if delimiter != "\t" or _is_quoted(text, start) else None
        text.seek(0)
        lines = _records(csv.reader(text, delimiter=delimiter, quotechar=quotechar, strict=True))
        header = next((cells for _, cells in islice(lines, start, None) if isinstance(cells, list)), [])
        yield from _Reader(csv_columns.match(header), len(header)).rows(lines)
    finally:
        text.detach()


def _find_delimiter(text: io.TextIOWrapper) -> tuple[int, str]:
    """How many lines come before the header (Excel's `sep=;`), and what stands between its cells."""
    first = text.readline(10_000)
    if hint := re.fullmatch(r'"?sep=(.)"?\s*', first):
        return 1, hint[1]
    return 0, max(_DELIMITERS, key=lambda mark: csv_columns.count_known(next(csv.reader([first], delimiter=mark), [])))


def _is_quoted(text: io.TextIOWrapper, start: int) -> bool:
    """Return whether a tab-separated file encloses cells in quotation marks, as Excel does; in others they are letters.

    True if the whole file parses so, no cell holds a tab, no row has more cells than the first one, and at least one
    cell holds what needs quoting: a quotation mark or a line end. `start` is the number of lines above the header.
    """
    reader = islice(csv.reader(text, delimiter="\t", strict=True), start, None)
    needed = False
    try:
        width = len(next(reader, []))
        for cells in reader:
            if len(cells) > width or any("\t" in cell for cell in cells):
                return False
            needed = needed or any(mark in cell for cell in cells for mark in '"\r\n')
    except csv.Error:
        return False
    return needed


def _records(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str] | str]]:
    """Each row that is not blank with its number, the header's being 1; or why it cannot be read.

    A strict reader is wanted: any other takes a quotation mark that is never closed for one cell to the file's end.
    """
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, str(error)
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


class _Reader:
    """Turns cells into rows, and counts the movies it meets."""

    def __init__(self, places: dict[str, int], width: int) -> None:
        """`places`: where each field's cell is. `width`: how many cells the first line has."""
        self._places = places
        self._width = width
        self._movies: dict[MovieFields, int] = {}
        self._known: dict[tuple[str, ...], MovieFields] = {}

    def rows(self, records: Iterator[tuple[int, list[str] | str]]) -> Iterator[Row]:
        for number, cells in records:
            if isinstance(cells, str):
                yield BadRow(number, [FieldError("", "csv_invalid", cells)])
                continue
            try:
                yield from self._row(number, cells)
            except Invalid as error:
                yield BadRow(number, error.errors)

    def _row(self, number: int, cells: list[str]) -> Iterator[Row]:
        texts = {field: unguard(cells[place]) if place < len(cells) else "" for field, place in self._places.items()}
        errors = [*self._find_spilt(cells)]
        movie = self._movie(texts, errors)
        data = {"movie_id": 1, "author": texts["author"], "content": texts["content"]}
        try:
            review = read(ReviewRecord, data | {"created_at": _read_date(texts, "created_at", errors)})
        except Invalid as error:
            raise Invalid(errors + error.errors, "file") from error
        if errors or movie is None:
            raise Invalid(errors, "file")
        if movie not in self._movies:
            self._movies[movie] = len(self._movies) + 1
            yield MovieRow(number, self._movies[movie], movie, by_title=not movie.release_date)
        yield ReviewRow(number, 0, self._movies[movie], review.author, review.content, review.created_at)

    def _find_spilt(self, cells: list[str]) -> Iterator[FieldError]:
        """What lies beyond the last column: most often the rest of a review whose comma nobody quoted."""
        if any(cell.strip() for cell in cells[self._width :]):
            context: dict[str, str | int] = {"count": len(cells), "width": self._width}
            message = f"has {len(cells)} cells, the first line {self._width}: put a cell that holds a comma in quotes"
            yield FieldError("", "cells_spilt", message, context)

    def _movie(self, texts: dict[str, str], errors: list[FieldError]) -> MovieFields | None:
        """The movie that a row names, checked once for all rows that name it so."""
        named = tuple(texts.get(field, "") for field in _MOVIE)
        if named in self._known:
            return self._known[named]
        data = dict(zip(_MOVIE, named, strict=True)) | {"release_date": _read_date(texts, "release_date", errors)}
        try:
            fields = read(MovieInput, data).fields()
        except Invalid as error:
            errors += error.errors
            return None
        if not errors:
            self._known[named] = fields
        return fields


def _read_date(texts: dict[str, str], field: str, errors: list[FieldError]) -> str:
    """The field's day or moment in ISO 8601; empty where it is, or where it is wrong, which is then noted."""
    text = texts.get(field, "").strip()
    if not text:
        return ""
    try:
        return parse_moment(text) if field == "created_at" else parse_day(text)
    except ValueError:
        errors.append(FieldError(field, "date_unknown", f"{_NO_DAY}; it is {text[:40]!r}", {"text": text[:40]}))
        return ""
