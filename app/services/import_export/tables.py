"""Tables of all formats: the mapping of columns to fields by Korean or English headings, and their rows as reviews."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from dataclasses import field as attribute
from datetime import datetime, timedelta
from itertools import islice

from app.errors import FieldError, ValidationFailed
from app.models import KST, Movie, MovieFields, format_utc, movie_key
from app.schemas import DIRECTOR_MAX, GENRE_MAX, CorrectionRecord, MovieInput, ReviewRecord, parse
from app.services.import_export.cells import html_to_text, parse_day, parse_timestamp, unescape_formula

HEADINGS = {
    "title": (
        "제목", "영화", "영화 제목", "영화명", "영화 이름", "작품", "작품명", "title", "movie", "movie title",
        "movie name", "film", "film title", "film name",
    ),
    "author": (
        "작성자", "작성자명", "닉네임", "글쓴이", "아이디", "이름", "별명", "리뷰어", "회원명", "author", "author name",
        "nickname", "user", "user name", "user id", "writer", "reviewer",
    ),
    "content": (
        "내용", "리뷰", "리뷰 내용", "감상", "감상평", "감상문", "한줄평", "평", "관람평", "영화평", "후기", "코멘트",
        "content", "review", "review text", "text", "comment", "comments", "document",
    ),
    "created_at": (
        "작성일", "작성일시", "작성 시간", "작성 시각", "작성 날짜", "등록일", "관람일", "본 날", "날짜", "일시",
        "date", "created at", "written at", "watched date", "date watched", "타임스탬프", "timestamp",
    ),
    "release_date": (
        "개봉일", "개봉 연도", "개봉 년도", "제작 연도", "제작 년도", "연도", "release date", "release year", "year",
    ),
    "director": ("감독", "감독명", "director", "directors"),
    "genre": ("장르", "genre", "genres"),
    "spoiler": ("스포일러", "스포일러 여부", "스포일러 포함", "spoiler", "spoilers", "is spoiler", "contains spoilers"),
}  # fmt: skip
"""Known headings of each field; exports write the first one."""
_FALLBACKS = {"date", "날짜", "일시", "타임스탬프", "timestamp", "연도", "year"}
"""Headings that are used only without a more exact one of the same field: Letterboxd has Date and Watched Date."""
_NAME = "name"
"""Heading of the movie's title if no other column has it, else of the author."""
_RATINGS = {
    "별점", "평점", "점수", "평가", "rating", "ratings", "yourrating", "starrating", "star", "stars", "score", "label",
}  # fmt: skip
FIELDS = tuple(HEADINGS)


def _fold(name: str) -> str:
    """Remove case, spaces, punctuation and invisible letters from a heading."""
    return re.sub(r"[\W_\u115f\u1160\u3164\uffa0]+", "", unicodedata.normalize("NFKC", name).casefold())


_FIELD_OF = {_fold(name): field for field, names in HEADINGS.items() for name in names} | {_NAME: "title"}

ANONYMOUS = "익명"
"""Default author of a table without authors."""
_MOVIE = tuple(field.name for field in fields(MovieFields) if field.name in FIELDS)
_LISTS = {"director": DIRECTOR_MAX, "genre": GENRE_MAX}
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXCERPT = 40
_NO_DAY = "is not a day such as 2024-05-01"
_YES = {"1", "true", "y", "yes", "예", "네", "o", "○", "있음"}
_NO = {"", "0", "false", "n", "no", "아니요", "아니오", "x", "×", "없음"}


Record = tuple[int, list[str] | FieldError]
"""The number of a row, from 1, and its cells or the error that makes it unreadable."""
Item = Movie | ReviewRecord | CorrectionRecord | ValidationFailed | FieldError
"""A movie with its id in the file, a review, a correction, the errors of a row that cannot be imported, or the error of
an optional cell that was dropped or shortened, which comes before the row's review."""
Row = tuple[int, Item]
"""An item with the number of its row: a line of JSON Lines or a row of a table, from 1."""
MAX_HEADER_LINE = 20
"""Number of the last line in which headings are searched: there may be titles above them."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """Options for parsing a table.

    `columns` maps fields to columns, by heading or index (None: no column). `title` and `author` apply to all rows of a
    table without these columns.
    """

    columns: Mapping[str, str | int | None] = attribute(default_factory=dict)
    title: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose columns are not matched to fields yet.

    `unused` are the names of other sheets in the file. `is_own` is whether the table is an export of this site.
    """

    header: Sequence[str]
    records: Iterator[Record]
    unused: Sequence[str] = ()
    is_own: bool = False


