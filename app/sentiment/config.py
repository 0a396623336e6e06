"""Files of a model folder: the meaning of its labels, the calibration in its `config.json`, and its model card.

The card has the measurements of metrics.json and behaviour.json, which `training/evaluate.py` and
`training/behaviour.py` write for any model folder. If a file is missing or unreadable, its part of the card is empty.
"""

import json
import logging
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ModelError, first_line
from app.models import KnownMisclassification, Label, ModelCard, Sentiment

NETWORK = "network.onnx"  # only in folders of the bundled model's format
_SHARES = {
    **dict.fromkeys(("negative", "neg", "부정", "부정적"), 0.0),
    **dict.fromkeys(("neutral", "neu", "중립", "중립적"), 0.5),
    **dict.fromkeys(("positive", "pos", "긍정", "긍정적"), 1.0),
}
_UNNAMED = {"label_0": 0.0, "label_1": 1.0}
_STARS = re.compile(r"(\d{1,2})\s*(?:stars?|점)?")
_LIMITS = {"threshold": 1.0, "temperature": math.inf}  # both are above 0
_IGNORED_KEYS = ("rating_temperature", "rating_slope", "rating_shift")  # of former star models
_WEIGHTS = (".safetensors", ".bin", ".onnx")
_CONFIGS = ("config.json", "tokenizer.json", "vocab.txt", "vocabulary.txt")
_END_SIZE = 1 << 20  # bytes
_LABELS = {"+": Label.POSITIVE, "-": Label.NEGATIVE, "0": None}

_log = logging.getLogger(__name__)


@contextmanager
def model_error(problem: str) -> Iterator[None]:
    """Raise `app.errors.ModelError`, without the model's name, for any exception of the block."""
    try:
        yield
    except Exception as error:  # the libraries raise errors of many types for a broken file
        raise ModelError(f"{problem} ({first_line(error)})") from error


def positive_shares(labels: Sequence[str]) -> list[float]:
    """Return each class's share in P(positive): 0, 0.5 or 1.

    Stars above the middle of their scale are positive; the middle star of an odd number, like a neutral class, counts
    half. Raise `app.errors.ModelError`, without the model's name, for unsupported labels.
    """
    names = [unicodedata.normalize("NFKC", label).strip().casefold() for label in labels]
    stars = _stars(names)
    if stars:
        middle = (len(stars) + 1) / 2
        return [0.0 if star < middle else 0.5 if star == middle else 1.0 for star in stars]
    known = _UNNAMED if sorted(names) == sorted(_UNNAMED) else _SHARES
    shares = [known[name] for name in names if name in known]
    if len(shares) != len(names) or sorted(shares) not in ([0.0, 1.0], [0.0, 0.5, 1.0]):
        raise ModelError(
            f"its labels are {', '.join(labels)}; what can be read is negative/positive with or without neutral "
            "(also 부정/긍정, 중립), LABEL_0/LABEL_1, or stars 1..N"
        )
    return shares


def _stars(names: Sequence[str]) -> list[int]:
    """Return the number of stars of each class if they are 1..N in any order, N at least 3; else an empty list."""
    stars = [int(match[1]) for name in names if (match := _STARS.fullmatch(name))]
    return stars if len(names) > 2 and sorted(stars) == list(range(1, len(names) + 1)) else []


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of a model's probabilities, the key "sentiment" of `config.json`.

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
        given = {name: values[name] for name in _LIMITS if name in values}
        for name, value in given.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 0 < value < _LIMITS[name]:
                limit = f"{_LIMITS[name]:g}"
                raise ModelError(f"its calibration's {name} is {value!r} and not a number between 0 and {limit}")
        return cls(**given)


def read_calibration(folder: Path) -> Calibration:
    """Read the calibration of the model in `folder`. Raise `app.errors.ModelError`, without the model's name."""
    with model_error("its config.json cannot be read"):
        config = json.loads((folder / "config.json").read_text("utf-8"))
    if not isinstance(config, dict):
        raise ModelError("its config.json is not an object")
    return Calibration.from_config(config.get("sentiment"))


def read_card(name: str, folder: Path) -> ModelCard:
    """Return the card of the model in `folder`, from its metrics.json and behaviour.json."""
    folder = folder.resolve()
    metrics = _json(folder / "metrics.json")
    shown = Path(name).name if Path(name).is_dir() else name  # hides the path of a folder
    return ModelCard(
        shown,
        _figures(metrics),
        _pairs(metrics, "movies", "calibration_bins") or _pairs(metrics, "heldout", "calibration_bins"),
        _pairs(metrics, "movies", "movie_points"),
        _misclassifications(_json(folder / "behaviour.json")),
        f"{shown}@{_digest(folder)}",
    )


def _digest(folder: Path) -> str:
    """Return a hexadecimal digest of a model's configuration and of the size, beginning and end of its weights.

    The ends suffice, as training changes all weights; reading a large file completely would delay the start.
    """
    digest = blake2b(digest_size=6)
    for path in sorted(folder.iterdir()):
        if not path.is_file() or (path.suffix not in _WEIGHTS and path.name not in _CONFIGS):
            continue
        size = path.stat().st_size
        digest.update(f"{path.name} {size}".encode())
        with path.open("rb") as file:
            digest.update(file.read(_END_SIZE))
            file.seek(max(_END_SIZE, size - _END_SIZE))
            digest.update(file.read())
    return digest.hexdigest()


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _figures(metrics: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {
        file: {
            name: value for name, value in numbers.items() if isinstance(value, int | float) and math.isfinite(value)
        }
        for file, numbers in metrics.items()
        if isinstance(numbers, dict)
    }


def _pairs(metrics: dict[str, Any], file: str, name: str) -> list[tuple[float, float]]:
    """Return the first two numbers of each item of a list in metrics.json; an empty list if one is not a number."""
    try:
        pairs = [(float(x), float(y)) for x, y, *_ in metrics[file][name]]
    except (KeyError, TypeError, ValueError):
        return []
    return pairs if all(math.isfinite(number) for pair in pairs for number in pair) else []


def _misclassifications(behaviour: dict[str, Any]) -> list[KnownMisclassification]:
    """Return the known misclassifications, the most confident first."""
    try:
        wrong = [
            KnownMisclassification(
                item["text"],
                _LABELS[item["expected"]],
                Sentiment(Label(item["label"]), float(item["score"]), float(item["rating"])),
            )
            for items in behaviour.values()
            for item in items
            if not item["right"]
        ]
    except (KeyError, TypeError, ValueError):
        return []
    return sorted(wrong, key=lambda misclassification: -misclassification.sentiment.score)
