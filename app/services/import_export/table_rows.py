"""Conversion of a table's records to movies and reviews."""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from app.errors import FieldError, ValidationFailed
from app.models import KST, Movie, MovieFields, movie_key
from app.schemas import DIRECTOR_MAX, GENRE_MAX, MIN_YEAR, MovieInput, ReviewRecord, parse
from app.services.import_export.csv_format import unescape_formula
from app.services.import_export.dates import parse_day, parse_timestamp
from app.services.import_export.tables import FIELDS, Row, Table, TableOptions, column_names, is_rating, match

ANONYMOUS = "익명"
"""Default author of a table without authors."""
_MOVIE = tuple(field.name for field in fields(MovieFields) if field.name in FIELDS)
_LISTS = {"director": DIRECTOR_MAX, "genre": GENRE_MAX}
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXCERPT = 40
_NO_DAY = "is not a day such as 2024-05-01"
_YES = {"1", "true", "y", "yes", "예", "네", "o", "○", "있음"}
_NO = {"", "0", "false", "n", "no", "아니요", "아니오", "x", "×", "없음"}
_BLOCKS = "blockquote|div|dd|dt|dl|h[1-6]|hr|li|ol|p|ul"
_INLINE = "a|abbr|b|big|cite|code|del|em|font|i|img|ins|mark|q|s|small|span|strike|strong|sub|sup|u"
_ATTRIBUTES = r"""(?:\s(?:[^<>"']|"[^"<]*"|'[^'<]*')*)?/?"""
_REFERENCE = r"&(?:#\d+|#x[0-9a-f]+|[a-z]+\d*);"
_HTML = re.compile(rf"</?(?:br|{_BLOCKS}|{_INLINE}){_ATTRIBUTES}>|{_REFERENCE}", re.IGNORECASE)
_BLOCK_TAGS = re.compile(rf"\n?(?:</?(?:{_BLOCKS}){_ATTRIBUTES}>)+", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}>|</br{_ATTRIBUTES}>", re.IGNORECASE)
_LINE_BREAK = re.compile(rf"<br{_ATTRIBUTES}>", re.IGNORECASE)


class TableReader:
    """Reader of a table's records. It numbers the movies.

    `notes` list the parts of the file that are not imported: columns (also the authors' own ratings) and other sheets.
    """

    def __init__(self, table: Table, options: TableOptions, written_at: datetime | None = None) -> None:
        """Match the columns. Raise `ValidationFailed` if one is missing. `written_at` is the table's time, if known."""
        self._table = table
        self._columns = match(table.header, options)
        self._defaults = {"title": options.title, "author": options.author or ANONYMOUS}
        self._written_at = written_at
        self._last_day = (datetime.now(KST) + timedelta(days=1)).date()
        self._movie_ids: dict[str, int] = {}
        self.notes = [] if table.is_own else list(self._find_unused())

    def _find_unused(self) -> Iterator[FieldError]:
        used = set(self._columns.values())
        names = [name for index, name in enumerate(column_names(self._table.header)) if index not in used]
        if stars := ", ".join(filter(is_rating, names)):
            message = f"not imported: {stars} (a review's text is its vote)"
            yield FieldError("", "stars_unused", message, {"names": stars})
        if others := ", ".join(name for name in names if not is_rating(name))[:200]:
            yield FieldError("", "columns_unused", f"columns not imported: {others}", {"names": others})
        if sheets := ", ".join(self._table.unused)[:200]:
            yield FieldError("", "sheets_unused", f"sheets not imported: {sheets}", {"names": sheets})

    def rows(self) -> Iterator[Row]:
        """Yield the rows, each movie before its first review."""
        for number, cells in self._table.records:
            if isinstance(cells, FieldError):
                yield number, ValidationFailed([cells], "file")
                continue
            try:
                yield from self._convert(number, cells)
            except ValidationFailed as error:
                yield number, error

    def _convert(self, number: int, cells: Sequence[str]) -> Iterator[Row]:
        """Yield the items of a row. Raise `ValidationFailed` for a bad row."""
        texts = self._texts(cells)
        errors = self._find_errors(cells, texts)
        dropped: list[FieldError] = []
        movie = _parse_movie(texts, errors, dropped)
        created_at = self._timestamp(texts.get("created_at", "").strip(), errors, dropped)
        spoiler = _parse_spoiler(texts.get("spoiler", "").strip(), dropped)
        if not texts["content"].strip() and not errors:
            raise ValidationFailed.in_file("text_missing", "has no text", "content")
        key = movie_key(movie.title, movie.release_date) if movie else ""
        movie_id = self._movie_ids.get(key, 0)
        values = {"movie_id": movie_id or len(self._movie_ids) + 1, "created_at": created_at, "spoiler": spoiler}
        try:
            review = parse(ReviewRecord, texts | values)
        except ValidationFailed as error:
            raise ValidationFailed(errors + error.errors, "file") from error
        if errors or movie is None:
            raise ValidationFailed(errors, "file")
        yield from ((number, error) for error in dropped)
        if not movie_id:
            self._movie_ids[key] = review.movie_id
            yield number, Movie(**movie.model_dump(), id=review.movie_id)
        yield number, review

    def _texts(self, cells: Sequence[str]) -> dict[str, str]:
        """Return each field's text, empty if the row is too short."""
        texts = dict(self._defaults)
        for field, index in self._columns.items():
            cell = cells[index] if index < len(cells) else ""
            texts[field] = unescape_formula(cell) if self._table.is_own else _plain(field, cell)
        return texts

    def _find_errors(self, cells: Sequence[str], texts: Mapping[str, str]) -> list[FieldError]:
        """Return the errors of cells beyond the last column, mostly the rest of a review, and of invalid bytes."""
        errors = [
            FieldError(field, "bytes_invalid", "has bytes that are no text in the file's encoding")
            for field, text in texts.items()
            if not text.isascii() and _SURROGATE.search(text)
        ]
        count, width = len(cells), len(self._table.header)
        if any(map(str.strip, cells[width:])):
            message = f"has {count} cells, the table {width}: put a cell that holds a comma in quotes"
            errors.insert(0, FieldError("", "cells_spilt", message, {"count": count, "width": width}))
        return errors

    def _timestamp(self, text: str, errors: list[FieldError], dropped: list[FieldError]) -> str:
        """Return the timestamp of a review; empty if the cell is empty or invalid."""
        if not text:
            return ""
        try:
            timestamp = parse_timestamp(text, self._written_at)
            day = datetime.fromisoformat(timestamp).astimezone(KST).date()
            if day.year < MIN_YEAR:
                raise ValueError
        except (ValueError, OverflowError):
            dropped.append(_cell_error("created_at", "date_unknown", _NO_DAY, text))
            return ""
        if day > self._last_day and not self._table.is_own:
            errors.append(_cell_error("created_at", "day_to_come", "is still to come", text))
        return timestamp