def find_header(records: Iterator[Record]) -> tuple[int, list[str]]:
    """Return the number of the headings' line, and the headings, with empty ones if a line above is longer.

    The headings are the first record with two known ones, else with one, else the first record.
    """
    lines = [(number, cells) for number, cells in islice(records, MAX_HEADER_LINE) if isinstance(cells, list)]
    if not lines:
        return 1, []
    known = [min(2, count_known(cells)) for _, cells in lines]
    index = known.index(max(known))
    number, header = lines[index]
    width = max(len(cells) for _, cells in lines[: index + 1])
    return number, header + [""] * (width - len(header))


def guess(header: Sequence[str], options: TableOptions) -> dict[str, list[int]]:
    """Return the candidate columns of each field; more than one if the headings are ambiguous."""
    folded = [_fold(name) for name in header]
    found: dict[str, list[int]] = {}
    for index, name in enumerate(folded):
        if name in _FIELD_OF and name != _NAME:
            found.setdefault(_FIELD_OF[name], []).append(index)
    for field_name, indexes in found.items():
        found[field_name] = [index for index in indexes if folded[index] not in _FALLBACKS] or indexes
    if _NAME in folded:
        has_title = "title" in found or bool(options.title and "year" not in folded)
        indexes = [index for index, name in enumerate(folded) if name == _NAME]
        found.setdefault("author" if has_title else "title", indexes)
    return found


def match(header: Sequence[str], options: TableOptions) -> dict[str, int]:
    """Return the index of each field's column, ignoring columns with other headings.

    Raise `ValidationFailed` if a required column or one of the options is missing, or two columns are of one field.
    """
    found = guess(header, options)
    for name, column in options.columns.items():
        found[name] = [] if column is None else [_position(header, column)]
    for name, indexes in found.items():
        if len(indexes) > 1:
            names = ", ".join(column_names(header)[index] for index in indexes)
            raise ValidationFailed.in_file("columns_twice", f"two columns are {name}: {names}", names=names)
    matched = {name: indexes[0] for name, indexes in found.items() if indexes}
    required = ["content"] if options.title else ["title", "content"]
    if missing := [name for name in required if name not in matched]:
        names = ", ".join(f"{HEADINGS[name][0]} ({name})" for name in missing)
        present = _list_names(column_names(header)) or "-"
        if "content" in missing:
            message = f"the file has no reviews' texts: no column {names}; it has: {present}"
            raise ValidationFailed.in_file("texts_missing", message, missing=names, found=present)
        message = f"the columns {names} are missing; the file has: {present}"
        raise ValidationFailed.in_file("columns_missing", message, missing=names, found=present)
    return matched


def count_known(header: Sequence[str]) -> int:
    """Return the number of known headings; it is highest with the right delimiter."""
    return len({_FIELD_OF[name] for name in map(_fold, header) if name in _FIELD_OF})


def column_names(header: Sequence[str]) -> list[str]:
    """Return the headings, or a column's number if its heading is empty."""
    # Lone surrogates, which stand for invalid bytes, become question marks.
    names = [name.strip().encode("utf-8", "replace").decode() for name in header]
    return [name or f"#{number}" for number, name in enumerate(names, start=1)]


def _list_names(names: Iterable[str]) -> str:
    return ", ".join(names)[:200]


