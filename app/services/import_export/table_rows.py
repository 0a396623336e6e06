"""Turn the cells of a table into rows: movies, reviews, and what cannot be read."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from app.errors import FieldError, ValidationFailed
from app.models import MovieFields
from app.schemas import DIRECTOR_MAX, GENRE_MAX, MIN_YEAR, MovieInput, ReviewRecord, parse
from app.services.import_export import csv_columns
from app.services.import_export.csv_columns import TableOptions
from app.services.import_export.csv_format import unguard
from app.services.import_export.dates import KST, parse_day, parse_moment
from app.services.import_export.html_text import to_text
from app.services.import_export.records import BadRow, DroppedCell, MovieRow, ReviewRow, Row
from app.services.import_export.tables import Table

ANONYMOUS = "익명"
"""The author of the reviews of a table without authors."""
_MOVIE = tuple(field.name for field in dataclasses.fields(MovieFields) if field.name in csv_columns.FIELDS)
_LISTS = {"director": DIRECTOR_MAX, "genre": GENRE_MAX}
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXCERPT = 40


class TableReader:
    """Reads the records of one table, and numbers the movies in it."""

    def __init__(self, table: Table, options: TableOptions, written_at: datetime | None = None) -> None:
        """Raise `ValidationFailed` if a column is missing. `written_at` is when the table was written, if known."""
        self._table = table
        self._places = csv_columns.match(table.header, options)
        self._title, self._author = options.title, options.author or ANONYMOUS
        self._written_at = written_at
        self._last_day = (datetime.now(KST) + timedelta(days=1)).date()
        self._movie_ids: dict[str, int] = {}
        self._movies: dict[tuple[str, ...], tuple[MovieFields, list[FieldError]]] = {}

    @property
    def notes(self) -> list[FieldError]:
        """What the file has that is not imported: columns, the writers' own stars among them, and other sheets."""
        if self._table.is_own:
            return []
        used = set(self._places.values())
        names = {
            index: csv_columns.column_name(self._table.header, index)
            for index in range(max(self._table.width, len(self._table.header)))
            if index not in used
        }
        stars = [name for name in names.values() if csv_columns.is_rating(name)]
        others = [name for name in names.values() if not csv_columns.is_rating(name)]
        notes = []
        if stars:
            message = f"not imported: {', '.join(stars)} (a review's text is its vote)"
            notes.append(FieldError("", "stars_unused", message, {"names": ", ".join(stars)}))
        if others:
            shown = ", ".join(others)[:200]
            notes.append(FieldError("", "columns_unused", f"columns not imported: {shown}", {"names": shown}))
        if self._table.unused:
            shown = ", ".join(self._table.unused)[:200]
            notes.append(FieldError("", "sheets_unused", f"sheets not imported: {shown}", {"names": shown}))
        return notes

    def rows(self) -> Iterator[Row]:
        """Yield the rows, a movie's before the first of its reviews."""
        for number, cells in self._table.records:
            if isinstance(cells, FieldError):
                yield BadRow(number, [cells])
                continue
            try:
                yield from self._read(number, cells)
            except ValidationFailed as error:
                is_blocking = [item.type for item in error.errors] != ["text_missing"]
                yield BadRow(number, error.errors, is_blocking)

    def _read(self, number: int, cells: Sequence[str]) -> Iterator[Row]:
        texts = self._texts(cells)
        errors = [*self._find_spilt(cells), *_find_wrong_bytes(texts)]
        dropped: list[FieldError] = []
        movie = self._movie(texts, errors, dropped)
        created_at = self._moment(texts.get("created_at", ""), errors, dropped)
        if not texts["content"].strip() and not errors:
            raise ValidationFailed([FieldError("content", "text_missing", "has no text")], "file")
        try:
            data = {"movie_id": 1, "author": texts["author"], "content": texts["content"], "created_at": created_at}
            review = parse(ReviewRecord, data)
        except ValidationFailed as error:
            raise ValidationFailed(errors + error.errors, "file") from error
        if errors or movie is None:
            raise ValidationFailed(errors, "file")
        yield from (DroppedCell(number, item) for item in dropped)
        movie_id = self._movie_ids.get(movie.key)
        if movie_id is None:
            movie_id = self._movie_ids[movie.key] = len(self._movie_ids) + 1
            yield MovieRow(number, movie_id, movie, is_exact=False)
        yield ReviewRow(number, 0, movie_id, review.author, review.content, review.created_at)

    def _texts(self, cells: Sequence[str]) -> dict[str, str]:
        """Return each field's text, empty where the row is too short."""
        texts = {field: cells[place] if place < len(cells) else "" for field, place in self._places.items()}
        if self._table.is_own:
            texts = {field: unguard(text) for field, text in texts.items()}
        else:
            texts = {field: _plain(field, text) for field, text in texts.items()}
        if "title" not in self._places:
            texts["title"] = self._title
        if "author" not in self._places:
            texts["author"] = self._author
        return texts

    def _find_spilt(self, cells: Sequence[str]) -> Iterator[FieldError]:
        """Find what lies beyond the last column: most often the rest of a review whose comma is not quoted."""
        width = self._table.width
        if any(map(str.strip, cells[width:])):
            context: dict[str, str | int] = {"count": len(cells), "width": width}
            message = f"has {len(cells)} cells, the table {width}: put a cell that holds a comma in quotes"
            yield FieldError("", "cells_spilt", message, context)

    def _movie(
        self, texts: Mapping[str, str], errors: list[FieldError], dropped: list[FieldError]
    ) -> MovieFields | None:
        """Return the movie that a row names, checked once for all rows that name it so."""
        named = tuple(texts.get(field, "") for field in _MOVIE)
        if named not in self._movies:
            lost: list[FieldError] = []
            data = dict(zip(_MOVIE, named, strict=True))
            data["release_date"] = _read_day(data["release_date"].strip(), lost)
            for field, limit in _LISTS.items():
                data[field] = _shorten(field, data[field].strip(), limit, lost)
            try:
                fields = parse(MovieInput, data).fields()
            except ValidationFailed as error:
                optional = [item for item in error.errors if item.field != "title"]
                if len(optional) < len(error.errors):
                    errors += [item for item in error.errors if item.field == "title"]
                    return None
                lost += optional
                fields = parse(MovieInput, data | {item.field: "" for item in optional}).fields()
            self._movies[named] = fields, lost
        fields, lost = self._movies[named]
        dropped += lost
        return fields

    def _moment(self, text: str, errors: list[FieldError], dropped: list[FieldError]) -> str:
        """Return when a review was written, empty where the cell is or cannot be read."""
        text = text.strip()
        if not text:
            return ""
        try:
            moment = parse_moment(text, self._written_at)
            day = datetime.fromisoformat(moment).astimezone(KST).date()
            if day.year < MIN_YEAR:
                raise ValueError
        except (ValueError, OverflowError):
            dropped.append(_unread("created_at", text))
            return ""
        if day > self._last_day and not self._table.is_own:
            context = {"text": text[:_EXCERPT]}
            errors.append(FieldError("created_at", "day_to_come", f"is still to come: {text[:_EXCERPT]!r}", context))
        return moment


def _plain(field: str, cell: str) -> str:
    """Return a cell without HTML, on one line unless it is a review's text."""
    text = to_text(cell)
    return text if field == "content" or text is cell else " ".join(text.split())


def _find_wrong_bytes(texts: Mapping[str, str]) -> Iterator[FieldError]:
    for field, text in texts.items():
        if not text.isascii() and _SURROGATE.search(text):
            yield FieldError(field, "bytes_invalid", "has bytes that are no text in the file's encoding")


def _read_day(text: str, lost: list[FieldError]) -> str:
    try:
        return parse_day(text) if text else ""
    except ValueError:
        lost.append(_unread("release_date", text))
        return ""


def _unread(field: str, text: str) -> FieldError:
    shown = text[:_EXCERPT]
    return FieldError(field, "date_unknown", f"is not a day such as 2024-05-01: {shown!r}", {"text": shown})


def _shorten(field: str, text: str, limit: int, lost: list[FieldError]) -> str:
    """Return the names of a list that fit, cut at a comma."""
    if len(text) <= limit or "," not in text:
        return text
    lost.append(FieldError(field, "list_cut", f"is cut at {limit} characters", {"max_length": limit}))
    return text[: limit + 1].rpartition(",")[0].rstrip(", ")
