"""Finding and ordering movies the way Korean is typed: ㄱㅅㅊ and 기새 find 기생충; case and spaces do not count."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from app.inputs import MoviesQuery
from app.models import Movie

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
# A Korean keyboard makes one letter of ㄱ and ㅅ typed in a row; in a search they are two initials all the same.
_COMPOUNDS = str.maketrans(
    dict(zip("ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ", "ㄱㅅ ㄴㅈ ㄴㅎ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅂㅅ".split(), strict=True))
)
_FIRST, _LAST = ord("가"), ord("힣")
_PER_INITIAL, _PER_VOWEL = 588, 28  # the Unicode standard, 3.12: 21 vowels x 28 finals, and 28 finals

_ORDERS: dict[str, Callable[[Movie], tuple[Any, ...]]] = {
    "rating": lambda m: (m.average_rating is None, -(m.average_rating or 0), -m.review_count, -m.id),
    "newest": lambda m: (-m.id,),
    "reviews": lambda m: (-m.review_count, -m.id),
    "release": lambda m: (not m.release_date, [-ord(c) for c in m.release_date], -m.id),
    "title": lambda m: (m.title.casefold(), m.id),
}


def find_movies(movies: Iterable[Movie], query: MoviesQuery) -> list[Movie]:
    """The movies that match `query`, ordered; every word of `query.q` must be found in title, director or genre."""
    genre = _fold(query.genre)
    words = [_matcher(word) for word in unicodedata.normalize("NFC", query.q).casefold().translate(_COMPOUNDS).split()]
    found = [
        movie
        for movie in movies
        if (not genre or genre in map(_fold, split_genre(movie.genre)))
        and all(word(_haystack(movie.title, movie.director, movie.genre)) for word in words)
    ]
    return sorted(found, key=_ORDERS[query.sort])


def genres(movies: Iterable[Movie]) -> list[str]:
    """The genres of `movies`, each once, in dictionary order."""
    return sorted({genre for movie in movies for genre in split_genre(movie.genre)})


@lru_cache(maxsize=4096)
def split_genre(genre: str) -> tuple[str, ...]:
    """`드라마, SF` is two genres; so are `드라마/SF` and `드라마·SF`."""
    return tuple(part for part in (piece.strip() for piece in re.split(r"[,/·|]", genre)) if part)


@lru_cache(maxsize=4096)
def _fold(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=16384)
def _haystack(*texts: str) -> str:
    return "\n".join(map(_fold, texts))


def _matcher(word: str) -> Callable[[str], Any]:
    """Looks for `word` in a haystack: a lone initial consonant stands for every syllable that starts with it, and a
    last syllable without a final consonant for every syllable it may still become."""
    last = len(word) - 1
    return re.compile("".join(_class(char, i == last) for i, char in enumerate(word))).search


def _class(char: str, is_last: bool) -> str:
    if char in _INITIALS:
        start = _FIRST + _INITIALS.index(char) * _PER_INITIAL
        return f"[{char}{chr(start)}-{chr(start + _PER_INITIAL - 1)}]"
    code = ord(char)
    if is_last and _FIRST <= code <= _LAST and (code - _FIRST) % _PER_VOWEL == 0:
        return f"[{char}-{chr(code + _PER_VOWEL - 1)}]"
    return re.escape(char)
