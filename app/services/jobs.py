"""Background jobs, one at a time, whose progress pages can show."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.errors import AppError
from app.services.import_export import ImportResult
from app.services.progress import Progress, ProgressCallback
from app.services.rescoring import RescoreResult

Result = ImportResult | RescoreResult
Work = Callable[[ProgressCallback], Result]

_log = logging.getLogger("gampyeong")


class JobCancelled(Exception):
    """Raised in a job that was asked to stop."""


class JobState(StrEnum):
    """State of a job. A stopped job may have kept a part of its work."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True)
class Job:
    """A job of the kind `what`, with its `progress`, then its `result` or the `error` that ended it."""

    what: str
    state: JobState = JobState.RUNNING
    progress: Progress | None = None
    result: Result | None = None
    error: Exception | None = None
    is_stopping: bool = False

    @property
    def is_running(self) -> bool:
        return self.state is JobState.RUNNING

    def report(self, progress: Progress) -> None:
        """Store the progress; a `ProgressCallback`. Raise `JobCancelled` if the job was asked to stop."""
        self.progress = progress
        if self.is_stopping:
            raise JobCancelled


class Jobs:
    """Runner of jobs, which keeps the last one until the process ends. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Job | None = None

    def start(self, what: str, work: Work) -> Job | None:
        """Start `work` in a daemon thread; return None if another job is running."""
        with self._lock:
            if self.is_running:
                return None
            job = self.last = Job(what)
        threading.Thread(target=_run, args=(job, work), name=f"job-{what}", daemon=True).start()
        return job

    @property
    def is_running(self) -> bool:
        """Return whether a job is running."""
        return self.last is not None and self.last.is_running

    def stop(self) -> None:
        """Stop the running job, if any, at its next progress report."""
        if self.last:
            self.last.is_stopping = True


def _run(job: Job, work: Work) -> None:
    try:
        job.result = work(job.report)
        job.state = JobState.DONE
    except JobCancelled:
        job.state = JobState.STOPPED
    except Exception as error:  # noqa: BLE001 - shown on the job's page
        job.error = error
        job.state = JobState.FAILED
        if not isinstance(error, AppError):
            _log.exception("the job %s failed", job.what)
