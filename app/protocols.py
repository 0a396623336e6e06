"""Interfaces between packages."""

from collections.abc import Sequence
from typing import Protocol

from app.models import Explanation, ModelCard, QueueStats, Sentiment


class Analyzer(Protocol):
    """Sentiment analysis, implemented in `app/sentiment`. Thread-safe."""

    @property
    def card(self) -> ModelCard:
        """The card of the model."""
        ...

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        """Return one `Sentiment` per text, in order. Raise `app.errors.ModelBusy` if the queue is full."""
        ...

    def explain(self, text: str) -> Explanation:
        """Return the sentiment of a text and the weight of each word. Raise the errors of `analyze`."""
        ...

    def workload(self) -> QueueStats:
        """Return statistics of the queue."""
        ...

    def check(self) -> None:
        """Raise `app.errors.StoreUnavailable` if the model has stopped or does not respond."""
        ...
