"""Normalisation of texts for the bundled model."""

import re
import unicodedata

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
