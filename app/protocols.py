"""What an analyzer can do. `app/sentiment/` implements this; tests fake it."""

from collections.abc import Sequence
from typing import Protocol

from app.models import Explanation, ModelCard, QueueStats, Sentiment


class Analyzer(Protocol):
    """Reads texts. Safe to call from any thread."""

    @property
    def card(self) -> ModelCard:
        """What is known of the model behind it."""
        ...

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        """One `Sentiment` a text, in order; `[]` for no texts.

        Raise `app.errors.ModelBusy` when there is more queued than may be. Texts are not empty after trimming: that is
        refused earlier, by `app.schemas`.
        """
        ...

    def explain(self, text: str) -> Explanation:
        """How the text is read, and each word's part in it. Raise `app.errors.ModelBusy` as `analyze` does."""
        ...

    def workload(self) -> QueueStats:
        """Return the numbers of queued and finished texts."""
        ...

    def check(self) -> None:
        """Raise `app.errors.StoreUnavailable` when it cannot read now, however long one waits."""
        ...
