"""Rank 1. What a model's labels mean: class probabilities in, `Sentiment` out. May import numpy, models, errors.

The scale is read from `config.id2label`; `README.md` lists the label sets. Every set comes down to two weights a class:
how positive it is (0, 0.5 or 1) and how many points of ten it is worth.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ModelError
from app.models import Label, Sentiment

_POLARITY = {
    **dict.fromkeys(("negative", "neg", "부정", "부정적"), 0.0),
    **dict.fromkeys(("neutral", "neu", "중립", "중립적"), 0.5),
    **dict.fromkeys(("positive", "pos", "긍정", "긍정적"), 1.0),
}
_UNNAMED = {"label_0": 0.0, "label_1": 1.0}
_STARS = re.compile(r"(\d{1,2})\s*(?:stars?|점)?")
_EPSILON = 1e-9
_TINY = 1e-300
_BEND = 0.2  # points of ten


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a model's makers measured, `config.json`'s key "sentiment".

    P(positive) = p becomes sigmoid((logit(p) - logit(threshold)) / temperature), so `threshold` is the p that is as
    likely one as the other. For star models, `rating_temperature` divides the logits behind the expected star, whose
    distance from the scale's middle is then stretched by `rating_slope` and moved by `rating_shift` (points of ten).
    """

    threshold: float = 0.5
    temperature: float = 1.0
    rating_temperature: float = 1.0
    rating_slope: float = 1.0
    rating_shift: float = 0.0

    def correct(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log-odds of positive, measured from `threshold`, in units of `temperature`."""
        middle = math.log(self.threshold) - math.log1p(-self.threshold)
        return (log_odds - middle) / self.temperature

    def stretch(self, ratings: NDArray[np.float64], middle: float) -> NDArray[np.float64]:
        """Expected ratings on a scale with this `middle`, stretched and moved, which may lead beyond its ends."""
        return middle + self.rating_slope * (ratings - middle) + self.rating_shift

    @classmethod
    def from_config(cls, values: object) -> "Calibration":
        """Raises `app.errors.ModelError`, without the model's name, for numbers that cannot be meant."""
        if not isinstance(values, Mapping):
            raise ModelError(f'its calibration, config.json\'s "sentiment", is {values!r} and not an object')
        numbers = {name: _number(name, values.get(name, default)) for name, default in _DEFAULTS.items()}
        if not 0 < numbers["threshold"] < 1:
            raise ModelError(f"its calibration's threshold is {numbers['threshold']:g} and not between 0 and 1")
        for name in ("temperature", "rating_temperature", "rating_slope"):
            if not 0 < numbers[name] < math.inf:
                raise ModelError(f"its calibration's {name} is {numbers[name]:g} and not above 0")
        if not abs(numbers["rating_shift"]) <= 10:
            raise ModelError(f"its calibration's rating_shift is {numbers['rating_shift']:g} and not within -10..10")
        return cls(**numbers)


_DEFAULTS = {field.name: field.default for field in fields(Calibration)}


@dataclass(frozen=True, slots=True)
class _Bend:
    """Ratings that go beyond the ends of the scale, within them: what lies beyond one shares the last `_BEND` points
    before it, so that of two reviews the better one still has the higher rating. Between knots, `before` and `after`,
    both ascending, they move along a line."""

    before: NDArray[np.float64]
    after: NDArray[np.float64]
    least: float
    most: float

    @classmethod
    def of(cls, measured: Calibration, points: NDArray[np.float64], middle: float) -> "_Bend":
        """For what a calibration makes of expected ratings."""
        ends = np.array([points.min(), points.max()])
        (low, high), (least, most) = measured.stretch(ends, middle).tolist(), ends.tolist()
        knots = [(least + _BEND, least + _BEND), (most - _BEND, most - _BEND)]
        if low < least:
            knots.insert(0, (low, least))
        if high > most:
            knots.append((high, most))
        before, after = (np.array(side) for side in zip(*knots, strict=True))
        return cls(before, after, least, most)

    def __call__(self, ratings: NDArray[np.float64]) -> NDArray[np.float64]:
        known = (ratings >= self.before[0]) & (ratings <= self.before[-1])
        bent: NDArray[np.float64] = np.where(
            known, np.interp(ratings, self.before, self.after), ratings.clip(self.least, self.most)
        )
        return bent


@dataclass(frozen=True, slots=True)
class Scale:
    """How to read one model's classes. `polarity` holds P(positive)'s weight of each class, `points` its rating of
    0..10 (star models only; None = the rating is 10 x P(positive)), `middle` the rating between negative and positive;
    `bend`, of calibrated star models, keeps ratings on the scale.
    """

    polarity: NDArray[np.float64]
    points: NDArray[np.float64] | None = None
    calibration: Calibration | None = None
    middle: float = 5.0
    bend: _Bend | None = None

    @classmethod
    def from_config(cls, id2label: Mapping[int, object], calibration: object = None) -> "Scale":
        """The scale of a model with these labels and, unless None, this calibration.

        Raises `app.errors.ModelError`, without the model's name, for labels or a calibration that make no sense.
        """
        labels = [str(id2label[index]) for index in sorted(id2label)]
        names = [unicodedata.normalize("NFKC", label).strip().casefold() for label in labels]
        measured = None if calibration is None else Calibration.from_config(calibration)
        stars = _stars(names)
        if stars is not None:
            count = len(stars)
            polarity = [0.5 + 0.5 * ((2 * star > count + 1) - (2 * star < count + 1)) for star in stars]
            points, middle = _row([star * 10 / count for star in stars]), (count + 1) / 2 * 10 / count
            bend = None if measured is None else _Bend.of(measured, points, middle)
            return cls(_row(polarity), points, measured, middle, bend)
        words = _UNNAMED if sorted(names) == sorted(_UNNAMED) else _POLARITY
        weights = [words[name] for name in names if name in words]
        if len(weights) != len(names) or sorted(weights) not in ([0.0, 1.0], [0.0, 0.5, 1.0]):
            raise ModelError(
                f"its labels are {', '.join(labels)}; what can be read is negative/positive with or without neutral "
                "(also 부정/긍정, 중립), LABEL_0/LABEL_1, or stars 1..N"
            )
        return cls(_row(weights), None, measured)

    def read(self, probabilities: NDArray[np.float64]) -> list[Sentiment]:
        """One `Sentiment` a row of `probabilities`, shaped (texts, classes), rows adding up to 1.

        Without a calibration the plain rule holds: the label is positive from P(positive) = 0.5 on. With one,
        P(positive) is corrected first, and the rating is held to its label's side of the middle, so that a green
        review never shows a red rating.
        """
        positive = _calibrated(probabilities @ self.polarity, self.calibration)
        ratings = self._ratings(probabilities, positive)
        return [_sentiment(p, rating) for p, rating in zip(positive.tolist(), ratings.tolist(), strict=True)]

    def _ratings(self, rows: NDArray[np.float64], positive: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.points is None:
            return 10 * positive
        measured = self.calibration
        if measured is None or self.bend is None:
            return rows @ self.points
        powers = (rows / rows.max(axis=-1, keepdims=True)) ** (1 / measured.rating_temperature)
        expected = powers @ self.points / powers.sum(axis=-1)
        ratings = self.bend(measured.stretch(expected, self.middle))
        side = np.where(positive >= 0.5, 1.0, -1.0)
        return self.middle + side * _held(side * (ratings - self.middle))

    def log_odds(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far a text leans to positive (above 0) or negative: the log-odds behind `Sentiment.score`, which know no
        ceiling where scores and ratings do."""
        odds = np.log(probabilities @ self.polarity + _TINY) - np.log(probabilities @ (1 - self.polarity) + _TINY)
        return odds if self.calibration is None else self.calibration.correct(odds)


def _stars(names: list[str]) -> list[int] | None:
    """The star of each class, when they are 1..N with N of three or more, in any order."""
    matches = [_STARS.fullmatch(name) for name in names]
    stars = [int(match[1]) for match in matches if match]
    return stars if len(names) > 2 and sorted(stars) == list(range(1, len(names) + 1)) else None


def _calibrated(positive: NDArray[np.float64], calibration: Calibration | None) -> NDArray[np.float64]:
    if calibration is None:
        return positive
    within = positive.clip(_EPSILON, 1 - _EPSILON)
    return _sigmoid(calibration.correct(np.log(within) - np.log1p(-within)))


def _held(beyond: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points beyond the middle on the label's own side: all are above 0, those from `_BEND` on as they are, and the
    order stays."""
    bent: NDArray[np.float64] = np.where(beyond < _BEND, _BEND * np.exp(np.minimum(beyond, _BEND) - _BEND), beyond)
    return bent


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0, -logits))


def _sentiment(positive: float, rating: float) -> Sentiment:
    label = Label.POSITIVE if positive >= 0.5 else Label.NEGATIVE
    score = min(1.0, max(0.5, positive, 1 - positive))
    return Sentiment(label, round(score, 4), round(min(10.0, max(0.0, rating)), 4))


def _row(values: list[Any]) -> NDArray[np.float64]:
    return np.array(values, np.float64)


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ModelError(f"its calibration's {name} is {value!r} and not a number")
    return float(value)
