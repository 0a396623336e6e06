"""Loading of the model on first use, for commands that may not need it."""

from collections.abc import Callable, Sequence
from functools import cached_property

from app.models import Explanation, ModelCard, QueueStats, Sentiment
from app.protocols import Analyzer


class LazyAnalyzer:
    """An `app.protocols.Analyzer` for one thread. Every method may raise the errors of `load`."""

    def __init__(self, load: Callable[[], Analyzer]) -> None:
        self._load = load

    @cached_property
    def _loaded(self) -> Analyzer:
        return self._load()

    @property
    def card(self) -> ModelCard:
        return self._loaded.card

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        return self._loaded.analyze(texts)

    def explain(self, text: str) -> Explanation:
        return self._loaded.explain(text)

    def workload(self) -> QueueStats:
        return self._loaded.workload()

    def check(self) -> None:
        self._loaded.check()
