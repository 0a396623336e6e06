"""Hangul letters, syllables, and the keys of the standard Korean keyboard (두벌식)."""

import re
from functools import cache

FIRST, LAST = ord("가"), ord("힣")
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
FILLER = "\u3164"
# KS X 1001's encoding of further syllables: a filler, two letters, and a third letter or another filler.
_FILLED_SYLLABLE = re.compile(f"{FILLER}([{INITIALS}])([{VOWELS}])([{''.join(FINALS)}{FILLER}])")
COMPOUNDS = dict(
    zip(
        "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄㅘㅙㅚㅝㅞㅟㅢ",
        "ㄱㅅ ㄴㅈ ㄴㅎ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅂㅅ ㅗㅏ ㅗㅐ ㅗㅣ ㅜㅓ ㅜㅔ ㅜㅣ ㅡㅣ".split(),
        strict=True,
    )
)
"""Letters typed with two keys."""
_COMPOUND_OF = {parts: compound for compound, parts in COMPOUNDS.items()}
_KEYS = dict(
    zip(
        "qwertyuiopasdfghjklzxcvbnm" + "QWERTOP",
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ" + "ㅃㅉㄸㄲㅆㅒㅖ",
        strict=True,
    )
)
_LATIN = {letter: key for key, letter in _KEYS.items()}


def compose(initial: str, vowel: str, final: str = "") -> str:
    """Return the syllable of an initial consonant, a vowel and, if any, a final consonant."""
    index = (INITIALS.index(initial) * len(VOWELS) + VOWELS.index(vowel)) * len(FINALS) + FINALS.index(final)
    return chr(FIRST + index)


def compose_filled(text: str) -> str:
    """Compose the syllables that are encoded with a filler."""
    return _FILLED_SYLLABLE.sub(lambda match: compose(match[1], match[2], match[3].strip(FILLER)), text)


def spell(text: str) -> str:
    """Replace each syllable by the letters that type it: `값` becomes `ㄱㅏㅂㅅ`."""
    return text.translate(_spellings())


def from_latin_keys(text: str) -> str:
    """Return the text typed by the same keys in the Korean layout: `tkfdls` becomes `살인`."""
    if text.isupper() and not all(key in _KEYS for key in text):
        text = text.lower()  # caps lock
    letters = [_KEYS.get(key) or _KEYS.get(key.lower()) or key for key in text]
    return _compose_all(letters)


def to_latin_keys(text: str) -> str:
    """Return the text typed by the same keys in the Latin layout: `ㅑㅜㄷㄱㄴㅅ` becomes `inerst`."""
    return "".join(_LATIN.get(letter, letter) for letter in spell(text))


@cache
def _spellings() -> dict[int, str]:
    return str.maketrans(COMPOUNDS) | {code: _spell(code) for code in range(FIRST, LAST + 1)}


def _spell(code: int) -> str:
    initial, rest = divmod(code - FIRST, len(VOWELS) * len(FINALS))
    vowel, final = divmod(rest, len(FINALS))
    letters = (INITIALS[initial], VOWELS[vowel], FINALS[final])
    return "".join(COMPOUNDS.get(letter, letter) for letter in letters)


def _compose_all(letters: list[str]) -> str:
    """Compose letters to syllables like an input method: a consonant before a vowel starts the next syllable."""
    text: list[str] = []
    initial = vowel = final = ""

    def finish() -> None:
        nonlocal initial, vowel, final
        if initial and vowel:
            text.append(compose(initial, vowel, final))
        else:
            text.append(initial + vowel)
        initial = vowel = final = ""

    for letter in letters:
        if letter in VOWELS:
            if final:  # it is the initial of this syllable instead
                parts = COMPOUNDS.get(final, final)
                final = parts[:-1]
                finish()
                initial, vowel = parts[-1], letter
            elif vowel + letter in _COMPOUND_OF:
                vowel = _COMPOUND_OF[vowel + letter]
            else:
                if vowel:
                    finish()
                vowel = letter
        elif letter in INITIALS:
            if vowel and initial and final + letter in FINALS:
                final += letter
            elif final + letter in _COMPOUND_OF:
                final = _COMPOUND_OF[final + letter]
            else:
                finish()
                initial = letter
        else:
            finish()
            text.append(letter)
    finish()
    return "".join(text)
