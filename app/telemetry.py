"""Access log and metrics: request hooks pass each finished request to both, and set `X-Request-ID`."""

import contextlib
import json
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import getrandbits

from flask import Flask, Request, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.errors import StoreUnavailable
from app.models import CatalogueTotals, Label, ModelCard, QueueStats
from app.settings import LOG_LEVELS, VERSION

UNKNOWN_ROUTE = "unknown"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A finished request.

    `route` is the URL rule and `method` a known one or "other", to limit the number of their values. `path` has no
    query. `seconds` is the time until the headers are complete. `size` is that of the body in bytes, None if unknown.
    `client` is the client's address.
    """

    request_id: str
    client: str
    method: str
    route: str
    path: str
    status: int
    seconds: float
    size: int | None


RequestHook = Callable[[RequestRecord], None]


def register(app: Flask, *hooks: RequestHook, trust_request_ids: bool = False) -> None:
    """Call `hooks` for every request. Register this first, so that the other request hooks are timed, too.

    `trust_request_ids` keeps the `X-Request-ID` of requests, for a site behind a proxy that sets it.
    """

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        given = request.headers.get("X-Request-ID", "") if trust_request_ids else ""
        g.request_id = given if _ID.fullmatch(given) else f"{getrandbits(64):016x}"

    @app.after_request
    def end(response: Response) -> Response:
        response.headers.add("X-Request-ID", g.request_id)
        record = _request_record(request._get_current_object(), response)  # type: ignore[attr-defined]
        for hook in hooks:
            hook(record)
        return response


def _request_record(request: Request, response: Response) -> RequestRecord:
    return RequestRecord(
        request_id=g.request_id,
        client=request.remote_addr or "",
        method=request.method if request.method in _METHODS else "other",
        route=request.url_rule.rule if request.url_rule else UNKNOWN_ROUTE,
        path=request.path,
        status=response.status_code,
        seconds=time.perf_counter() - g.began,
        size=response.calculate_content_length() if response.is_sequence else response.content_length,
    )


_MAX_PATH = 300  # characters


class AccessLog:
    """Access log on standard error, one line of JSON per request."""

    def __init__(self, level: str) -> None:
        """Log requests of `level`, one of `app.settings.LOG_LEVELS`, and above."""
        self._min_level = LOG_LEVELS.index(level)

    def write(self, record: RequestRecord) -> None:
        level = "error" if record.status >= 500 else "warning" if record.status >= 400 else "info"
        if LOG_LEVELS.index(level) < self._min_level:
            return
        line = json.dumps(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "level": level,
                "request": record.request_id,
                "client": record.client,
                "method": record.method,
                "path": record.path[:_MAX_PATH],
                "route": record.route,
                "status": record.status,
                "ms": round(record.seconds * 1_000, 2),
                "bytes": record.size,
            }
        )  # ASCII, so that a path cannot contain line ends or terminal escapes
        with contextlib.suppress(OSError, ValueError):  # standard error is closed
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Metrics of an app, in its own registry, as there may be several apps in a process."""

    def __init__(
        self,
        *,
        workload: Callable[[], QueueStats],
        totals: Callable[[], CatalogueTotals],
        card: Callable[[], ModelCard],
    ) -> None:
        """Set the callables for the values that are read at each export."""
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

    def count(self, record: RequestRecord) -> None:
        key = record.route, record.method, record.status
        found = self._children.get(key)
        if found is None:  # cached, as `labels` takes longer than counting
            found = self._children[key] = self._requests.labels(*key), self._seconds.labels(record.route)
        requests, seconds = found
        requests.inc()
        seconds.observe(record.seconds)

    def text(self) -> bytes:
        """Return all metrics in the text format of `CONTENT_TYPE`."""
        return generate_latest(self._registry)


class _Model:
    """Collector of the model's metrics."""

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
    """Collector of the store's totals; yields no metrics while the store is unavailable."""

    def __init__(self, totals: Callable[[], CatalogueTotals]) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        try:
            totals = self._totals()
        except StoreUnavailable:
            return
        yield GaugeMetricFamily("gampyeong_movies", "Movies kept.", totals.movie_count)
        reviews = GaugeMetricFamily("gampyeong_reviews", "Reviews kept.", labels=["label"])
        reviews.add_metric([Label.POSITIVE], totals.positive_count)
        reviews.add_metric([Label.NEGATIVE], totals.review_count - totals.positive_count)
        yield reviews


def _buckets(work: QueueStats) -> list[tuple[str, float]]:
    """Return cumulative numbers of batches by their size, as (limit, count); the last limit is +Inf."""
    counts = [
        (str(float(limit)), float(sum(turns for texts, turns in work.turns.items() if texts <= limit)))
        for limit in _TEXTS
    ]
    return [*counts, ("+Inf", float(sum(work.turns.values())))]
