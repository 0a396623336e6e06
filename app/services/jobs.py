"""One long operation at a time, in a thread of its own, while pages look how far it is."""

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
    """Somebody wants the job to end."""


class JobState(StrEnum):
    """What became of a job. A stopped one may have done a part, where parts are worth keeping."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True)
class Job:
    """A job as pages see it: `what` it is, its `progress`, then its `result`, or the `error` it ended with."""

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
        """Return the job's own `ProgressCallback`. Raise `JobCancelled` where that is wanted."""
        self.progress = progress
        if self.is_stopping:
            raise JobCancelled


class Jobs:
    """Runs jobs and remembers the last one, until the process ends. Safe under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Job | None = None

    def start(self, what: str, work: Work) -> Job | None:
        """Begins `work`; None where another job is running. The thread dies with the process, unfinished."""
        with self._lock:
            if self.is_running:
                return None
            job = self.last = Job(what)
        threading.Thread(target=_run, args=(job, work), name=f"job-{what}", daemon=True).start()
        return job

    @property
    def is_running(self) -> bool:
        """Whether a job is running."""
        return self.last is not None and self.last.is_running

    def stop(self) -> None:
        """Asks the running job, if any, to end at its next report."""
        if self.last:
            self.last.is_stopping = True


def _run(job: Job, work: Work) -> None:
    try:
        job.result = work(job.report)
        job.state = JobState.DONE
    except JobCancelled:
        job.state = JobState.STOPPED
    except Exception as error:  # noqa: BLE001 - nobody waits for this thread: the page tells
        job.error = error
        job.state = JobState.FAILED
        if not isinstance(error, AppError):
            _log.exception("the job %s failed", job.what)
