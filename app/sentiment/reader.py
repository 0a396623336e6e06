"""Rank 1. A loaded model, and how it reads texts; used by one thread. May import numpy, models and its own room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.sentiment.batches import batches
from app.sentiment.explaining import Verdict
from app.sentiment.labels import Scale
from app.sentiment.windows import Window, Windows

_BATCH_TOKENS = 256  # more at once is no faster on a core, and takes memory
_CALL_TOKENS = 16  # what a call costs however little it reads, in tokens: padding that saves one may take as many
# Of 32 reviews at once, 896 a second are read this way; filling each batch up, 831 (one core of a Xeon at 2.5 GHz).


class Model(Protocol):
    """What a loaded model does."""

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.floating]:
        """Class logits, (rows, classes), of token ids and mask, both (rows, tokens)."""
        ...


class Second(Protocol):
    """Another model's opinion, which needs no tokens."""

    def mix(self, logits: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
        """`logits`, (texts, classes), and its own for the same texts, as one."""
        ...


@dataclass(frozen=True, slots=True)
class Reader:
    """A model ready to read. `pad` fills up a batch's shorter texts; `second` is asked once for all batches, as a call
    costs it much and a text little."""

    model: Model
    windows: Windows
    scale: Scale
    pad: int
    second: Second | None = None

    def judge(self, texts: Sequence[str]) -> list[Verdict]:
        """One `Verdict` a text, in order."""
        if not texts:
            return []
        probabilities = self._of_texts(texts)
        odds = self.scale.log_odds(probabilities).tolist()
        return [Verdict(*both) for both in zip(self.scale.read(probabilities), odds, strict=True)]

    def _of_texts(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Class probabilities, (texts, classes). A text's windows count by their tokens, which are equally many."""
        cut = self.windows.cut(texts)
        probabilities = self._probabilities([window for windows in cut for window in windows])
        if len(probabilities) > len(texts):
            ends = np.cumsum([len(windows) for windows in cut])
            probabilities = np.stack([part.mean(axis=0) for part in np.split(probabilities, ends[:-1])])
        return probabilities

    def pieces(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where in each text its tokens lie, as (start, end)."""
        return [self.windows.pieces(text) for text in texts]

    def warm_up(self) -> None:
        """Reads made-up windows of a few lengths, the longest included, so that no visitor waits for a first time."""
        token = 1 if self.pad == 0 else 0  # not padding: positions are counted from the tokens that are none
        for length in (self.windows.size, 32, 16):
            self._probabilities([Window([token] * min(length, self.windows.size), "")])
        self._probabilities([Window([token] * 8, ""), Window([token] * 6, "")])
        self.judge(["안녕하세요"])

    def _probabilities(self, rows: list[Window]) -> NDArray[np.float64]:
        """Class probabilities, (rows, classes)."""
        logits = np.empty((len(rows), len(self.scale.polarity)))
        for batch in batches([len(row.ids) or 1 for row in rows], _BATCH_TOKENS, _CALL_TOKENS):
            ids, mask = self._arrays([rows[index].ids or [self.pad] for index in batch])
            logits[batch] = self.model(ids, mask)
        if self.second:
            logits = self.second.mix(logits, [row.text for row in rows])
        if not np.isfinite(logits).all():
            raise ArithmeticError("the model's answer is not a number")
        return softmax(logits)

    def _arrays(self, rows: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Token ids and mask."""
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
    """Probabilities, rows adding up to 1."""
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = exponents / exponents.sum(axis=-1, keepdims=True)
    return probabilities
