"""Explains a rating by occlusion: the text is classified without each of its words.

The texts without each of the words are one batch. Words are compared by log-odds, since ratings have a ceiling: a
review of three superlatives rates 10 without any one of them. A word's weight is its share of the text's log-odds
times the rating's distance from 5, and `rating_without` the rating that the text without it gets.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from app.models import Explanation, Sentiment, WordWeight

Span = tuple[int, int]

LONG_WORD = 8  # characters; a longer word, such as a sentence without spaces, is split at the model's tokens
WORDS_MAX = 100  # the words of a longer text are grouped
RATED_WORDS = 5  # of a text of several parts, that are read without, raising and lowering ones each
PART = 200  # characters; a longer text is explained part by part, each counting by its length


class Prediction(NamedTuple):
    """The reading of a text, its log-odds of positive, and the score (0..10) that it states, where that counted."""

    sentiment: Sentiment
    log_odds: float
    stated_score: float | None = None


class Explainable(Protocol):
    """The part of a model that an explanation needs."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text, in order."""
        ...

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the (start, end) of each text's tokens."""
        ...


def explain(text: str, model: Explainable) -> Explanation:
    """Return how `model` reads `text`, and each word's weight and rating without it, in the text's order.

    A text of several parts is read as a whole only without the `RATED_WORDS` strongest words of either side.
    """
    parts = _parts(_words(text, model.token_spans))
    ends = [(0, len(text))] if len(parts) == 1 else [(part[0][0], part[-1][1]) for part in parts]
    asked = [text]
    for (start, end), part in zip(ends, parts, strict=True):
        asked.append(text[start:end])
        asked += [text[start:word_start] + text[word_end:end] for word_start, word_end in part]
    predictions = _predictions(model, asked)
    odds = (predictions[one].log_odds for one in asked[1:])
    words: list[WordWeight] = []
    for (first, last), part in zip(ends, parts, strict=True):
        share = (last - first) / sum(end - start for start, end in ends)
        whole = next(odds)
        for start, end in part:
            weight = share * _points(whole) * (whole - next(odds))
            words.append(WordWeight(text[start:end], start, end, round(min(10.0, max(-10.0, weight)), 4)))
    rated = words if len(parts) == 1 else [*_strongest(words), *_strongest(words, lowering=True)]
    without = {word: text[: word.start] + text[word.end :] for word in rated}
    predictions |= _predictions(model, [left for left in without.values() if left not in predictions])
    ratings = {word: predictions[left].sentiment.rating for word, left in without.items()}
    return Explanation(
        predictions[text].sentiment,
        tuple(replace(word, rating_without=ratings.get(word)) for word in words),
        predictions[text].stated_score,
    )


def _predictions(model: Explainable, texts: Sequence[str]) -> dict[str, Prediction]:
    """Return the prediction of each different text."""
    different = list(dict.fromkeys(texts))
    return dict(zip(different, model.predict(different) if different else [], strict=True))


def _strongest(words: Sequence[WordWeight], *, lowering: bool = False) -> list[WordWeight]:
    """Return the `RATED_WORDS` words with the highest weights above 0, or the lowest below."""
    sign = -1 if lowering else 1
    return sorted((word for word in words if sign * word.weight > 0), key=lambda word: -sign * word.weight)[
        :RATED_WORDS
    ]


def _points(odds: float) -> float:
    """Return the rating's distance from 5 for each unit of log-odds, on average from 0 to `odds`."""
    return 5 * math.tanh(odds / 2) / odds if odds else 2.5


def _words(text: str, pieces: Callable[[Sequence[str]], list[list[Span]]]) -> list[Span]:
    """Return the words between spaces, long ones split, at most `WORDS_MAX` in all."""
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
    """Return `spans` from 0 to `length` without gaps, each of two characters or more."""
    ends = [0]
    for _, end in spans:
        if ends[-1] + 2 <= end <= length - 2:
            ends.append(end)
    return list(zip(ends, [*ends[1:], length], strict=True))


def _parts(words: list[Span]) -> list[list[Span]]:
    """Return the words in parts of about equal length, at most `PART` characters (a longer word is its own part)."""
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
