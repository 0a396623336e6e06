"""Search for mistyped words: typed in the other keyboard layout, or with one wrong key (기생츙, 인터스탤라)."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.hangul import from_latin_keys, spell, to_latin_keys
from app.models import Movie
from app.services.search import fold, has_word

_MAX_TYPOS = 1
"""Keys that may be wrong, missing, doubled or swapped in a word."""
_MIN_KEYS = 5
"""Minimum number of keys of a word that is searched with typos."""
_MIN_LATIN = 3
_MAX_WORDS = 4
"""Maximum number of words of a title that may be typed without spaces."""
_KOREAN = re.compile("[가-힣0-9]+[ㄱ-ㅎ]?")


class TypoIndex:
    """Index of the words of movies, and of sequences of words, as the keys that type them."""

    def __init__(self, movies: Sequence[Movie]) -> None:
        self._ids: list[int] = []
        self._keys: list[str] = []
        for movie in movies:
            phrases = _phrases(movie.title) + _phrases(movie.director)
            self._ids += [movie.id] * len(phrases)
            self._keys += phrases

    def find_word(self, word: str) -> set[int]:
        """Return the ids of the movies that contain the word with one typo."""
        keys = spell(word)
        if len(keys) < _MIN_KEYS:
            return set()
        near = process.extract(
            keys, self._keys, scorer=OSA.distance, processor=None, score_cutoff=_MAX_TYPOS, limit=None
        )
        return {self._ids[index] for _, _, index in near}


def other_layout(word: str) -> str:
    """Return the word typed by the same keys in the other layout, Korean or Latin; empty if that is no word."""
    if word.isascii():
        typed = from_latin_keys(word)
        return typed if _KOREAN.fullmatch(typed) and not word.isdecimal() else ""
    typed = to_latin_keys(word).casefold()
    return typed if typed.isascii() and len(typed) >= _MIN_LATIN else ""


def matched_fields(movie: Movie, words: Iterable[str]) -> list[str]:
    """Return the names of the fields, except the title, in which words of a search are found."""
    fields: list[str] = []
    for word in words:
        variants = [word, other_layout(word)]
        if _has_any(movie.title, variants) or _is_near(movie.title, word):
            continue
        for name, text in (
            ("director", movie.director),
            ("genre", movie.genre),
            ("release_date", movie.release_date[:4]),
        ):
            if _has_any(text, variants) or (name == "director" and _is_near(text, word)):
                fields.append(name)
                break
    return list(dict.fromkeys(fields))


def _has_any(text: str, words: Iterable[str]) -> bool:
    return any(word and has_word(text, word) for word in words)


def _is_near(text: str, word: str) -> bool:
    keys = spell(word)
    return len(keys) >= _MIN_KEYS and any(
        OSA.distance(keys, near, score_cutoff=_MAX_TYPOS) <= _MAX_TYPOS for near in _phrases(text)
    )


@lru_cache(maxsize=32_768)  # reused when the index is rebuilt after a change
def _phrases(text: str) -> tuple[str, ...]:
    """Return the keys of each word of the text and of each sequence of words."""
    words = [spell(fold(word)) for word in text.split()]
    sequences = (accumulate(words[start : start + _MAX_WORDS]) for start in range(len(words)))
    return tuple(phrase for phrases in sequences for phrase in phrases if len(phrase) >= _MIN_KEYS - _MAX_TYPOS)
