"""Hangul letters: syllables taken apart into the keys that type them, on the standard Korean keyboard (두벌식)."""

from functools import cache

_FIRST, _LAST = ord("가"), ord("힣")
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
_PARTS = dict(
    zip(
        "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄㅘㅙㅚㅝㅞㅟㅢ",
        "ㄱㅅ ㄴㅈ ㄴㅎ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅂㅅ ㅗㅏ ㅗㅐ ㅗㅣ ㅜㅓ ㅜㅔ ㅜㅣ ㅡㅣ".split(),
        strict=True,
    )
)
"""Letters that take two keys."""
_WHOLES = {parts: whole for whole, parts in _PARTS.items()}
_KEYS = dict(
    zip(
        "qwertyuiopasdfghjklzxcvbnm" + "QWERTOP",
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ" + "ㅃㅉㄸㄲㅆㅒㅖ",
        strict=True,
    )
)
_LATIN = {letter: key for key, letter in _KEYS.items()}


def spell(text: str) -> str:
    """Return the text with each syllable as the letters that type it: `값` is `ㄱㅏㅂㅅ`."""
    return text.translate(_spellings())


def from_latin_keys(text: str) -> str:
    """Return what the keys of a Latin text type on a Korean keyboard: `tkfdls` is `살인`."""
    if text.isupper() and not all(key in _KEYS for key in text):
        text = text.lower()  # caps lock
    letters = [_KEYS.get(key) or _KEYS.get(key.lower()) or key for key in text]
    return _compose(letters)


def to_latin_keys(text: str) -> str:
    """Return the Latin letters on the keys that type a Korean text: `ㅑㅜㄷㄱㄴㅅ` is `inerst`."""
    return "".join(_LATIN.get(letter, letter) for letter in spell(text))


@cache
def _spellings() -> dict[int, str]:
    return str.maketrans(_PARTS) | {code: _spell(code) for code in range(_FIRST, _LAST + 1)}


def _spell(code: int) -> str:
    initial, rest = divmod(code - _FIRST, len(_VOWELS) * len(_FINALS))
    vowel, final = divmod(rest, len(_FINALS))
    letters = (_INITIALS[initial], _VOWELS[vowel], _FINALS[final])
    return "".join(_PARTS.get(letter, letter) for letter in letters)


def _compose(letters: list[str]) -> str:
    """Put letters together to syllables as an input method does: a final consonant before a vowel starts the next."""
    text: list[str] = []
    initial = vowel = final = ""

    def finish() -> None:
        nonlocal initial, vowel, final
        if initial and vowel:
            number = _INITIALS.index(initial) * len(_VOWELS) + _VOWELS.index(vowel)
            text.append(chr(_FIRST + number * len(_FINALS) + _FINALS.index(final)))
        else:
            text.append(initial + vowel)
        initial = vowel = final = ""

    for letter in letters:
        if letter in _VOWELS:
            if final:  # it was the first letter of this syllable
                parts = _PARTS.get(final, final)
                final = parts[:-1]
                finish()
                initial, vowel = parts[-1], letter
            elif vowel + letter in _WHOLES:
                vowel = _WHOLES[vowel + letter]
            else:
                if vowel:
                    finish()
                vowel = letter
        elif letter in _INITIALS:
            if vowel and initial and final + letter in _FINALS:
                final += letter
            elif final + letter in _WHOLES:
                final = _WHOLES[final + letter]
            else:
                finish()
                initial = letter
        else:
            finish()
            text.append(letter)
    finish()
    return "".join(text)
