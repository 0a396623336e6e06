"""What Prometheus may ask. Labels are few and known beforehand: routes, methods, statuses and names of our own."""

import platform
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.errors import Unavailable
from app.http.watching import Answered
from app.models import CatalogueTotals, Label, ModelCard, QueueStats
from app.settings import VERSION

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 32)


class Metrics:
    """One app's numbers, in a registry of its own: several apps in a process do not mix."""

    def __init__(
        self,
        *,
        workload: Callable[[], QueueStats],
        totals: Callable[[], CatalogueTotals],
        card: Callable[[], ModelCard],
    ) -> None:
        """The three are asked when the metrics are."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "gampyeong_requests", "Answered requests.", ["route", "method", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "gampyeong_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._registry.register(_Model(workload, card))
        self._registry.register(_Reviews(totals))
        ProcessCollector(registry=self._registry)
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        build = {"version": VERSION, "python": platform.python_version()}
        Info("gampyeong_build", "What is running.", registry=self._registry).info(build)

    def count(self, answered: Answered) -> None:
        key = answered.route, answered.method, answered.status
        found = self._children.get(key)
        if found is None:  # looking one up by its labels takes longer than counting
            found = self._children[key] = self._requests.labels(*key), self._seconds.labels(answered.route)
        requests, seconds = found
        requests.inc()
        seconds.observe(answered.seconds)

    def text(self) -> bytes:
        """All numbers, in the text format of `CONTENT_TYPE`."""
        return generate_latest(self._registry)


class _Model:
    """What the model has to do and has done."""

    def __init__(self, workload: Callable[[], QueueStats], card: Callable[[], ModelCard]) -> None:
        self._workload, self._card = workload, card

    def collect(self) -> Iterator[Metric]:
        work, card = self._workload(), self._card()
        model = GaugeMetricFamily("gampyeong_model_info", "Which model reads.", labels=["name", "id"])
        model.add_metric([card.name, card.id], 1)
        yield model
        yield GaugeMetricFamily("gampyeong_waiting_texts", "Texts accepted and not yet answered.", work.waiting)
        yield CounterMetricFamily("gampyeong_read_texts", "Texts read.", work.texts)
        yield CounterMetricFamily("gampyeong_inference_seconds", "Seconds in which the model read.", work.seconds)
        batches = HistogramMetricFamily("gampyeong_batch_texts", "Texts read at once.")
        batches.add_metric([], _buckets(work), sum_value=work.texts)
        yield batches


class _Reviews:
    """What the store holds; nothing while it cannot be asked, which `/readyz` reports."""

    def __init__(self, totals: Callable[[], CatalogueTotals]) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        try:
            totals = self._totals()
        except Unavailable:
            return
        yield GaugeMetricFamily("gampyeong_movies", "Movies kept.", totals.movie_count)
        reviews = GaugeMetricFamily("gampyeong_reviews", "Reviews kept.", labels=["label"])
        reviews.add_metric([Label.POSITIVE], totals.positive_count)
        reviews.add_metric([Label.NEGATIVE], totals.review_count - totals.positive_count)
        yield reviews


def _buckets(work: QueueStats) -> list[tuple[str, float]]:
    """How many turns read at most so many texts, as (limit, count); the last limit is +Inf."""
    counts = [
        (str(float(most)), float(sum(turns for texts, turns in work.turns.items() if texts <= most))) for most in _TEXTS
    ]
    return [*counts, ("+Inf", float(sum(work.turns.values())))]
