"""A review with its words marked by what they do to its rating; templates shade them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.models import WordWeight

THRESHOLDS = (0.3, 0.5, 0.8, 1.6)
"""The weights from which on a word is marked with strength 1, 2, 3, 4: below the first, marks would be everywhere.
`static/app.js` uses them, too."""
MIN_NOTICEABLE = THRESHOLDS[0]
STRONG = 3
"""The strength from which on a mark says 강; below it says 약."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A stretch of the text. `mood` is empty where it does nothing; `strength` is 1 (weak) to 4 (strong)."""

    text: str
    mood: str = ""
    strength: int = 0

    @property
    def is_strong(self) -> bool:
        return self.strength >= STRONG


def strength(weight: float) -> int:
    """Return how many of `THRESHOLDS` a weight reaches, 0 to 4."""
    return sum(abs(weight) >= step for step in THRESHOLDS)


def highlight(text: str, words: Sequence[WordWeight]) -> list[Highlight]:
    """Return the whole text in stretches, words and what lies between them."""
    return list(_highlights(text, words))


def _highlights(text: str, words: Sequence[WordWeight]) -> Iterator[Highlight]:
    at = 0
    for word in words:
        if word.start > at:
            yield Highlight(text[at : word.start])
        if abs(word.weight) < MIN_NOTICEABLE:
            yield Highlight(word.text)
        else:
            yield Highlight(word.text, "positive" if word.weight > 0 else "negative", strength(word.weight))
        at = word.end
    if at < len(text):
        yield Highlight(text[at:])
