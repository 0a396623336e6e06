"""Configuration file of a model folder."""

import json
from pathlib import Path
from typing import Any

from app.errors import ModelError, first_line

NETWORK = "network.onnx"  # only in folders of the bundled model's format


def read_config(folder: Path) -> dict[str, Any]:
    """Read `config.json`. Raise `app.errors.ModelError`, without the model's name."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"there is no config.json in {folder}") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"its config.json cannot be read ({first_line(error)})") from error
    if not isinstance(config, dict):
        raise ModelError("its config.json is not an object")
    return config


def id2label(config: dict[str, Any]) -> dict[int, object]:
    """Return the labels by class; without names, LABEL_0, LABEL_1, ... (`num_labels` or two), as transformers does."""
    named, count = config.get("id2label"), config.get("num_labels")
    try:
        named = named or {index: f"LABEL_{index}" for index in range(2 if count is None else count)}
        return {int(index): label for index, label in named.items()}
    except (AttributeError, TypeError, ValueError):
        raise ModelError(f"its labels make no sense: id2label is {named!r}, num_labels {count!r}") from None
