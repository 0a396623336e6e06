"""Rank 1. Why a text rates as it does: how far it leans without each of its words (occlusion). May import models.

Leaving a word out is exact, and cheap for so small a model: the text without each of its words is one batch. What is
compared is the log-odds of positive, since ratings have a ceiling: a review of three superlatives rates 10 without
any one of them. A word's weight is the log-odds it brings, told in points of a rating of 10 x P(positive): times
what one unit of the whole text's log-odds is worth on the way from 5 to its rating.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from app.models import Explanation, Sentiment, Word

Span = tuple[int, int]

LONG_WORD = 8  # letters; a longer "word" is a sentence without spaces, and is taken apart as the model reads it
WORDS_MAX = 100  # of a longer text, neighbours are taken together
PART = 200  # characters; a longer text is explained part by part, each counting by its length


class Verdict(NamedTuple):
    """How a text was read, and how far it leans to positive (above 0) or to negative."""

    sentiment: Sentiment
    log_odds: float


class Explainable(Protocol):
    """What explaining needs of a model."""

    def judge(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict a text, in order."""
        ...

    def pieces(self, texts: Sequence[str]) -> list[list[Span]]:
        """Where the tokens of each text lie, as (start, end)."""
        ...


def explain(text: str, model: Explainable) -> Explanation:
    """How `model` reads `text`, and each word's weight in points of ten, in the text's order."""
    parts = _parts(_words(text, model.pieces))
    asked = [text]
    for part in parts:
        start, end = part[0][0], part[-1][1]
        asked.append(text[start:end])
        asked += [text[start:word_start] + text[word_end:end] for word_start, word_end in part]
    different = list(dict.fromkeys(asked))  # of one part, the part is the text; of a word said twice, one does for both
    verdicts = dict(zip(different, model.judge(different), strict=True))
    odds = (verdicts[one].log_odds for one in asked[1:])
    words: list[Word] = []
    for part in parts:
        share = (part[-1][1] - part[0][0]) / sum(other[-1][1] - other[0][0] for other in parts)
        whole = next(odds)
        for start, end in part:
            weight = share * _points(whole) * (whole - next(odds))
            words.append(Word(text[start:end], start, end, round(min(10.0, max(-10.0, weight)), 4)))
    return Explanation(verdicts[text].sentiment, tuple(words))


def _points(odds: float) -> float:
    """Points of a rating of 10 x P(positive) for a unit of log-odds, on average from 0 to `odds`."""
    return 5 * math.tanh(odds / 2) / odds if odds else 2.5


def _words(text: str, pieces: Callable[[Sequence[str]], list[list[Span]]]) -> list[Span]:
    """Words between spaces; long ones in pieces of two letters and more; never more than `WORDS_MAX` in all."""
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    long = [(start, end) for start, end in spans if end - start > LONG_WORD][:WORDS_MAX]
    cut = dict(zip(long, pieces([text[start:end] for start, end in long]) if long else [], strict=True))
    found = [
        (start + first, start + last)
        for start, end in spans
        for first, last in _joined(cut.get((start, end), []), end - start)
    ]
    size = -(-len(found) // WORDS_MAX)  # neighbours to a group
    return [(group[0][0], group[-1][1]) for group in (found[at : at + size] for at in range(0, len(found), size or 1))]


def _joined(spans: list[Span], length: int) -> list[Span]:
    """`spans` from 0 to `length` without gaps, each of two letters or more."""
    ends = [0]
    for _, end in spans:
        if ends[-1] + 2 <= end <= length - 2:
            ends.append(end)
    return list(zip(ends, [*ends[1:], length], strict=True))


def _parts(words: list[Span]) -> list[list[Span]]:
    """The words in parts of at most `PART` characters (a longer word is a part of its own), even in length."""
    if not words:
        return []
    length = words[-1][1] - words[0][0]
    most = length / -(-length // PART)
    parts: list[list[Span]] = [[]]
    for word in words:
        if parts[-1] and word[1] - parts[-1][0][0] > most and word[1] - words[0][0] > most * len(parts):
            parts.append([])
        parts[-1].append(word)
    return parts
