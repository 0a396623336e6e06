"""Text classifiers of the transformers library, in a user's or a downloaded folder.

Loading uses neither the network nor code from the folder, and unpickles nothing but tensors. A text longer than the
model's window is split into overlapping windows, whose probabilities are averaged by their numbers of tokens.
"""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from app.errors import ModelError
from app.models import Sentiment
from app.sentiment.batches import batches
from app.sentiment.config import Calibration, model_error, positive_shares, read_calibration
from app.sentiment.explanation import Prediction

_MAX_WINDOW = 256  # tokens; the cost of attention is quadratic
_OVERLAP = 8  # 1/8 of a window is shared with the next
# Larger batches are no faster on one core and take more memory; the fixed cost of a call is that of 16 tokens.
_BATCH_TOKENS, _MAX_PADDING = 256, 16
# WordPiece reads a word of more than 100 characters as one unknown token, and a syllable may count as three.
_LONG_WORD = re.compile(r"\S{33}(?=\S)")
_TINY = 1e-300  # keeps the logarithm of a probability of 0 finite
_LOCAL = {"local_files_only": True, "trust_remote_code": False}


class TransformersModel:
    """A model with its tokenizer, its classes' shares in P(positive), and its calibration. Not thread-safe."""

    def __init__(self, tokenizer: Any, network: Any, shares: Sequence[float], calibration: Calibration) -> None:
        self.tokenizer, self.network = tokenizer, network
        self._shares, self._calibration = np.array(shares), calibration
        positions = getattr(network.config, "max_position_embeddings", None) or 0
        # RoBERTa's first two positions are those of padding.
        sizes = (_MAX_WINDOW, tokenizer.model_max_length, positions - 2)
        self._window: int = min(size for size in sizes if size > 0)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one `Prediction` per text (at least one), in order."""
        return predictions(self._probabilities(texts), self._shares, self._calibration)

    def windows(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Return the windows of all texts as token ids, and the index of each one's text."""
        encoded = self.tokenizer(
            [_clean(text) for text in texts],
            truncation=True,
            max_length=self._window,
            stride=self._window // _OVERLAP,
            return_overflowing_tokens=True,
        )
        return encoded["input_ids"], encoded["overflow_to_sample_mapping"]

    def _probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return class probabilities, (texts, classes)."""
        rows, owners = self.windows(texts)
        rows = [row or [self.tokenizer.pad_token_id] for row in rows]
        totals = np.zeros((len(texts), len(self._shares)))
        for batch in batches([len(row) for row in rows], _BATCH_TOKENS, _MAX_PADDING):
            for index, probabilities in zip(batch, self._classify([rows[index] for index in batch]), strict=True):
                totals[owners[index]] += len(rows[index]) * probabilities
        if not np.isfinite(totals).all():
            raise ArithmeticError("the model's answer is not a number")
        totals /= totals.sum(axis=1, keepdims=True)
        return totals

    def _classify(self, rows: list[list[int]]) -> NDArray[np.float64]:
        """Return class probabilities, (rows, classes), for rows of token ids."""
        padded = self.tokenizer.pad(
            {"input_ids": rows}, padding_side="right", return_attention_mask=True, return_tensors="pt"
        )
        with torch.inference_mode():
            probabilities: NDArray[np.float64] = self.network(**padded).logits.double().softmax(dim=-1).numpy()
        return probabilities


def predictions(
    probabilities: NDArray[np.float64], shares: NDArray[np.float64], calibration: Calibration
) -> list[Prediction]:
    """Return the predictions for class probabilities, (texts, classes), and the classes' shares in P(positive)."""
    odds = calibration.correct(np.log(probabilities @ shares + _TINY) - np.log(probabilities @ (1 - shares) + _TINY))
    positive = np.exp(-np.logaddexp(0, -odds))
    return [Prediction(Sentiment.from_probability(p), o) for p, o in zip(positive.tolist(), odds.tolist(), strict=True)]


def load_transformers_model(folder: Path) -> TransformersModel:
    """Load the model in `folder` and warm it up. Raise `app.errors.ModelError`, without the model's name."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    calibration = read_calibration(folder)
    shares = positive_shares(_labels(folder))
    tokenizer = _tokenizer(folder)
    weights = _weights(folder)
    rows = weights.get_input_embeddings().num_embeddings
    largest = max(tokenizer.get_vocab().values())
    if largest >= rows:
        raise ModelError(f"its tokenizer goes up to token {largest}, and its model knows {rows}: they do not match")
    if weights.config.pad_token_id is None:  # some models look for the last token before the padding
        weights.config.pad_token_id = tokenizer.pad_token_id
    with model_error("it loads but cannot read a text"):
        model = TransformersModel(tokenizer, weights, shares, calibration)
        model.predict(["안녕하세요", "좋은 영화 " * 100])  # so that the first request is not slow
    return model


def _labels(folder: Path) -> list[str]:
    with model_error("its config.json cannot be used"):
        id2label = AutoConfig.from_pretrained(folder, **_LOCAL).id2label
    return [str(id2label[index]) for index in sorted(id2label)]


def _tokenizer(folder: Path) -> Any:
    with model_error("its tokenizer cannot be loaded"):
        tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    # For a folder without a tokenizer, transformers creates one with an empty vocabulary.
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        raise ModelError("it has no tokenizer (tokenizer.json or a vocabulary)")
    if not tokenizer.is_fast:
        raise ModelError(f"{type(tokenizer).__name__} is no fast tokenizer (tokenizer.json)")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    return tokenizer


def _weights(folder: Path) -> Any:
    with model_error("its weights cannot be loaded"):
        model, found = AutoModelForSequenceClassification.from_pretrained(
            folder, **_LOCAL, dtype=torch.float32, output_loading_info=True
        )
    missing = sorted(found["missing_keys"])
    if missing:  # transformers initializes them randomly
        raise ModelError(f"its weights lack {', '.join(missing[:3])}; it is not (or no whole) text classifier")
    return model.eval().requires_grad_(False)


def _clean(text: str) -> str:
    """Normalise the text to NFC with single spaces; replace lone surrogates, which tokenizers reject."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    return _LONG_WORD.sub(r"\g<0> ", " ".join(text.split()))
