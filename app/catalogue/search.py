"""Finding movies the way Korean is typed: ㄱㅅㅊ and 기새 find 기생충; case and spaces do not count."""

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Set
from functools import cached_property, lru_cache
from itertools import accumulate
from unicodedata import normalize

from app.models import Movie

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
# A Korean keyboard makes one letter of ㄱ and ㅅ typed in a row; in a search they are two initials all the same.
_COMPOUNDS = str.maketrans(
    dict(zip("ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ", "ㄱㅅ ㄴㅈ ㄴㅎ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅂㅅ".split(), strict=True))
)
_FIRST, _LAST = ord("가"), ord("힣")
_PER_INITIAL, _PER_VOWEL = 588, 28  # the Unicode standard, 3.12: 21 vowels x 28 finals, and 28 finals
_INITIAL_OF = {code: _INITIALS[(code - _FIRST) // _PER_INITIAL] for code in range(_FIRST, _LAST + 1)}


class Haystack:
    """Texts (`searched_text`) by key, in one string: a pattern is several times as quick in it as in ten thousand."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts
        self._keys = list(texts)
        self._string = "\n".join(texts.values())
        self._ends = list(accumulate(len(text) + 1 for text in texts.values()))  # where the next one starts

    def replace(self, gone: Collection[int], come: dict[int, str]) -> "Haystack":
        """Another with these differences."""
        return Haystack({key: text for key, text in self._texts.items() if key not in gone} | come)

    def find(self, q: str) -> Set[int]:
        """The keys of the texts in which every word of `q` is found."""
        found: Set[int] = self._texts.keys()
        for word in normalize("NFC", q).casefold().translate(_COMPOUNDS).split():
            if set(word) <= set(_INITIALS):  # so many texts have two initials that a look at each is quicker
                found = found & {key for key, text in zip(self._keys, self._initials, strict=True) if word in text}
            else:
                found = found & self._find(_pattern(word))
        return found

    @cached_property
    def _initials(self) -> list[str]:
        """The texts with the initial consonant of each syllable in its place."""
        return [text.translate(_INITIAL_OF) for text in self._texts.values()]

    def _find(self, pattern: re.Pattern[str]) -> set[int]:
        found, place, search, string = set(), 0, pattern.search, self._string
        # A word has no white space, and of that a text has only the ends of its lines: no match begins in one text and
        # ends in another.
        while match := search(string, place):
            number = bisect_right(self._ends, match.start())
            found.add(self._keys[number])
            place = self._ends[number]
        return found


def names_genre(text: str, genre: str) -> bool:
    """Whether the text (a movie's `genre`) names this genre."""
    return _fold(genre) in _fold_genres(text)


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


def _pattern(word: str) -> re.Pattern[str]:
    """What `word` stands for: a lone initial consonant for every syllable that starts with it, and a last syllable
    without a final consonant for every syllable it may still become."""
    last = len(word) - 1
    return re.compile("".join(_class(char, i == last) for i, char in enumerate(word)))


def _class(char: str, is_last: bool) -> str:
    if char in _INITIALS:
        start = _FIRST + _INITIALS.index(char) * _PER_INITIAL
        return f"[{char}{chr(start)}-{chr(start + _PER_INITIAL - 1)}]"
    code = ord(char)
    if is_last and _FIRST <= code <= _LAST and (code - _FIRST) % _PER_VOWEL == 0:
        return f"[{char}-{chr(code + _PER_VOWEL - 1)}]"
    return re.escape(char)
