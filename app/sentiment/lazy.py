"""A model that is loaded when it is first asked: commands may never ask it. Imports models only."""

from collections.abc import Callable, Sequence
from functools import cached_property

from app.models import Explanation, ModelCard, QueueStats, Sentiment
from app.protocols import Analyzer


class LazyAnalyzer:
    """An `app.protocols.Analyzer` for one thread. Whatever it is asked may raise what `load` raises."""

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
