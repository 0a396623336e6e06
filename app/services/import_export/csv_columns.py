"""Mapping of a table's columns to fields by their Korean or English headings."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.errors import FieldError, ValidationFailed

NAMES = {
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
FIELDS = tuple(NAMES)


def _fold(name: str) -> str:
    """Remove case, spaces, punctuation and invisible letters from a heading."""
    return re.sub(r"[\W_\u115f\u1160\u3164\uffa0]+", "", unicodedata.normalize("NFKC", name).casefold())


_FIELD_OF = {_fold(name): name_field for name_field, names in NAMES.items() for name in names} | {_NAME: "title"}
_FOLDED_RATINGS = set(map(_fold, _RATINGS))


@dataclass(frozen=True, slots=True)
class TableOptions:
    """Options for parsing a table.

    `columns` maps fields to columns, by heading or index (None: no column). `title` and `author` apply to all rows of a
    table without these columns.
    """

    columns: Mapping[str, str | int | None] = field(default_factory=dict)
    title: str = ""
    author: str = ""


def guess(header: Sequence[str], options: TableOptions | None = None) -> dict[str, list[int]]:
    """Return the candidate columns of each field; more than one if the headings are ambiguous."""
    found: dict[str, list[int]] = {}
    for index, name in enumerate(header):
        known = _FIELD_OF.get(_fold(name))
        if known and _fold(name) != _NAME:
            found.setdefault(known, []).append(index)
    for indexes in found.values():
        exact = [index for index in indexes if _fold(header[index]) not in _FALLBACKS]
        indexes[:] = exact or indexes
    names = [index for index, name in enumerate(header) if _fold(name) == _NAME]
    if names:
        has_title = "title" in found or bool(options and options.title and "year" not in map(_fold, header))
        found.setdefault("author" if has_title else "title", names)
    return found


def match(header: Sequence[str], options: TableOptions) -> dict[str, int]:
    """Return the index of each field's column, ignoring columns with other headings.

    Raise `ValidationFailed` if a required column or one of the options is missing, or two columns are of one field.
    """
    found = guess(header, options)
    for name, column in options.columns.items():
        found[name] = [] if column is None else [_position(header, name, column)]
    for name, indexes in found.items():
        if len(indexes) > 1:
            names = ", ".join(column_name(header, index) for index in indexes)
            raise _invalid("columns_twice", f"two columns are {name}: {names}", field=name, names=names)
    matched = {name: indexes[0] for name, indexes in found.items() if indexes}
    required = ["content"] if options.title else ["title", "content"]
    missing = [name for name in required if name not in matched]
    if missing:
        raise _missing(missing, header)
    return matched


def count_known(header: Sequence[str]) -> int:
    """Return the number of known headings; it is highest with the right delimiter."""
    return len({_FIELD_OF[name] for name in map(_fold, header) if name in _FIELD_OF})


def is_rating(name: str) -> bool:
    """Return whether a column has the author's own rating, which is not imported."""
    return _fold(name) in _FOLDED_RATINGS


def column_name(header: Sequence[str], index: int) -> str:
    """Return a column's heading, or its number if the heading is empty."""
    name = header[index].strip() if index < len(header) else ""
    return _printable(name) or f"#{index + 1}"


def _printable(text: str) -> str:
    """Replace lone surrogates, which stand for invalid bytes and cannot be encoded, by question marks."""
    return text.encode("utf-8", "replace").decode()


def _position(header: Sequence[str], name: str, column: str | int) -> int:
    if isinstance(column, int):
        if 0 <= column < len(header):
            return column
        raise _invalid("column_unknown", f"there is no column {column + 1}", field=name, names=column + 1)
    for index, heading in enumerate(header):
        if _fold(heading) == _fold(column):
            return index
    found = _shown(header)
    raise _invalid("column_unknown", f"no column is called {column}; there are: {found}", field=name, names=column)


def _shown(header: Sequence[str]) -> str:
    return ", ".join(_printable(name.strip()) for name in header if name.strip())[:200] or "-"


def _missing(missing: Sequence[str], header: Sequence[str]) -> ValidationFailed:
    names = ", ".join(f"{NAMES[name][0]} ({name})" for name in missing)
    found = _shown(header)
    if "content" in missing:
        message = f"the file has no reviews' texts: no column {names}; it has: {found}"
        return _invalid("texts_missing", message, missing=names, found=found)
    message = f"the columns {names} are missing; the file has: {found}"
    return _invalid("columns_missing", message, missing=names, found=found)


def _invalid(type: str, message: str, field: str = "", **context: str | int) -> ValidationFailed:
    return ValidationFailed([FieldError("", type, message, {"field": field, **context})], "file")
