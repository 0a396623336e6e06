"""Finding movies the way Korean is typed: ㄱㅅㅊ and 기새 find 기생충; case and spaces do not count."""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from app.models import Movie

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
# A Korean keyboard makes one letter of ㄱ and ㅅ typed in a row; in a search they are two initials all the same.
_COMPOUNDS = str.maketrans(
    dict(zip("ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ", "ㄱㅅ ㄴㅈ ㄴㅎ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅂㅅ".split(), strict=True))
)
_FIRST, _LAST = ord("가"), ord("힣")
_PER_INITIAL, _PER_VOWEL = 588, 28  # the Unicode standard, 3.12: 21 vowels x 28 finals, and 28 finals


def find_words(texts: Mapping[int, str], q: str) -> Collection[int]:
    """The keys of the texts (`searched_text`) in which every word of `q` is found."""
    found: Collection[int] = texts
    for word in normalize("NFC", q).casefold().translate(_COMPOUNDS).split():
        matches = _matcher(word)
        if found is texts:  # ten thousand of them, as a rule: every look-up that is not made counts
            found = {key for key, text in texts.items() if matches(text)}
        else:
            found = {key for key in found if matches(texts[key])}
    return found


def find_genre(texts: Collection[str], genre: str) -> Collection[str]:
    """Those of the texts (a movie's `genre`) that name this genre."""
    wanted = _fold(genre)
    return {text for text in texts if wanted in _fold_genres(text)}


def searched_text(movie: Movie) -> str:
    """What words are looked for in."""
    return "\n".join(map(_fold, (movie.title, movie.director, movie.genre)))


@lru_cache(maxsize=4096)
def split_genre(genre: str) -> tuple[str, ...]:
    """`드라마, SF` is two genres; so are `드라마/SF` and `드라마·SF`."""
    return tuple(part for part in (piece.strip() for piece in re.split(r"[,/·|]", genre)) if part)


@lru_cache(maxsize=4096)
def _fold(text: str) -> str:
    return re.sub(r"\s+", "", normalize("NFC", text).casefold())


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
