"""How far a command is, on standard error: a line that changes on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from app.services.progress import Progress, Stage

_EVERY_ON_TERMINAL = 0.2  # seconds
_EVERY_ELSEWHERE = 10.0
_WIDTH = 24
_VERBS = {Stage.CHECK: "checking", Stage.READ: "reading", Stage.WRITE: "writing"}


class ProgressLine:
    """A `ProgressCallback` that prints. Use it in a `with`, which ends the line."""

    def __init__(self, out: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._out = sys.stderr if out is None else out
        self._now = now
        self._terminal = self._out.isatty()
        self._every = _EVERY_ON_TERMINAL if self._terminal else _EVERY_ELSEWHERE
        self._next = now() + (0 if self._terminal else _EVERY_ELSEWHERE)
        self._stage: Stage | None = None

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal and self._stage:
            print(file=self._out)

    def __call__(self, progress: Progress) -> None:
        if self._terminal and self._stage not in (None, progress.stage):
            print(file=self._out)
            self._next = 0
        self._stage = progress.stage
        if self._now() >= self._next:
            self._next = self._now() + self._every
            self._print(progress)

    def _print(self, progress: Progress) -> None:
        line = describe(progress)
        if self._terminal:
            print(f"\r\x1b[K{_bar(progress)} {line}", end="", file=self._out, flush=True)
        else:
            print(line, file=self._out, flush=True)


def describe(progress: Progress) -> str:
    """`reading 12,345 of 100,000 (12%), 690/s, 2 min 7 s left`."""
    verb = _VERBS[progress.stage]
    if progress.stage is Stage.CHECK:
        return f"{verb} {progress.share:.0%}"
    parts = [f"{verb} {progress.done:,} of {progress.total:,} ({progress.share:.0%})"]
    if progress.rate:
        parts.append(f"{progress.rate:,.0f}/s")
    if progress.seconds_left is not None and progress.done:
        parts.append(f"{format_seconds(progress.seconds_left)} left")
    return ", ".join(parts)


def format_seconds(seconds: float) -> str:
    """127 -> `2 min 7 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _bar(progress: Progress) -> str:
    full = int(progress.share * _WIDTH)
    return f"[{'#' * full}{'.' * (_WIDTH - full)}]"
