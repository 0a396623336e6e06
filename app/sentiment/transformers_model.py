"""Loading of a user's or downloaded model folder through transformers.

It uses neither the network nor code from the folder, and unpickles nothing but tensors.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from app.errors import ModelError, first_line
from app.sentiment.classifier import TextClassifier
from app.sentiment.config import id2label, read_config
from app.sentiment.label_scale import LabelScale
from app.sentiment.tokenization import WindowTokenizer

_MAX_WINDOW = 256  # tokens; the cost of attention is quadratic
_LOCAL = {"local_files_only": True, "trust_remote_code": False}


class TorchModel:
    """A transformers model as an `app.sentiment.classifier.Model`."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.floating]:
        with torch.inference_mode():
            output = self._model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
            logits: NDArray[np.floating] = output.logits.numpy()
        return logits


def load_transformers_model(folder: Path) -> TextClassifier:
    """Load the model in `folder` and warm it up, in the thread that will own it.

    Raise `app.errors.ModelError`, without the model's name.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    config = read_config(folder)
    scale = LabelScale.from_config(id2label(config), config.get("sentiment"))
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
        windows = WindowTokenizer(tokenizer, _window_size(tokenizer, model))
        classifier = TextClassifier(TorchModel(model), windows, scale, pad)
        classifier.warm_up()
    except Exception as error:
        raise ModelError(f"it loads but cannot read a text ({first_line(error)})") from error
    return classifier


def _tokenizer(folder: Path) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    except Exception as error:
        raise ModelError(f"its tokenizer cannot be loaded ({first_line(error)})") from error
    # For a folder without a tokenizer, transformers creates one with an empty vocabulary.
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
    if missing:  # transformers initializes them randomly
        raise ModelError(f"its weights lack {', '.join(missing[:3])}; it is not (or no whole) text classifier")
    return model.eval().requires_grad_(False)


def _pad(tokenizer: Any, model: Any) -> int:
    pad: int = next((token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id) if token is not None), 0)
    if model.config.pad_token_id is None:  # some models look for the last token before the padding
        model.config.pad_token_id = pad
    return pad


def _window_size(tokenizer: Any, model: Any) -> int:
    """Return the number of tokens of a window, special ones included: the model's limit, at most `_MAX_WINDOW`."""
    sizes = [_MAX_WINDOW, tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None)]
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            first = 0 if module.padding_idx is None else module.padding_idx + 1  # RoBERTa's first position
            sizes.append(module.num_embeddings - first)
    return int(min(size for size in sizes if size is not None and size > 0))
