"""Explanation of a rating by occlusion: the text is classified without each of its words.

All these texts are one batch. Words are compared by log-odds, because ratings are bounded: a review of three
superlatives is rated 10 without any one of them. A word's weight is its share of the text's log-odds times the rating's
distance from 5; `rating_without` is the rating of the text without the word.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from app.models import Explanation, Sentiment, WordWeight

Span = tuple[int, int]

MAX_WORD_LENGTH = 8  # characters; a longer word, such as a sentence without spaces, is split at the model's tokens
MAX_WORDS = 100  # the words of a longer text are grouped
RATED_WORDS = 5  # words with `rating_without` in each direction, if the text has several parts
PART_LENGTH = 200  # characters; a longer text is explained in parts, weighted by their lengths


class Prediction(NamedTuple):
    """The sentiment of a text, its log-odds of positive, and the stated score (0..10) if the text has one."""

    sentiment: Sentiment
    log_odds: float
    stated_score: float | None = None


class Explainable(Protocol):
    """Interface of a model for `explain`."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction per text, in order."""
        ...

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the (start, end) of each text's tokens."""
        ...


def explain(text: str, model: Explainable) -> Explanation:
    """Return the sentiment of `text`, and each word's weight and rating without it, in the text's order.

    For a text of several parts, only the `RATED_WORDS` strongest words of either direction have a rating without them.
    """
    parts = _parts(_words(text, model.token_spans))
    ends = [(0, len(text))] if len(parts) == 1 else [(part[0][0], part[-1][1]) for part in parts]
    texts = [text]
    for (start, end), part in zip(ends, parts, strict=True):
        texts.append(text[start:end])
        texts += [text[start:word_start] + text[word_end:end] for word_start, word_end in part]
    predictions = _predictions(model, texts)
    odds = (predictions[part_text].log_odds for part_text in texts[1:])
    words: list[WordWeight] = []
    for (first, last), part in zip(ends, parts, strict=True):
        share = (last - first) / sum(end - start for start, end in ends)
        part_odds = next(odds)
        for start, end in part:
            weight = share * _points_per_log_odds(part_odds) * (part_odds - next(odds))
            words.append(WordWeight(text[start:end], start, end, round(min(10.0, max(-10.0, weight)), 4)))
    rated = words if len(parts) == 1 else [*_strongest(words), *_strongest(words, lowering=True)]
    without = {word: text[: word.start] + text[word.end :] for word in rated}
    predictions |= _predictions(model, [rest for rest in without.values() if rest not in predictions])
    ratings = {word: predictions[rest].sentiment.rating for word, rest in without.items()}
    return Explanation(
        predictions[text].sentiment,
        tuple(replace(word, rating_without=ratings.get(word)) for word in words),
        predictions[text].stated_score,
    )


def _predictions(model: Explainable, texts: Sequence[str]) -> dict[str, Prediction]:
    """Return the prediction of each distinct text."""
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, model.predict(distinct) if distinct else [], strict=True))


def _strongest(words: Sequence[WordWeight], *, lowering: bool = False) -> list[WordWeight]:
    """Return the `RATED_WORDS` words with the highest weights above 0, or the lowest below."""
    sign = -1 if lowering else 1
    return sorted((word for word in words if sign * word.weight > 0), key=lambda word: -sign * word.weight)[
        :RATED_WORDS
    ]


def _points_per_log_odds(odds: float) -> float:
    """Return rating points per unit of log-odds, on average from 0 to `odds`."""
    return 5 * math.tanh(odds / 2) / odds if odds else 2.5


def _words(text: str, token_spans: Callable[[Sequence[str]], list[list[Span]]]) -> list[Span]:
    """Return the words between spaces, with long ones split, grouped to at most `MAX_WORDS`."""
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    long = [(start, end) for start, end in spans if end - start > MAX_WORD_LENGTH][:MAX_WORDS]
    spans_of = dict(zip(long, token_spans([text[start:end] for start, end in long]) if long else [], strict=True))
    found = [
        (start + first, start + last)
        for start, end in spans
        for first, last in _join_spans(spans_of.get((start, end), []), end - start)
    ]
    size = -(-len(found) // MAX_WORDS)  # words in a group
    return [(group[0][0], group[-1][1]) for group in (found[at : at + size] for at in range(0, len(found), size or 1))]


def _join_spans(spans: list[Span], length: int) -> list[Span]:
    """Extend `spans` to cover 0 to `length` without gaps, each of at least two characters."""
    ends = [0]
    for _, end in spans:
        if ends[-1] + 2 <= end <= length - 2:
            ends.append(end)
    return list(zip(ends, [*ends[1:], length], strict=True))


def _parts(words: list[Span]) -> list[list[Span]]:
    """Split the words into parts of about equal length, at most `PART_LENGTH` characters (or one longer word)."""
    if not words:
        return []
    length = words[-1][1] - words[0][0]
    max_length = length / -(-length // PART_LENGTH)
    parts: list[list[Span]] = [[]]
    for word in words:
        is_full = parts[-1] and word[1] - parts[-1][0][0] > max_length
        if is_full and word[1] - words[0][0] > max_length * len(parts):
            parts.append([])
        parts[-1].append(word)
    return parts
