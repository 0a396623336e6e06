"""Finding movies the way Korean is typed: ㄱㅅㅊ and 기새 find 기생충.

Case, spaces, punctuation and full-width forms do not count.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Set
from functools import cached_property, lru_cache
from itertools import accumulate
from unicodedata import normalize

from app.models import Movie

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
# A Korean keyboard makes one letter of ㄱ and ㅅ typed in a row; in a search they are two initials all the same.
_COMPOUNDS = str.maketrans(
    dict(zip("ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ", "ㄱㅅ ㄴㅈ ㄴㅎ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅂㅅ".split(), strict=True))
)
_FINALS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_GROWING_VOWELS = {8: 4, 13: 4, 18: 2}
"""By a vowel's number (ㅗ, ㅜ, ㅡ): how many it and those are that are typed by going on from it, which follow it."""
_NO_LETTERS = re.compile(r"[\W_ㆍ]+")
_SIMPLE = re.compile("[ -~가-힣ㄱ-ㆎ]*")
_FIRST, _LAST = ord("가"), ord("힣")
_PER_INITIAL, _PER_VOWEL = 588, 28  # the Unicode standard, 3.12: 21 vowels x 28 finals, and 28 finals
_INITIAL_OF = {code: _INITIALS[(code - _FIRST) // _PER_INITIAL] for code in range(_FIRST, _LAST + 1)}


class SearchIndex:
    """Texts (`searched_text`) by key, in one string: a pattern is several times as quick in it as in ten thousand."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts
        self._keys = list(texts)
        self._string = "\n".join(texts.values())
        self._ends = list(accumulate(len(text) + 1 for text in texts.values()))  # where the next one starts

    def find(self, q: str) -> Set[int]:
        """Return the keys of the texts in which every word of `q` is found."""
        found: Set[int] = self._texts.keys()
        for word in split_words(q):
            found = found & self.find_word(word)
        return found

    def find_word(self, word: str) -> Set[int]:
        """Return the keys of the texts in which the word, one of `split_words`, is found."""
        if set(word) <= set(_INITIALS):  # so many texts have two initials that a look at each is quicker
            return {key for key, text in zip(self._keys, self._initials, strict=True) if word in text}
        return set().union(*map(self._find, _patterns(word)))

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


def names_all(text: str, names: str) -> bool:
    """Return whether the text (a movie's genres or directors) names this one, or each of several."""
    return set(_fold_genres(names)) <= set(_fold_genres(text))


def has_word(text: str, word: str) -> bool:
    """Return whether the word, one of `split_words`, is found in the text."""
    folded = fold(text)
    if set(word) <= set(_INITIALS):
        return word in folded.translate(_INITIAL_OF)
    return any(pattern.search(folded) for pattern in _patterns(word))


def beginning(q: str) -> Callable[[str], bool]:
    """Return a predicate for texts that begin with `q`, which is not blank."""
    patterns = _patterns("".join(split_words(q)))
    return lambda text: any(pattern.match(fold(text)) for pattern in patterns)


def searched_text(movie: Movie) -> str:
    """Return what words are looked for in."""
    return "\n".join(map(fold, (movie.title, movie.director, movie.genre, movie.release_date[:4])))


@lru_cache(maxsize=4096)
def split_genre(genre: str) -> tuple[str, ...]:
    """`드라마, SF` is two genres; so are `드라마/SF` and `드라마·SF`."""
    return tuple(part for part in (piece.strip() for piece in re.split(r"[,/·|]", genre)) if part)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return the text without what does not count: case, spaces, punctuation, full-width forms."""
    text = _compatible(text).casefold()
    return _NO_LETTERS.sub("", text) or "".join(text.split())


def _compatible(text: str) -> str:
    """Return the text as NFKC, but for lone Hangul letters, which that would replace by others."""
    text = normalize("NFC", text)
    if _SIMPLE.fullmatch(text):
        return text
    return "".join(char if "ㄱ" <= char <= "ㆎ" else normalize("NFKC", char) for char in text)


@lru_cache(maxsize=4096)
def _fold_genres(genre: str) -> tuple[str, ...]:
    return tuple(map(fold, split_genre(genre)))


def split_words(q: str) -> list[str]:
    """Return the words of a search as they are looked for."""
    words = _compatible(q).casefold().translate(_COMPOUNDS).split()
    return [_NO_LETTERS.sub("", word) or word for word in words]


def _patterns(word: str) -> list[re.Pattern[str]]:
    """Return the patterns that match `word`.

    A lone initial consonant matches every syllable that starts with it, and a last syllable every one it may become
    when more is typed. Several patterns are faster than one with alternatives.
    """
    last = word[-1]
    start = "".join(map(_class, word[:-1]))
    ends = _unfinished(ord(last)) if _FIRST <= ord(last) <= _LAST else [_class(last)]
    return [re.compile(start + end) for end in ends]


def _class(char: str) -> str:
    return f"[{char}{_starting_with(char)}]" if char in _INITIALS else re.escape(char)


@lru_cache(maxsize=4096)
def _unfinished(code: int) -> list[str]:
    """Return the syllables that this one may become when more is typed.

    A final consonant may be the next syllable's first: typing 기생충 passes through 깃, and 말괄량이 through 맑.
    """
    number = (code - _FIRST) % _PER_VOWEL
    if not number:
        vowels = _GROWING_VOWELS.get((code - _FIRST) % _PER_INITIAL // _PER_VOWEL, 1)
        return [f"[{chr(code)}-{chr(code + vowels * _PER_VOWEL - 1)}]"]
    final, bare = _FINALS[number - 1], code - number
    grown = [i for i, other in enumerate(_FINALS, 1) if other == final or other.translate(_COMPOUNDS)[0] == final]
    parts = final.translate(_COMPOUNDS)
    left = bare + _FINALS.index(parts[0]) + 1 if len(parts) > 1 else bare
    return [f"[{''.join(chr(bare + i) for i in grown)}]", f"{chr(left)}[{_starting_with(parts[-1])}]"]


def _starting_with(initial: str) -> str:
    """Return the syllables that start with it, as a range of a pattern."""
    start = _FIRST + _INITIALS.index(initial) * _PER_INITIAL
    return f"{chr(start)}-{chr(start + _PER_INITIAL - 1)}"