def _html_to_text(cell: str) -> str:
    """Remove the tags of a cell, with line breaks around blocks, and resolve its character references.

    Text in angle brackets that is no HTML tag (`<최고>`, `<3`, `<spoiler>`) is kept.
    """
    if not _HTML.search(cell):
        return cell
    text = _BLOCK_TAGS.sub("\n", _LINE_BREAK.sub("\n", _INLINE_TAG.sub("", cell)))
    return re.sub(r"\n{3,}", "\n\n", html.unescape(text)).strip()


def _plain(field: str, cell: str) -> str:
    """Convert HTML in a cell to plain text, on one line except for a review's text."""
    text = _html_to_text(cell)
    return text if field == "content" or text is cell else " ".join(text.split())


def _parse_movie(texts: Mapping[str, str], errors: list[FieldError], dropped: list[FieldError]) -> MovieInput | None:
    """Return the movie of a row, without the optional fields that are invalid, or None if its title is."""
    data = {field: texts.get(field, "") for field in _MOVIE}
    data["release_date"] = _parse_release_date(data["release_date"].strip(), dropped)
    for field, limit in _LISTS.items():
        data[field] = _shorten(field, data[field].strip(), limit, dropped)
    try:
        return parse(MovieInput, data)
    except ValidationFailed as error:
        of_title = [item for item in error.errors if item.field == "title"]
        if of_title:
            errors += of_title
            return None
        dropped += error.errors
        return parse(MovieInput, data | {item.field: "" for item in error.errors})


def _parse_release_date(text: str, dropped: list[FieldError]) -> str:
    try:
        return parse_day(text) if text else ""
    except ValueError:
        dropped.append(_cell_error("release_date", "date_unknown", _NO_DAY, text))
        return ""


def _cell_error(field: str, type: str, message: str, text: str) -> FieldError:
    shown = text[:_EXCERPT]
    return FieldError(field, type, f"{message}: {shown!r}", {"text": shown})


def _parse_spoiler(text: str, dropped: list[FieldError]) -> bool:
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    if folded not in _YES | _NO:
        dropped.append(_cell_error("spoiler", "yes_no_unknown", "is neither 1 nor 0", text))
    return folded in _YES


def _shorten(field: str, text: str, limit: int, dropped: list[FieldError]) -> str:
    """Shorten a list of names to `limit` characters, at a comma."""
    if len(text) <= limit or "," not in text:
        return text
    dropped.append(FieldError(field, "list_cut", f"is cut at {limit} characters", {"max_length": limit}))
    return text[: limit + 1].rpartition(",")[0].rstrip(", ")
