"""Texts for the bundled model: their normalisation, and the score that one states in digits or stars."""

import re
import unicodedata
from typing import NamedTuple

import emoji

from app.hangul import FINALS, INITIALS, VOWELS, compose, compose_filled

# The characters with Unicode's property Default_Ignorable_Code_Point, which are invisible.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LOOSE_SYLLABLE = re.compile(f"([{INITIALS}])([{VOWELS}])([{''.join(FINALS)}]?)(?![{VOWELS}])")
_LOOSE_WORD = re.compile(f"(?:{_LOOSE_SYLLABLE.pattern})+")
_LETTERS = re.compile("([\u3131-\u3163]+)")
_EMOTICON = re.compile(f"[{INITIALS}ㅜㅠㅡ]+")  # ㅋㅠ and ㅇㅡㅇ are emoticons, not syllables
_HALF_WIDTH = {
    code: chr(int(parts[1], 16))
    for code in range(0xFFA1, 0xFFDD)
    if len(parts := unicodedata.decomposition(chr(code)).split()) == 2
}
_SYMBOL = re.compile("[^\0-\u1fff\u3131-\u318e\uac00-\ud7a3]")  # every emoji's first character, and some others
_REPEATED = re.compile(r"(.)\1{3,}")

_NUMBER = r"\d{1,3}(?:\.\d{1,2})?"
_COUNTS = {"반": 0.5, "하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "넷": 4, "네": 4, "다섯": 5}
_OUT_OF = re.compile(
    rf"(?<![\d.])(?P<maximum>{_NUMBER})\s*점?\s*만점\s*(?:에서?|중에?)?\s*(?P<score>{_NUMBER})점?(?!\.?\d)"
)
_FRACTION = re.compile(rf"(?<![\d/.,-])(?P<score>{_NUMBER})\s*점?\s*/\s*(?P<maximum>5|10|100)점?(?!\.?\d|\s*[/월일])")
_SIGNS = re.compile("(?<![★☆])(?=[★☆]{5}(?![★☆]))(?P<signs>★*)☆*")
_STARS = re.compile(
    rf"(?<![가-힣])별\s*(?P<count>하나|둘|셋|넷|다섯|(?:{'|'.join(_COUNTS)}|{_NUMBER})\s*개)[은는이가도만]?(?P<half>\s*반)?(?![가-힣])"
    rf"|(?<![가-힣])별점\s*:?\s*(?P<points>{_NUMBER})\s*점"
)


def normalize(text: str) -> str:
    """Normalise `text` for the model's vocabulary: NFKC, lower case, no white space, no ignorable characters.

    Emoji are replaced by their Korean names (Unicode CLDR's, from the `emoji` package). Half-width and single Hangul
    letters that form syllables are composed. ㅜ is replaced by ㅠ, and a character is repeated at most three times.
    """
    if not text.isascii():
        text = drop_ignorable(compose_syllables(text))
        if _SYMBOL.search(text):
            text = emoji.demojize(text, delimiters=(" ", " "), language="ko").replace("_", " ")
        # Single letters such as ㅋ are left out, because NFKC replaces them by conjoining jamo.
        parts = _LETTERS.split(text)
        parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
        text = "".join(parts)
    text = "".join(text.lower().split()).replace("ㅜ", "ㅠ")
    return _REPEATED.sub(r"\1\1\1", text)


def has_emoji(text: str) -> bool:
    return _SYMBOL.search(text) is not None and emoji.emoji_count(text) > 0


def drop_ignorable(text: str) -> str:
    """Remove invisible characters from `text`."""
    return _IGNORABLE.sub("", text)


def compose_syllables(text: str) -> str:
    """Compose half-width, single and filler-encoded Hangul letters of `text` to syllables."""
    text = compose_filled(text).translate(_HALF_WIDTH)
    return _LETTERS.sub(_compose_run, text)


def _compose_run(match: re.Match[str]) -> str:
    letters = match[0]
    if _EMOTICON.fullmatch(letters) or not _LOOSE_WORD.fullmatch(letters):
        return letters
    return _LOOSE_SYLLABLE.sub(lambda syllable: compose(*syllable.groups()), letters)


class StatedScore(NamedTuple):
    """A score from 0 to 10, and `weight`, the share of the text's characters that state it (0..1)."""

    score: float
    weight: float


def stated_score(text: str) -> StatedScore | None:
    """Return the first score that `text` states, or None.

    Supported are a score with its maximum ("10점 만점에 3점", "8/10", "87/100"), five ★ and ☆, and stars in words or
    digits ("별 반 개", "별 네 개 반", "별점 4점"). Up to five stars count out of five, more out of ten.
    """
    text = drop_ignorable(text)
    if match := _OUT_OF.search(text) or _FRACTION.search(text):
        score, maximum = float(match["score"]), float(match["maximum"])
    elif match := _SIGNS.search(text):
        score, maximum = len(match["signs"]), 5
    elif match := _STARS.search(text):
        word = (match["points"] or match["count"]).rstrip("개 ")
        score = float(_COUNTS.get(word, word)) + (0.5 if match["half"] else 0)
        maximum = 5 if score <= 5 else 10
    else:
        return None
    if not 0 < maximum >= score:
        return None
    return StatedScore(10 * score / maximum, _characters(match[0]) / _characters(text))


def _characters(text: str) -> int:
    return len("".join(text.split()))
