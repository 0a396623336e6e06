"""Conversion of any model's class probabilities to sentiments.

The scale is derived from `id2label` of `config.json`. Each class has one weight, its share in P(positive): 0, 0.5 or 1.
"""

import logging
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import ModelError
from app.models import Sentiment

_POLARITY = {
    **dict.fromkeys(("negative", "neg", "부정", "부정적"), 0.0),
    **dict.fromkeys(("neutral", "neu", "중립", "중립적"), 0.5),
    **dict.fromkeys(("positive", "pos", "긍정", "긍정적"), 1.0),
}
_UNNAMED = {"label_0": 0.0, "label_1": 1.0}
_STARS = re.compile(r"(\d{1,2})\s*(?:stars?|점)?")
_TINY = 1e-300  # keeps the logarithm of a probability of 0 finite
_IGNORED_KEYS = ("rating_temperature", "rating_slope", "rating_shift")  # of former star models

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of a model's probabilities, from the key "sentiment" of `config.json`.

    P(positive) = p becomes sigmoid((logit(p) - logit(threshold)) / temperature); `threshold` is the p that becomes 0.5.
    """

    threshold: float = 0.5
    temperature: float = 1.0

    def correct(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated log-odds of positive: relative to `threshold`, divided by `temperature`."""
        middle = math.log(self.threshold) - math.log1p(-self.threshold)
        return (log_odds - middle) / self.temperature

    @classmethod
    def from_config(cls, values: object) -> "Calibration":
        """Parse a calibration; `None` means the identity.

        Keys of former versions are ignored, with a warning in the log. Raise `app.errors.ModelError`, without
        the model's name, for values that are not numbers in range.
        """
        if values is None:
            return cls()
        if not isinstance(values, Mapping):
            raise ModelError(f'its calibration, config.json\'s "sentiment", is {values!r} and not an object')
        ignored = [name for name in _IGNORED_KEYS if name in values]
        if ignored:
            _log.warning(
                "the model's calibration has %s, which no longer count: a rating is ten times P(positive)",
                ", ".join(ignored),
            )
        threshold, temperature = (_number(name, values.get(name, default)) for name, default in _DEFAULTS)
        if not 0 < threshold < 1:
            raise ModelError(f"its calibration's threshold is {threshold:g} and not between 0 and 1")
        if not 0 < temperature < math.inf:
            raise ModelError(f"its calibration's temperature is {temperature:g} and not above 0")
        return cls(threshold, temperature)


_DEFAULTS = (("threshold", 0.5), ("temperature", 1.0))


@dataclass(frozen=True, slots=True)
class LabelScale:
    """The meaning of a model's classes: `polarity` is each class's share in P(positive), 0, 0.5 or 1."""

    polarity: NDArray[np.float64]
    calibration: Calibration = Calibration()

    @classmethod
    def from_config(cls, id2label: Mapping[int, object], calibration: object = None) -> "LabelScale":
        """Return the scale for a model's labels and calibration.

        Stars above the middle of their scale are positive; the middle star of an odd number, like a neutral class,
        counts half. Raise `app.errors.ModelError`, without the model's name, for unsupported labels or calibrations.
        """
        labels = [str(id2label[index]) for index in sorted(id2label)]
        names = [unicodedata.normalize("NFKC", label).strip().casefold() for label in labels]
        measured = Calibration.from_config(calibration)
        stars = _stars(names)
        if stars is not None:
            middle = (len(stars) + 1) / 2
            return cls(np.array([0.5 + 0.5 * ((star > middle) - (star < middle)) for star in stars]), measured)
        words = _UNNAMED if sorted(names) == sorted(_UNNAMED) else _POLARITY
        weights = [words[name] for name in names if name in words]
        if len(weights) != len(names) or sorted(weights) not in ([0.0, 1.0], [0.0, 0.5, 1.0]):
            raise ModelError(
                f"its labels are {', '.join(labels)}; what can be read is negative/positive with or without neutral "
                "(also 부정/긍정, 중립), LABEL_0/LABEL_1, or stars 1..N"
            )
        return cls(np.array(weights), measured)

    def to_sentiments(self, probabilities: NDArray[np.float64]) -> list[Sentiment]:
        """Return one `Sentiment` per row of `probabilities`, of shape (texts, classes)."""
        return [Sentiment.from_probability(p) for p in _sigmoid(self.log_odds(probabilities)).tolist()]

    def log_odds(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated log-odds of positive for each row of `probabilities`."""
        odds = np.log(probabilities @ self.polarity + _TINY) - np.log(probabilities @ (1 - self.polarity) + _TINY)
        return self.calibration.correct(odds)


def _stars(names: list[str]) -> list[int] | None:
    """Return the number of stars of each class if they are 1..N in any order, N being at least 3; else None."""
    matches = [_STARS.fullmatch(name) for name in names]
    stars = [int(match[1]) for match in matches if match]
    return stars if len(names) > 2 and sorted(stars) == list(range(1, len(names) + 1)) else None


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0, -logits))


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ModelError(f"its calibration's {name} is {value!r} and not a number")
    return float(value)
