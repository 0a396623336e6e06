"""Text classification by a model with its tokenizer; not thread-safe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.sentiment.batches import batches
from app.sentiment.explanation import Prediction
from app.sentiment.label_scale import LabelScale
from app.sentiment.tokenization import WindowTokenizer

_BATCH_TOKENS = 256  # larger batches are no faster on one core and take more memory
_CALL_TOKENS = 16  # maximum padding of a batch: the fixed cost of a call, in tokens
# With these, 896 reviews a second in batches of 32; with filled batches 831 (one core of a Xeon at 2.5 GHz).


class Model(Protocol):
    """A loaded model: a function from token ids to class logits."""

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.floating]:
        """Return class logits, (rows, classes), for token ids and mask, both (rows, tokens)."""
        ...


@dataclass(frozen=True, slots=True)
class TextClassifier:
    """A model with its tokenizer and label scale; `pad` is the id of the padding token."""

    model: Model
    windows: WindowTokenizer
    scale: LabelScale
    pad: int

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one `Prediction` per text, in order."""
        if not texts:
            return []
        probabilities = self._probabilities_of_texts(texts)
        odds = self.scale.log_odds(probabilities).tolist()
        return [Prediction(*pair) for pair in zip(self.scale.to_sentiments(probabilities), odds, strict=True)]

    def _probabilities_of_texts(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return class probabilities, (texts, classes): the mean over each text's windows, which have equal lengths."""
        by_text = self.windows.tokenize(texts)
        probabilities = self._probabilities([window for windows in by_text for window in windows])
        if len(probabilities) > len(texts):
            ends = np.cumsum([len(windows) for windows in by_text])
            probabilities = np.stack([part.mean(axis=0) for part in np.split(probabilities, ends[:-1])])
        return probabilities

    def warm_up(self) -> None:
        """Run the model on windows of several lengths, up to the longest, so that the first request is not slow."""
        token = 1 if self.pad == 0 else 0  # not the padding token, which some models skip
        for length in (self.windows.size, 32, 16):
            self._probabilities([[token] * min(length, self.windows.size)])
        self._probabilities([[token] * 8, [token] * 6])
        self.predict(["안녕하세요"])

    def _probabilities(self, rows: list[list[int]]) -> NDArray[np.float64]:
        """Return class probabilities, (rows, classes)."""
        logits = np.empty((len(rows), len(self.scale.polarity)))
        for batch in batches([len(row) or 1 for row in rows], _BATCH_TOKENS, _CALL_TOKENS):
            ids, mask = self._arrays([rows[index] or [self.pad] for index in batch])
            logits[batch] = self.model(ids, mask)
        if not np.isfinite(logits).all():
            raise ArithmeticError("the model's answer is not a number")
        return softmax(logits)

    def _arrays(self, rows: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return token ids and mask, both (rows, tokens)."""
        longest = max(map(len, rows))
        if all(len(row) == longest for row in rows):
            ids = np.array(rows, np.int64)
            return ids, np.ones_like(ids)
        ids = np.full((len(rows), longest), self.pad, np.int64)
        mask = np.zeros_like(ids)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        return ids, mask


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of each row."""
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = exponents / exponents.sum(axis=-1, keepdims=True)
    return probabilities
