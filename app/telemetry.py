"""Access log and metrics: a request hook passes each finished request to both, and sets `X-Request-ID`."""

import contextlib
import json
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import getrandbits
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.errors import StoreUnavailable
from app.models import CatalogueTotals, Label, QueueStats
from app.protocols import Analyzer
from app.settings import LOG_LEVELS, VERSION

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_PATH = 300  # characters
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Metrics of an app, in its own registry, as there may be several apps in a process."""

    def __init__(self, analyzer: Analyzer, totals: Callable[[], CatalogueTotals]) -> None:
        """Set the sources of the values that are read at each export."""
        self._analyzer, self._totals = analyzer, totals
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "gampyeong_requests", "Answered requests.", ["route", "method", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "gampyeong_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        build = {"version": VERSION, "python": platform.python_version()}
        Info("gampyeong_build", "Version of the site and of Python.", registry=self._registry).info(build)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a finished request."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in the text format of `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the model, and of the store if it is available; called by the registry."""
        work, card = self._analyzer.workload(), self._analyzer.card
        model = GaugeMetricFamily("gampyeong_model_info", "The current model.", labels=["name", "id"])
        model.add_metric([card.name, card.id], 1)
        yield model
        yield GaugeMetricFamily("gampyeong_waiting_texts", "Texts accepted without a result.", work.waiting)
        yield CounterMetricFamily("gampyeong_read_texts", "Texts analyzed.", work.texts)
        yield CounterMetricFamily("gampyeong_inference_seconds", "Seconds of inference.", work.seconds)
        batches = HistogramMetricFamily("gampyeong_batch_texts", "Texts in a batch.")
        batches.add_metric([], _buckets(work), sum_value=work.texts)
        yield batches
        with contextlib.suppress(StoreUnavailable):
            totals = self._totals()
            yield GaugeMetricFamily("gampyeong_movies", "Stored movies.", totals.movie_count)
            reviews = GaugeMetricFamily("gampyeong_reviews", "Stored reviews.", labels=["label"])
            reviews.add_metric([Label.POSITIVE], totals.positive_count)
            reviews.add_metric([Label.NEGATIVE], totals.review_count - totals.positive_count)
            yield reviews


def _buckets(work: QueueStats) -> list[tuple[str, float]]:
    """Return cumulative numbers of batches by their size, as (limit, count); the last limit is +Inf."""
    counts = [
        (str(float(limit)), float(sum(count for size, count in work.batch_counts.items() if size <= limit)))
        for limit in _TEXTS
    ]
    return [*counts, ("+Inf", float(sum(work.batch_counts.values())))]


def register(app: Flask, metrics: Metrics, log_level: str, *, trust_request_ids: bool = False) -> None:
    """Count and log every request. Register this first, so that the other request hooks are timed, too.

    `log_level` is one of `app.settings.LOG_LEVELS`. `trust_request_ids` keeps the `X-Request-ID` of requests, for a
    site behind a proxy that sets it.
    """
    min_level = LOG_LEVELS.index(log_level)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        given = request.headers.get("X-Request-ID", "") if trust_request_ids else ""
        g.request_id = given if _ID.fullmatch(given) else f"{getrandbits(64):016x}"

    @app.after_request
    def end(response: Response) -> Response:
        """Count and log the request; the time is that until its headers are complete."""
        response.headers.add("X-Request-ID", g.request_id)
        seconds, status = time.perf_counter() - g.began, response.status_code
        # Routes and methods are known ones, to limit the number of series.
        method = request.method if request.method in _METHODS else "other"
        route = request.url_rule.rule if request.url_rule else "unknown"
        metrics.count(route, method, status, seconds)
        level = "error" if status >= 500 else "warning" if status >= 400 else "info"
        if LOG_LEVELS.index(level) >= min_level:
            _log(
                time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                level=level,
                request=g.request_id,
                client=request.remote_addr or "",
                method=method,
                path=request.path[:_MAX_PATH],
                route=route,
                status=status,
                ms=round(seconds * 1_000, 2),
                bytes=response.calculate_content_length() if response.is_sequence else response.content_length,
            )
        return response


def _log(**values: Any) -> None:
    """Write a line of JSON to standard error, in ASCII, so that no path contains line ends or terminal escapes."""
    with contextlib.suppress(OSError, ValueError):  # standard error is closed
        sys.stderr.write(json.dumps(values) + "\n")
        sys.stderr.flush()
