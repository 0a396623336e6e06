"""Rank 1. Takes the Python out of a loaded model: the same operations on the same weights. May import torch.

A short review is read in some sixty small operations, and transformers' own code around them takes as long as they do
(4.5 ms became 2.2 ms for 8 tokens, one core of a 2.5 GHz Xeon). Tracing keeps the operations alone. torch calls its
tracer deprecated in favour of compilers, which need a C++ compiler on the machine and minutes; the pinned torch has it.
"""

import warnings
from typing import Any

import torch

_SHAPES = ((1, 8), (3, 16), (2, 24))
_TOLERANCE = 1e-4


class Logits(torch.nn.Module):
    """A text classifier as a function of token ids and mask, both (rows, tokens); returns logits (rows, classes)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


@torch.inference_mode()
def trace(model: Any, pad: int, longest: int) -> torch.nn.Module:
    """`model` traced, or as it is where tracing fails or answers differently from the model on other shapes."""
    plain = Logits(model)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            traced: torch.nn.Module = torch.jit.freeze(
                torch.jit.trace(plain, _example(model, (2, min(16, longest)), pad), check_trace=False).eval()  # type: ignore[no-untyped-call]
            )
        for rows, tokens in _SHAPES:
            example = _example(model, (rows, min(tokens, longest)), pad)
            if not torch.allclose(traced(*example), plain(*example), atol=_TOLERANCE):
                return plain
    except Exception:  # noqa: BLE001 - a model that cannot be traced is read as it is
        return plain
    return traced


def _example(model: Any, shape: tuple[int, int], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask of this shape, the last row half padding unless it is the only one."""
    known = model.get_input_embeddings().num_embeddings
    ids = torch.arange(shape[0] * shape[1]).reshape(shape) % max(1, known - pad - 1) + (pad + 1) % known
    mask = torch.ones_like(ids)
    if shape[0] > 1:
        ids[-1, shape[1] // 2 :] = pad
        mask[-1, shape[1] // 2 :] = 0
    return ids, mask
