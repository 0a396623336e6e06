"""Which column of a table is which: matched by name, Korean or English, whatever the order."""

import re
import unicodedata
from collections.abc import Sequence

from app.errors import FieldError, Invalid

NEEDED = ("title", "author", "content")
NAMES = {
    "title": ("제목", "영화", "영화 제목", "영화명", "title", "movie", "movie title"),
    "author": ("작성자", "닉네임", "글쓴이", "author", "nickname"),
    "content": ("내용", "리뷰", "리뷰 내용", "감상", "content", "review", "text"),
    "created_at": ("작성일", "작성일시", "날짜", "date", "created at"),
    "release_date": ("개봉일", "release date"),
    "director": ("감독", "director"),
    "genre": ("장르", "genre"),
}
"""The names of each column; the first is what an export calls it."""


def _fold(name: str) -> str:
    """A name without case, spaces, underscores and what a BOM left."""
    return re.sub(r"[\s_\ufeff]+", "", unicodedata.normalize("NFC", name)).casefold()


_FIELDS = {_fold(name): field for field, names in NAMES.items() for name in names}


def match(header: Sequence[str]) -> dict[str, int]:
    """Where each field's column is; columns of other names are left out.

    Raises `Invalid` when a needed one is missing, or two columns say the same.
    """
    found: dict[str, int] = {}
    for index, name in enumerate(header):
        field = _FIELDS.get(_fold(name))
        if field in found:
            names = f"{header[found[field]]}, {name}"
            message = f"two columns are {field}: {names}"
            raise Invalid([FieldError("", "columns_twice", message, {"names": names})], "file")
        if field:
            found[field] = index
    missing = [field for field in NEEDED if field not in found]
    if missing:
        raise Invalid([_missing(missing, header)], "file")
    return found


def count_known(header: Sequence[str]) -> int:
    """How many of these names are a column's: tells the delimiter that splits a header rightly."""
    return sum(_fold(name) in _FIELDS for name in header)


def _missing(missing: Sequence[str], header: Sequence[str]) -> FieldError:
    names = ", ".join(f"{NAMES[field][0]} ({field})" for field in missing)
    found = ", ".join(name.strip() for name in header)[:200] or "-"
    message = f"the columns {names} are missing; the first line has: {found}"
    return FieldError("", "columns_missing", message, {"missing": names, "found": found})
