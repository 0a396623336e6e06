"""Progress of long operations: stage, rate and estimated time left."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

_YIELD_SECONDS = 0.0001  # not 0: gevent polls sockets only after 50 sleeps of 0 seconds


def yield_to_others() -> None:
    """Let other greenlets run. A long loop blocks the gevent worker unless it calls this every few milliseconds."""
    time.sleep(_YIELD_SECONDS)


class Stage(StrEnum):
    """Stage of a long operation."""

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
        """The completed share of the stage, 0..1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the operation ends, following stages included; None if unknown."""
        return (max(0, self.total - self.done) + self.later) / self.rate if self.total and self.rate else None


ProgressCallback = Callable[[Progress], None]
"""Called a few times a second. Raising an exception in it cancels the operation."""


def ignore(progress: Progress) -> None:
    """Discard the progress: the default `ProgressCallback`."""


class ProgressReporter:
    """Measures the rate of one stage and calls a `ProgressCallback`."""

    def __init__(
        self,
        report: ProgressCallback,
        stage: Stage,
        total: int,
        *,
        later: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report, self._stage, self._total, self._later, self._now = report, stage, total, later, now
        self._start = now()
        self._done = 0
        self.add(0)

    def add(self, count: int) -> None:
        """Report `count` more units as done; 0 reports while waiting."""
        self._done += count
        elapsed = self._now() - self._start
        rate = self._done / elapsed if elapsed > 0 else 0.0
        self._report(Progress(self._stage, self._done, self._total, rate, self._later))
        yield_to_others()
