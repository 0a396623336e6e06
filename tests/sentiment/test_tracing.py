"""Tracing changes how fast a model answers, never what."""

from typing import Any

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from app.sentiment import BUNDLED
from app.sentiment.tracing import Logits, trace

pytestmark = pytest.mark.slow

SHAPES = [(1, 1), (1, 7), (1, 96), (2, 2), (5, 33), (32, 16)]


@pytest.fixture(scope="module")
def model() -> Any:
    return AutoModelForSequenceClassification.from_pretrained(BUNDLED, dtype=torch.float32).eval()


def test_a_traced_model_answers_as_the_model_does_in_every_shape(model: Any) -> None:
    traced, plain = trace(model, 0, 96), Logits(model)
    assert isinstance(traced, torch.jit.ScriptModule)
    generator = torch.Generator().manual_seed(0)
    for rows, tokens in SHAPES:
        ids = torch.randint(5, 16_000, (rows, tokens), generator=generator)
        mask = torch.ones_like(ids)
        for row in range(1, rows):
            length = int(torch.randint(1, tokens + 1, (), generator=generator))
            ids[row, length:], mask[row, length:] = 0, 0
        with torch.inference_mode():
            assert torch.allclose(traced(ids, mask), plain(ids, mask), atol=1e-4), (rows, tokens)


class Untraceable(torch.nn.Module):
    """Answers by what it read: a trace would keep the first answer for ever."""

    def __init__(self, model: Any, broken: bool) -> None:
        super().__init__()
        self.model, self.broken = model, broken

    def get_input_embeddings(self) -> Any:
        return self.model.get_input_embeddings()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        if self.broken and torch.jit.is_tracing():
            raise RuntimeError("cannot be traced")
        answer = self.model(input_ids=input_ids, attention_mask=attention_mask)
        answer.logits = answer.logits + float(input_ids.shape[1])
        return answer


@pytest.mark.parametrize("broken", [True, False])
def test_a_model_that_cannot_be_traced_is_read_as_it_is(model: Any, broken: bool) -> None:
    assert isinstance(trace(Untraceable(model, broken), 0, 96), Logits)
