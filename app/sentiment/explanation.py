"""Explanation of a rating by occlusion: the text is classified without each of its words.

All these texts are one batch. Words are compared by log-odds, because ratings are bounded: a review of three
superlatives is rated 10 without any one of them. A word's weight is its share of the text's log-odds times the rating's
distance from 5; `rating_without` is the rating of the text without the word.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from app.models import Explanation, Sentiment, WordWeight

Span = tuple[int, int]

# A word of up to eight characters is one span; a longer one, such as a sentence without spaces, is split into spans of
# three, of which the last has two to four.
_WORD = re.compile(r"(?<!\S)\S{1,8}(?!\S)|\S{3}(?=\S{2})|\S+")
MAX_WORDS = 100  # the words of a longer text are grouped
RATED_WORDS = 5  # words with `rating_without` in each direction, if the text has several parts
PART_LENGTH = 200  # characters; a longer text is explained in parts, weighted by their lengths


class Prediction(NamedTuple):
    """The sentiment of a text, its log-odds of positive, and the stated score (0..10) if the text has one."""

    sentiment: Sentiment
    log_odds: float
    stated_score: float | None = None


Predict = Callable[[Sequence[str]], list[Prediction]]
"""A model: a function that returns one prediction per text, in order."""


def explain(text: str, predict: Predict) -> Explanation:
    """Return the sentiment of `text`, and each word's weight and rating without it, in the text's order.

    For a text of several parts, only the `RATED_WORDS` strongest words of either direction have a rating without them.
    """
    predictions: dict[str, Prediction] = {}

    def compute(texts: Iterable[str]) -> None:
        missing = [text for text in dict.fromkeys(texts) if text not in predictions]
        predictions.update(zip(missing, predict(missing), strict=True))

    parts = _parts(_words(text))
    ends = [(0, len(text))] if len(parts) == 1 else [(part[0][0], part[-1][1]) for part in parts]
    texts = [text]
    for (start, end), part in zip(ends, parts, strict=True):
        texts.append(text[start:end])
        texts += [text[start:word_start] + text[word_end:end] for word_start, word_end in part]
    compute(texts)
    words: list[WordWeight] = []
    for (start, end), part in zip(ends, parts, strict=True):
        odds = predictions[text[start:end]].log_odds
        points = _points_per_log_odds(odds) * (end - start) / sum(last - first for first, last in ends)
        for word_start, word_end in part:
            without = predictions[text[start:word_start] + text[word_end:end]].log_odds
            weight = min(10.0, max(-10.0, points * (odds - without)))
            words.append(WordWeight(text[word_start:word_end], word_start, word_end, round(weight, 4)))
    rated = words if len(parts) == 1 else _strongest(words)
    rests = {word: text[: word.start] + text[word.end :] for word in rated}
    compute(rests.values())
    ratings = {word: predictions[rest].sentiment.rating for word, rest in rests.items()}
    return Explanation(
        predictions[text].sentiment,
        tuple(replace(word, rating_without=ratings.get(word)) for word in words),
        predictions[text].stated_score,
    )


def _strongest(words: Sequence[WordWeight]) -> list[WordWeight]:
    """Return the `RATED_WORDS` words with the highest weights above 0, and as many with the lowest below."""
    ascending = sorted(words, key=lambda word: word.weight)
    lowest, highest = ascending[:RATED_WORDS], ascending[-RATED_WORDS:]
    return [word for word in lowest if word.weight < 0] + [word for word in highest if word.weight > 0]


def _points_per_log_odds(odds: float) -> float:
    """Return rating points per unit of log-odds, on average from 0 to `odds`."""
    return 5 * math.tanh(odds / 2) / odds if odds else 2.5


def _words(text: str) -> list[Span]:
    """Return the (start, end) of the words of `text`, grouped to at most `MAX_WORDS`."""
    spans = [match.span() for match in _WORD.finditer(text)]
    size = max(1, math.ceil(len(spans) / MAX_WORDS))  # words in a group
    groups = [spans[at : at + size] for at in range(0, len(spans), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _parts(words: list[Span]) -> list[list[Span]]:
    """Split the words into parts of about equal length, at most `PART_LENGTH` characters (or one longer word)."""
    if not words:
        return []
    length = words[-1][1] - words[0][0]
    max_length = length / math.ceil(length / PART_LENGTH)
    parts: list[list[Span]] = [[]]
    for word in words:
        is_full = parts[-1] and word[1] - parts[-1][0][0] > max_length
        if is_full and word[1] - words[0][0] > max_length * len(parts):
            parts.append([])
        parts[-1].append(word)
    return parts