def _position(header: Sequence[str], column: str | int) -> int:
    """Return the index of the column with this heading or index. Raise `ValidationFailed` if there is none."""
    if isinstance(column, int):
        if 0 <= column < len(header):
            return column
        column = f"#{column + 1}"
    folded = [_fold(name) for name in header]
    if _fold(column) in folded:
        return folded.index(_fold(column))
    message = f"no column is called {column}; there are: {_list_names(column_names(header))}"
    raise ValidationFailed.in_file("column_unknown", message, names=column)


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
        self._end = format_utc(datetime.now(KST).replace(hour=0, minute=0, second=0) + timedelta(days=2))
        self._movie_ids: dict[str, int] = {}
        self.notes = [] if table.is_own else list(self._find_unused())

    def _find_unused(self) -> Iterator[FieldError]:
        used = set(self._columns.values())
        names = [name for index, name in enumerate(column_names(self._table.header)) if index not in used]
        ratings = [name for name in names if _fold(name) in _RATINGS]
        for kind, message, unused in (
            ("stars_unused", "not imported: {} (a review's text is its vote)", ratings),
            ("columns_unused", "columns not imported: {}", [name for name in names if name not in ratings]),
            ("sheets_unused", "sheets not imported: {}", self._table.unused),
        ):
            if unused:
                listed = _list_names(unused)
                yield FieldError("", kind, message.format(listed), {"names": listed})

    def rows(self) -> Iterator[Row]:
        """Yield the rows, each movie before its first review."""
        for number, cells in self._table.records:
            try:
                yield from self._convert(number, cells)
            except ValidationFailed as error:
                yield number, error

    def _convert(self, number: int, cells: Sequence[str] | FieldError) -> Iterator[Row]:
        """Yield the items of a row. Raise `ValidationFailed` for a bad row."""
        if isinstance(cells, FieldError):
            raise ValidationFailed([cells], "file")
        texts = self._texts(cells)
        errors: list[FieldError] = []
        dropped: list[FieldError] = []
        movie = _parse_movie(texts, errors, dropped)
        created_at = _parse_date("created_at", texts, lambda text: parse_timestamp(text, self._written_at), dropped)
        if created_at >= self._end and not self._table.is_own:
            errors.append(_cell_error("created_at", "day_to_come", "is still to come", texts["created_at"]))
        spoiler = _parse_spoiler(texts["spoiler"], dropped)
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
        """Return each field's text, empty if the row is too short.

        Raise `ValidationFailed` for cells beyond the last column, mostly the rest of a review, and for invalid bytes.
        """
        count, width = len(cells), len(self._table.header)
        if any(map(str.strip, cells[width:])):
            message = f"has {count} cells, the table {width}: put a cell that holds a comma in quotes"
            raise ValidationFailed.in_file("cells_spilt", message, count=count, width=width)
        texts = dict.fromkeys(FIELDS, "") | self._defaults
        for field, index in self._columns.items():
            cell = cells[index] if index < count else ""
            texts[field] = unescape_formula(cell) if self._table.is_own else _plain(field, cell)
            if not cell.isascii() and _SURROGATE.search(cell):
                message = "has bytes that are no text in the file's encoding"
                raise ValidationFailed.in_file("bytes_invalid", message, field)
        return texts


def _plain(field: str, cell: str) -> str:
    """Convert HTML in a cell to plain text, on one line except for a review's text."""
    text = html_to_text(cell)
    return text if field == "content" or text is cell else " ".join(text.split())


def _parse_movie(texts: Mapping[str, str], errors: list[FieldError], dropped: list[FieldError]) -> MovieInput | None:
    """Return the movie of a row, without the optional fields that are invalid, or None if its title is."""
    data = {field: texts[field] for field in _MOVIE}
    data["release_date"] = _parse_date("release_date", texts, parse_day, dropped)
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


def _parse_date(field: str, texts: Mapping[str, str], parse: Callable[[str], str], dropped: list[FieldError]) -> str:
    """Return the parsed cell; empty if the cell is empty or invalid."""
    text = texts[field].strip()
    try:
        return parse(text) if text else ""
    except (ValueError, OverflowError):
        dropped.append(_cell_error(field, "date_unknown", _NO_DAY, text))
        return ""


def _cell_error(field: str, type: str, message: str, text: str) -> FieldError:
    shown = text[:_EXCERPT]
    return FieldError(field, type, f"{message}: {shown!r}", {"text": shown})


def _parse_spoiler(text: str, dropped: list[FieldError]) -> bool:
    text = text.strip()
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded not in _YES | _NO:
        dropped.append(_cell_error("spoiler", "yes_no_unknown", "is neither 1 nor 0", text))
    return folded in _YES


def _shorten(field: str, text: str, limit: int, dropped: list[FieldError]) -> str:
    """Shorten a list of names to `limit` characters, at a comma."""
    if len(text) <= limit or "," not in text:
        return text
    dropped.append(FieldError(field, "list_cut", f"is cut at {limit} characters", {"max_length": limit}))
    return text[: limit + 1].rpartition(",")[0].rstrip(", ")
