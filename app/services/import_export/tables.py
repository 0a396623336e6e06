"""Rows and tables of all formats, and the mapping of their columns to fields by Korean or English headings."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from app.errors import FieldError, ValidationFailed
from app.models import Movie
from app.schemas import CorrectionRecord, ReviewRecord

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
    "별점", "평점", "점수", "평가", "rating", "ratings", "your rating", "star rating", "star", "stars", "score",
    "label",
}  # fmt: skip
FIELDS = tuple(HEADINGS)


def _fold(name: str) -> str:
    """Remove case, spaces, punctuation and invisible letters from a heading."""
    return re.sub(r"[\W_\u115f\u1160\u3164\uffa0]+", "", unicodedata.normalize("NFKC", name).casefold())


_FIELD_OF = {_fold(name): field for field, names in HEADINGS.items() for name in names} | {_NAME: "title"}
_FOLDED_RATINGS = set(map(_fold, _RATINGS))


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

    columns: Mapping[str, str | int | None] = field(default_factory=dict)
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
        names, present = ", ".join(f"{HEADINGS[name][0]} ({name})" for name in missing), _shown(header)
        if "content" in missing:
            message = f"the file has no reviews' texts: no column {names}; it has: {present}"
            raise ValidationFailed.in_file("texts_missing", message, missing=names, found=present)
        message = f"the columns {names} are missing; the file has: {present}"
        raise ValidationFailed.in_file("columns_missing", message, missing=names, found=present)
    return matched


def count_known(header: Sequence[str]) -> int:
    """Return the number of known headings; it is highest with the right delimiter."""
    return len({_FIELD_OF[name] for name in map(_fold, header) if name in _FIELD_OF})


def is_rating(name: str) -> bool:
    """Return whether a column has the author's own rating, which is not imported."""
    return _fold(name) in _FOLDED_RATINGS


def column_names(header: Sequence[str]) -> list[str]:
    """Return the headings, or a column's number if its heading is empty."""
    return [_printable(name.strip()) or f"#{number}" for number, name in enumerate(header, start=1)]


def _printable(text: str) -> str:
    """Replace lone surrogates, which stand for invalid bytes and cannot be encoded, by question marks."""
    return text.encode("utf-8", "replace").decode()


def _position(header: Sequence[str], column: str | int) -> int:
    """Return the index of the column with this heading or index. Raise `ValidationFailed` if there is none."""
    if isinstance(column, int):
        if 0 <= column < len(header):
            return column
        raise ValidationFailed.in_file("column_unknown", f"there is no column {column + 1}", names=column + 1)
    for index, heading in enumerate(header):
        if _fold(heading) == _fold(column):
            return index
    message = f"no column is called {column}; there are: {_shown(header)}"
    raise ValidationFailed.in_file("column_unknown", message, names=column)


def _shown(header: Sequence[str]) -> str:
    return ", ".join(_printable(name.strip()) for name in header if name.strip())[:200] or "-"
