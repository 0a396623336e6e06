"""Model card: the measurements stored beside a model's weights.

`training/evaluate.py` and `training/behaviour.py` write metrics.json and behaviour.json for any model folder. If a file
is missing or unreadable, its part of the card is empty.
"""

import json
from hashlib import blake2b
from math import isfinite
from pathlib import Path
from typing import Any

from app.models import KnownMisclassification, Label, ModelCard, Sentiment

_WEIGHTS = (".safetensors", ".bin", ".onnx")
_CONFIGS = ("config.json", "tokenizer.json", "vocab.txt", "vocabulary.txt")
_END_SIZE = 1 << 20  # bytes
_LABELS = {"+": Label.POSITIVE, "-": Label.NEGATIVE, "0": None}


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
        file: {name: number for name, number in numbers.items() if isinstance(number, int | float) and isfinite(number)}
        for file, numbers in metrics.items()
        if isinstance(numbers, dict)
    }


def _pairs(metrics: dict[str, Any], file: str, name: str) -> list[tuple[float, float]]:
    """Return the first two numbers of each item of a list in metrics.json; an empty list if one is not a number."""
    try:
        pairs = [(float(x), float(y)) for x, y, *_ in metrics[file][name]]
    except (KeyError, TypeError, ValueError):
        return []
    return pairs if all(isfinite(number) for pair in pairs for number in pair) else []


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
