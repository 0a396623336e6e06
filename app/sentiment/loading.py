"""Rank 1. A model's folder in, a `Reader` out, or one line saying why not. May import torch, transformers, errors.

The bundled model, a user's folder and what the hub gave all take this path: `AutoTokenizer` and
`AutoModelForSequenceClassification`, no network, no code from the folder, no pickle beyond tensors.
"""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from app.errors import ModelError, first_line
from app.sentiment.labels import Scale
from app.sentiment.reader import Reader
from app.sentiment.tracing import trace
from app.sentiment.windows import Windows

_LARGEST_WINDOW = 256  # longer ones cost more than they tell of a review
_LOCAL = {"local_files_only": True, "trust_remote_code": False}


def load_reader(folder: Path) -> Reader:
    """The model in `folder`, warmed up. Raises `app.errors.ModelError`, without the model's name."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    config = _config(folder)
    scale = Scale.from_config(_id2label(config), config.get("sentiment"))
    tokenizer = _tokenizer(folder)
    model = _model(folder)
    if len(scale.polarity) != model.config.num_labels:
        raise ModelError(f"it names {len(scale.polarity)} labels and has {model.config.num_labels} classes")
    rows = model.get_input_embeddings().num_embeddings
    largest = max(tokenizer.get_vocab().values())
    if largest >= rows:
        raise ModelError(f"its tokenizer goes up to token {largest}, and its model knows {rows}: they do not match")
    pad = _pad(tokenizer, model)
    try:
        size = _window(tokenizer, model)
        reader = Reader(trace(model, pad, size), Windows(tokenizer, size), scale, pad)
        reader.warm_up()
    except Exception as error:
        raise ModelError(f"it loads but cannot read a text ({first_line(error)})") from error
    return reader


def _config(folder: Path) -> dict[str, Any]:
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


def _id2label(config: dict[str, Any]) -> dict[int, object]:
    """`id2label`, or what transformers makes of its absence: LABEL_0, LABEL_1, ..., two unless said otherwise."""
    named, count = config.get("id2label"), config.get("num_labels")
    try:
        named = named or {index: f"LABEL_{index}" for index in range(2 if count is None else count)}
        return {int(index): label for index, label in named.items()}
    except (AttributeError, TypeError, ValueError):
        raise ModelError(f"its labels make no sense: id2label is {named!r}, num_labels {count!r}") from None


def _tokenizer(folder: Path) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    except Exception as error:
        raise ModelError(f"its tokenizer cannot be loaded ({first_line(error)})") from error
    # transformers makes an empty tokenizer of a folder without one: all would read as unknown
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        raise ModelError("it has no tokenizer (tokenizer.json or a vocabulary)")
    return tokenizer


def _model(folder: Path) -> Any:
    try:
        model, found = AutoModelForSequenceClassification.from_pretrained(
            folder, **_LOCAL, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:
        raise ModelError(f"its weights cannot be loaded ({first_line(error)})") from error
    missing = sorted(found["missing_keys"])
    if missing:  # transformers would fill them with random numbers
        raise ModelError(f"its weights lack {', '.join(missing[:3])}; it is not (or no whole) text classifier")
    return model.eval().requires_grad_(False)


def _pad(tokenizer: Any, model: Any) -> int:
    pad: int = next((token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id) if token is not None), 0)
    if model.config.pad_token_id is None:  # models that look for the last token of a text need to know
        model.config.pad_token_id = pad
    return pad


def _window(tokenizer: Any, model: Any) -> int:
    """The tokens the model can read at once, special ones included, within what is sensible."""
    sizes = [_LARGEST_WINDOW, tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None)]
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            taken = 0 if module.padding_idx is None else module.padding_idx + 1  # RoBERTa counts from there
            sizes.append(module.num_embeddings - taken)
    return int(min(size for size in sizes if size is not None and size > 0))
