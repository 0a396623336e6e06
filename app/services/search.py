"""Search for movies by Korean text while it is typed: ㄱㅅㅊ and 기새 find 기생충.

Case, spaces, punctuation and full-width forms are ignored.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Set
from functools import cached_property, lru_cache
from itertools import accumulate
from unicodedata import normalize

from app.hangul import COMPOUNDS, FINALS, FIRST, INITIALS, LAST
from app.models import Movie

# An input method combines ㄱ and ㅅ typed in a row to ㄳ; in a search they are two initial consonants.
_COMPOUNDS = str.maketrans({letter: parts for letter, parts in COMPOUNDS.items() if letter in FINALS})
_COMPOUND_VOWELS = {8: 4, 13: 4, 18: 2}
"""By the index of a vowel (ㅗ, ㅜ, ㅡ): the number of consecutive vowels that start with it (ㅗㅘㅙㅚ)."""
_NO_LETTERS = re.compile(r"[\W_ㆍ]+")
_SIMPLE = re.compile("[ -~가-힣ㄱ-ㆎ]*")
_PER_INITIAL, _PER_VOWEL = 588, 28  # the Unicode standard, 3.12: 21 vowels x 28 finals, and 28 finals
_INITIAL_OF = {code: INITIALS[(code - FIRST) // _PER_INITIAL] for code in range(FIRST, LAST + 1)}


class SearchIndex:
    """Texts (`searched_text`) by key, joined to one string, in which a search is several times as fast."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts
        self._keys = list(texts)
        self._string = "\n".join(texts.values())
        self._ends = list(accumulate(len(text) + 1 for text in texts.values()))  # where the next text starts

    def find_word(self, word: str) -> Set[int]:
        """Return the keys of the texts that contain the word, one of `split_words`."""
        if set(word) <= set(INITIALS):  # matches so many texts that comparing each one is faster
            return {key for key, text in zip(self._keys, self._initials, strict=True) if word in text}
        return set().union(*map(self._find, _patterns(word)))

    @cached_property
    def _initials(self) -> list[str]:
        """The texts with each syllable replaced by its initial consonant."""
        return [text.translate(_INITIAL_OF) for text in self._texts.values()]

    def _find(self, pattern: re.Pattern[str]) -> set[int]:
        found, start = set(), 0
        # A match cannot span two texts: words contain no white space, and texts are separated by a line end.
        while match := pattern.search(self._string, start):
            index = bisect_right(self._ends, match.start())
            found.add(self._keys[index])
            start = self._ends[index]
        return found


def has_all_names(text: str, names: str) -> bool:
    """Return whether the text (a movie's genres or directors) has all of these names."""
    return set(_fold_names(names)) <= set(_fold_names(text))


def has_word(text: str, word: str) -> bool:
    """Return whether the text contains the word, one of `split_words`."""
    return bool(SearchIndex({0: fold(text)}).find_word(word))


def starts_with(q: str) -> Callable[[str], bool]:
    """Return a predicate for texts that start with `q` (not blank)."""
    patterns = _patterns("".join(split_words(q)))
    return lambda text: any(pattern.match(fold(text)) for pattern in patterns)


def nickname_key(nickname: str) -> str:
    """Return the form in which nicknames are compared: without case, spaces, punctuation and full-width forms."""
    return fold(nickname)


def searched_text(movie: Movie) -> str:
    """Return the movie's fields in the form that is searched."""
    return "\n".join(map(fold, (movie.title, movie.director, movie.genre, movie.release_date[:4])))


@lru_cache(maxsize=4096)
def split_names(names: str) -> tuple[str, ...]:
    """Split a list of names: `드라마, SF`, `드라마/SF` and `드라마·SF` are two genres."""
    return tuple(part for part in (piece.strip() for piece in re.split(r"[,/·|]", names)) if part)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Remove case, spaces, punctuation and full-width forms."""
    text = _to_nfkc(text).casefold()
    return _NO_LETTERS.sub("", text) or "".join(text.split())


def _to_nfkc(text: str) -> str:
    """Normalise the text to NFKC, except single Hangul letters, which NFKC replaces by conjoining jamo."""
    text = normalize("NFC", text)
    if _SIMPLE.fullmatch(text):
        return text
    return "".join(char if "ㄱ" <= char <= "ㆎ" else normalize("NFKC", char) for char in text)


@lru_cache(maxsize=4096)
def _fold_names(names: str) -> tuple[str, ...]:
    return tuple(map(fold, split_names(names)))


def split_words(q: str) -> list[str]:
    """Split a search into words in the form of the searched text."""
    words = _to_nfkc(q).casefold().translate(_COMPOUNDS).split()
    return [_NO_LETTERS.sub("", word) or word for word in words]


def _patterns(word: str) -> list[re.Pattern[str]]:
    """Return the patterns that match `word`.

    A single consonant matches every syllable that starts with it, and the last syllable every one that it may become
    while typing. Several patterns are faster than one with alternatives.
    """
    last = word[-1]
    start = "".join(map(_class, word[:-1]))
    ends = _completions(ord(last)) if FIRST <= ord(last) <= LAST else [_class(last)]
    return [re.compile(start + end) for end in ends]


def _class(char: str) -> str:
    return f"[{char}{_starting_with(char)}]" if char in INITIALS else re.escape(char)


@lru_cache(maxsize=4096)
def _completions(code: int) -> list[str]:
    """Return patterns for the syllables that this one may become while typing.

    A final consonant may belong to the next syllable: typing 기생충 passes through 깃, and 말괄량이 through 맑.
    """
    number = (code - FIRST) % _PER_VOWEL
    if not number:
        vowels = _COMPOUND_VOWELS.get((code - FIRST) % _PER_INITIAL // _PER_VOWEL, 1)
        return [f"[{chr(code)}-{chr(code + vowels * _PER_VOWEL - 1)}]"]
    final, open_syllable = FINALS[number], code - number
    extended = [i for i, other in enumerate(FINALS) if other.translate(_COMPOUNDS)[:1] == final or other == final]
    parts = final.translate(_COMPOUNDS)
    rest = open_syllable + FINALS.index(parts[0]) if len(parts) > 1 else open_syllable
    return [f"[{''.join(chr(open_syllable + i) for i in extended)}]", f"{chr(rest)}[{_starting_with(parts[-1])}]"]


def _starting_with(initial: str) -> str:
    """Return the range, in a regular expression, of the syllables that start with a consonant."""
    start = FIRST + INITIALS.index(initial) * _PER_INITIAL
    return f"{chr(start)}-{chr(start + _PER_INITIAL - 1)}"
