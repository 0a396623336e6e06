"""Hangul letters, and conversion between syllables and the keys of the standard Korean keyboard (두벌식)."""

from functools import cache

FIRST, LAST = ord("가"), ord("힣")
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
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


def spell(text: str) -> str:
    """Replace each syllable by the letters that type it: `값` becomes `ㄱㅏㅂㅅ`."""
    return text.translate(_spellings())


def from_latin_keys(text: str) -> str:
    """Return the text typed by the same keys in the Korean layout: `tkfdls` becomes `살인`."""
    if text.isupper() and not all(key in _KEYS for key in text):
        text = text.lower()  # caps lock
    letters = [_KEYS.get(key) or _KEYS.get(key.lower()) or key for key in text]
    return _compose(letters)


def to_latin_keys(text: str) -> str:
    """Return the text typed by the same keys in the Latin layout: `ㅑㅜㄷㄱㄴㅅ` becomes `inerst`."""
    return "".join(_LATIN.get(letter, letter) for letter in spell(text))


@cache
def _spellings() -> dict[int, str]:
    return str.maketrans(COMPOUNDS) | {code: _spell(code) for code in range(FIRST, LAST + 1)}


def _spell(code: int) -> str:
    initial, rest = divmod(code - FIRST, len(_VOWELS) * len(FINALS))
    vowel, final = divmod(rest, len(FINALS))
    letters = (INITIALS[initial], _VOWELS[vowel], FINALS[final])
    return "".join(COMPOUNDS.get(letter, letter) for letter in letters)


def _compose(letters: list[str]) -> str:
    """Compose letters to syllables like an input method: a consonant before a vowel starts the next syllable."""
    text: list[str] = []
    initial = vowel = final = ""

    def finish() -> None:
        nonlocal initial, vowel, final
        if initial and vowel:
            number = INITIALS.index(initial) * len(_VOWELS) + _VOWELS.index(vowel)
            text.append(chr(FIRST + number * len(FINALS) + FINALS.index(final)))
        else:
            text.append(initial + vowel)
        initial = vowel = final = ""

    for letter in letters:
        if letter in _VOWELS:
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
