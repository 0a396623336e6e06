"""How far a long operation has come, how fast it goes, and when it will be done."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

_TURN = 0.0001  # seconds; gevent polls sockets only after 50 sleeps of 0 seconds


def yield_to_others() -> None:
    """Let other greenlets run. Long loops call this every few milliseconds: a gevent worker serves nobody meanwhile."""
    time.sleep(_TURN)


class Stage(StrEnum):
    """What a long operation is doing."""

    CHECK = "check"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` (bytes of the file while it is checked, reviews else), at `rate` a second.

    `total` may be 0: unknown. What comes after this stage takes as long as `later` more units of it.
    """

    stage: Stage
    done: int
    total: int
    rate: float
    later: int = 0

    @property
    def share(self) -> float:
        """0..1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At this rate, with the stages after this one; None while nobody can tell."""
        return (max(0, self.total - self.done) + self.later) / self.rate if self.total and self.rate else None


ProgressCallback = Callable[[Progress], None]
"""Is told a few times a second. What it raises ends the operation, which then has changed nothing by halves."""


def ignore(progress: Progress) -> None:
    """Return a `ProgressCallback` for those who do not look."""


class ProgressReporter:
    """Times one stage and reports it."""

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
        """So many more are done; 0 says that it is still at it."""
        self._done += count
        elapsed = self._now() - self._start
        rate = self._done / elapsed if elapsed > 0 else 0.0
        self._report(Progress(self._stage, self._done, self._total, rate, self._later))
        yield_to_others()
