"""Background jobs, one at a time, and functions for long operations: progress, retries of a busy model."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from app.errors import AppError, ModelBusy
from app.models import Review, Sentiment
from app.protocols import Analyzer
from app.store import Store
from app.store.base import yield_to_others

BATCH_SIZE = 256
"""Texts per request: a third of a second for the bundled model, and an eighth of its queue."""
PAGE_SIZE = 1_000
"""Reviews read from the store at a time."""
MAX_BUSY_SECONDS = 60
"""Seconds to retry while the model is busy."""
_log = logging.getLogger("gampyeong")


class Stage(StrEnum):
    """Stages of a job: parsing the file, analyzing reviews, writing them."""

    CHECK = "check"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a stage: `done` of `total` units (bytes while a file is checked, else reviews), at `rate` a second.

    A `total` of 0 means unknown. The following stages are estimated to take as long as `later` units of this one.
    """

    stage: Stage
    done: int
    total: int
    rate: float
    later: int = 0

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the operation ends, following stages included; None if unknown."""
        return (max(0, self.total - self.done) + self.later) / self.rate if self.total and self.rate else None


ProgressCallback = Callable[[Progress], None]
"""Called a few times a second. Raising an exception in it cancels the operation."""


def ignore_progress(progress: Progress) -> None:
    """Discard the progress: the default `ProgressCallback`."""


class ProgressReporter:
    """Measures the rate of one stage and calls a `ProgressCallback`."""

    def __init__(self, report: ProgressCallback, stage: Stage, total: int, *, later: int = 0) -> None:
        self._report, self._stage, self._total, self._later = report, stage, total, later
        self._start = time.monotonic()
        self._done = 0
        self.add(0)

    def add(self, count: int) -> None:
        """Report `count` more units as done; 0 reports while waiting."""
        self._done += count
        elapsed = time.monotonic() - self._start
        rate = self._done / elapsed if elapsed > 0 else 0.0
        self._report(Progress(self._stage, self._done, self._total, rate, self._later))
        yield_to_others()


def iter_pages(store: Store) -> Iterator[list[Review]]:
    """Yield all reviews by id, in lists of `PAGE_SIZE`; other greenlets run after each."""
    last = 0
    yield_to_others()
    while page := store.all_reviews(after_id=last, limit=PAGE_SIZE):
        yield page
        last = page[-1].id
        yield_to_others()


def analyze_with_retry(
    analyzer: Analyzer, texts: Sequence[str], on_wait: Callable[[], None], sleep: Callable[[float], None] = time.sleep
) -> list[Sentiment]:
    """Analyze texts, retrying while the model is busy. `on_wait` is called before each wait, and may raise.

    Raise `ModelBusy` after `MAX_BUSY_SECONDS`.
    """
    waited = 0.0
    while True:
        try:
            return analyzer.analyze(texts)
        except ModelBusy as busy:
            if waited >= MAX_BUSY_SECONDS:
                raise
            on_wait()
            waited += busy.retry_after
            sleep(busy.retry_after)


Work = Callable[[ProgressCallback], object]


class JobCancelled(Exception):
    """Raised in a job after `Jobs.stop`."""


@dataclass(slots=True)
class Job:
    """A job ("import" or "rescore") with its `progress`, and at the end its `result` or `error`.

    The effects of a stopped job until then may remain.
    """

    kind: str
    state: Literal["running", "done", "failed", "stopped"] = "running"
    progress: Progress | None = None
    result: Any = None
    error: Exception | None = None
    is_stopping: bool = False

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    def run(self, work: Work) -> None:
        try:
            self.result = work(self._report)
            self.state = "done"
        except JobCancelled:
            self.state = "stopped"
        except Exception as error:  # noqa: BLE001 - shown on the job's page
            self.error = error
            self.state = "failed"
            if not isinstance(error, AppError):
                _log.exception("the job %s failed", self.kind)

    def _report(self, progress: Progress) -> None:
        self.progress = progress
        if self.is_stopping:
            raise JobCancelled


class Jobs:
    """Runner of jobs, which keeps the last one until the process ends. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Job | None = None

    @property
    def is_running(self) -> bool:
        return self.last is not None and self.last.is_running

    def start(self, kind: str, work: Work) -> bool:
        """Start `work` in a daemon thread; return False if another job is running."""
        with self._lock:
            if self.is_running:
                return False
            job = self.last = Job(kind)
        threading.Thread(target=job.run, args=(work,), name=f"job-{kind}", daemon=True).start()
        return True

    def stop(self) -> None:
        """Stop the running job, if any, at its next progress report."""
        if self.last:
            self.last.is_stopping = True
