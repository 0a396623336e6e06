"""A fake of the model, for fast tests."""

from collections.abc import Sequence

from app.errors import ModelBusy, StoreUnavailable
from app.models import Explanation, ModelCard, QueueStats, Sentiment
from app.sentiment.explanation import Prediction, explain

PRAISE = ("재미있", "재밌", "최고", "좋", "감동", "따뜻", "명작")
BLAME = ("지루", "최악", "별로", "재미없", "노잼", "아깝", "실망")


class FakeAnalyzer:
    """Rates a text by its numbers of positive and negative words."""

    def __init__(self) -> None:
        self.card = ModelCard("fake", id="fake@1")
        self.seen: list[str] = []
        self.busy = False
        self.broken = False

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        if self.busy:
            raise ModelBusy("the model is busy", retry_after=2)
        if self.broken:
            raise RuntimeError("secret detail that no answer may show")
        self.seen += texts
        return [self._read(text) for text in texts]

    def explain(self, text: str) -> Explanation:
        self.analyze([text])
        return explain(text, self.predict)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Prediction(self._read(text), 0.5 * _mood(text)) for text in texts]

    def workload(self) -> QueueStats:
        return QueueStats(batch_counts={1: len(self.seen)}, seconds=0.25)

    def check(self) -> None:
        if self.broken:
            raise StoreUnavailable("the model does not answer")

    def _read(self, text: str) -> Sentiment:
        mood = _mood(text)
        if mood == 0:
            return Sentiment.from_probability(0.55)
        score = min(0.99, 0.8 + 0.05 * abs(mood))
        return Sentiment.from_probability(score if mood > 0 else 1 - score)


def _mood(text: str) -> int:
    return sum(text.count(word) for word in PRAISE) - sum(text.count(word) for word in BLAME)
