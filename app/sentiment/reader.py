"""Rank 1. A loaded model, and how it reads texts; used by one thread. May import torch, models and its own room."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from app.models import Sentiment
from app.sentiment.labels import Scale
from app.sentiment.windows import Windows

_BATCH_TOKENS = 256  # more at once is no faster on a core, and takes memory
_MULTIPLE = 8  # lengths that differ less are padded to one: fewer shapes, less memory kept for them


@dataclass(frozen=True, slots=True)
class Reader:
    """A model ready to read: token ids and mask in, logits out. `pad` fills up a batch's shorter texts."""

    model: Any
    windows: Windows
    scale: Scale
    pad: int

    def read(self, texts: Sequence[str]) -> list[Sentiment]:
        """One `Sentiment` a text, in order. A text's windows count by their tokens, which are equally many."""
        if not texts:
            return []
        cut = self.windows.cut(texts)
        rows = [window or [self.pad] for windows in cut for window in windows]
        with torch.inference_mode():
            probabilities = self._probabilities(rows)
            if len(rows) > len(texts):
                parts = torch.split(probabilities, [len(windows) for windows in cut])
                probabilities = torch.stack([part.mean(dim=0) for part in parts])
            return self.scale.read(probabilities)

    def warm_up(self) -> None:
        """Reads made-up windows of a few lengths, the longest included, so that no visitor waits for a first time."""
        token = 1 if self.pad == 0 else 0  # not padding: positions are counted from the tokens that are none
        with torch.inference_mode():
            for length in (self.windows.size, 32, 16):
                self._probabilities([[token] * min(length, self.windows.size)])
            self._probabilities([[token] * 8, [token] * 6])
        self.read(["안녕하세요"])

    def _probabilities(self, rows: list[list[int]]) -> torch.Tensor:
        """Class probabilities, (rows, classes), in double precision."""
        result = torch.empty(len(rows), len(self.scale.polarity), dtype=torch.float64)
        for batch in _batches(rows):
            logits = self.model(*self._tensors([rows[index] for index in batch])).double()
            if not torch.isfinite(logits).all():
                raise ArithmeticError("the model's answer is not a number")
            result[batch] = logits.softmax(dim=-1)
        return result

    def _tensors(self, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask."""
        longest = max(map(len, rows))
        if all(len(row) == longest for row in rows):
            ids = torch.tensor(rows)
            return ids, torch.ones_like(ids)
        width = min(-(-longest // _MULTIPLE) * _MULTIPLE, self.windows.size)
        ids = torch.full((len(rows), width), self.pad)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row)
            mask[index, : len(row)] = 1
        return ids, mask


def _batches(rows: list[list[int]]) -> Iterator[list[int]]:
    """Indices of `rows`, grouped by length so that little is padded, each group within `_BATCH_TOKENS`."""
    order = sorted(range(len(rows)), key=lambda index: -len(rows[index]))
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * len(rows[batch[0]]) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
