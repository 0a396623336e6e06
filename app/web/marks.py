"""A review with its words marked by what they do to its rating; templates shade and number them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.models import Word

STEPS = (0.3, 0.5, 0.8, 1.6)
"""Points of ten from which on a word is marked a little, more, much, a lot. A review has ten words or so, and each does
something: below the first, marks would be everywhere and tell nothing. `static/app.js` is handed these, too."""
NOTICED = STEPS[0]


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the text. `mood` is empty where it does nothing; `strength` is 1 (a little) to 4 (a lot)."""

    text: str
    mood: str = ""
    strength: int = 0
    weight: float = 0.0


def mark(text: str, words: Sequence[Word]) -> list[Mark]:
    """The whole text in stretches, words and what lies between them."""
    return list(_marks(text, words))


def _marks(text: str, words: Sequence[Word]) -> Iterator[Mark]:
    at = 0
    for word in words:
        if word.start > at:
            yield Mark(text[at : word.start])
        if abs(word.weight) < NOTICED:
            yield Mark(word.text)
        else:
            strength = sum(abs(word.weight) >= least for least in STEPS)
            yield Mark(word.text, "positive" if word.weight > 0 else "negative", strength, word.weight)
        at = word.end
    if at < len(text):
        yield Mark(text[at:])
