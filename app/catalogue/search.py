"""Finding movies the way Korean is typed: ㄱㅅㅊ and 기새 find 기생충; case and spaces do not count."""

import re
import unicodedata
from collections.abc import Callable, Sequence
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


def find_movies(
    movies: Sequence[Movie], query: MoviesQuery, read: Callable[[Sequence[Movie]], list[str]]
) -> Sequence[Movie]:
    """The movies that match `query`, in the order they came; every word of `query.q` must be found in title, director
    or genre. `read` gives the `searched_text` of each."""
    if query.genre:
        genre = _fold(query.genre)
        movies = [movie for movie in movies if genre in _fold_genres(movie.genre)]
    words = unicodedata.normalize("NFC", query.q).casefold().translate(_COMPOUNDS).split()
    if words:
        texts = read(movies)
        for word in words:  # one after the other: a nested loop over ten thousand movies takes several times as long
            matches = _matcher(word)
            found = [place for place, text in enumerate(texts) if matches(text)]
            movies, texts = [movies[place] for place in found], [texts[place] for place in found]
    return movies


def searched_text(movie: Movie) -> str:
    """What words are looked for in."""
    return "\n".join(map(_fold, (movie.title, movie.director, movie.genre)))


@lru_cache(maxsize=4096)
def split_genre(genre: str) -> tuple[str, ...]:
    """`드라마, SF` is two genres; so are `드라마/SF` and `드라마·SF`."""
    return tuple(part for part in (piece.strip() for piece in re.split(r"[,/·|]", genre)) if part)


@lru_cache(maxsize=4096)
def _fold(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=4096)
def _fold_genres(genre: str) -> tuple[str, ...]:
    return tuple(map(_fold, split_genre(genre)))


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
