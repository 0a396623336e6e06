"""Rank 1. Why a text rates as it does: how it reads without each of its words (occlusion). May import models.

The texts without each of the words are one batch. Words are compared by log-odds, since ratings have a ceiling: a
review of three superlatives rates 10 without any one of them. A word's weight is its share of the text's log-odds
times the rating's distance from 5, and `rating_without` the rating that the text without it gets.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from app.models import Explanation, Sentiment, Word

Span = tuple[int, int]

LONG_WORD = 8  # letters; a longer "word" is a sentence without spaces, and is taken apart as the model reads it
WORDS_MAX = 100  # of a longer text, neighbours are taken together
RATED_WORDS = 5  # of a text of several parts, that are read without, raising and lowering ones each
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
    """Return how `model` reads `text`, and each word's weight and rating without it, in the text's order.

    A text of several parts is read as a whole only without the `RATED_WORDS` strongest words of either side.
    """
    parts = _parts(_words(text, model.pieces))
    ends = [(0, len(text))] if len(parts) == 1 else [(part[0][0], part[-1][1]) for part in parts]
    asked = [text]
    for (start, end), part in zip(ends, parts, strict=True):
        asked.append(text[start:end])
        asked += [text[start:word_start] + text[word_end:end] for word_start, word_end in part]
    verdicts = _judge(model, asked)
    odds = (verdicts[one].log_odds for one in asked[1:])
    words: list[Word] = []
    for (first, last), part in zip(ends, parts, strict=True):
        share = (last - first) / sum(end - start for start, end in ends)
        whole = next(odds)
        for start, end in part:
            weight = share * _points(whole) * (whole - next(odds))
            words.append(Word(text[start:end], start, end, round(min(10.0, max(-10.0, weight)), 4)))
    rated = words if len(parts) == 1 else [*_strongest(words), *_strongest(words, lowering=True)]
    without = {word: text[: word.start] + text[word.end :] for word in rated}
    verdicts |= _judge(model, [left for left in without.values() if left not in verdicts])
    ratings = {word: verdicts[left].sentiment.rating for word, left in without.items()}
    return Explanation(
        verdicts[text].sentiment, tuple(replace(word, rating_without=ratings.get(word)) for word in words)
    )


def _judge(model: Explainable, texts: Sequence[str]) -> dict[str, Verdict]:
    """Return the verdict of each different text."""
    different = list(dict.fromkeys(texts))
    return dict(zip(different, model.judge(different) if different else [], strict=True))


def _strongest(words: Sequence[Word], *, lowering: bool = False) -> list[Word]:
    """Return the `RATED_WORDS` words with the highest weights above 0, or the lowest below."""
    sign = -1 if lowering else 1
    return sorted((word for word in words if sign * word.weight > 0), key=lambda word: -sign * word.weight)[
        :RATED_WORDS
    ]


def _points(odds: float) -> float:
    """Return the rating's distance from 5 for each unit of log-odds, on average from 0 to `odds`."""
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
