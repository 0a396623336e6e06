"""Rank 1. The one thread that owns tokenizer and model, and the queue to it. May import models, errors.

Tokenizers raise "Already borrowed" under threads, and torch on several threads only fights itself for the cores
(DESIGN.md, Pitfalls). So the web's threads queue here; the thread takes what has gathered, reads it in one go, and
never waits for more.
"""

import atexit
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Protocol

from app.errors import Busy
from app.models import Explanation, ModelCard, Sentiment
from app.sentiment.explaining import explain
from app.sentiment.process import give_back

Read = Callable[[Sequence[str]], list[Any]]
"""What is done with texts: one answer each, in order."""

_GIVE_BACK_EVERY = 500  # turns
_SLICE_TEXTS = 32
_SLICE_CHARACTERS = 4_000  # a fraction of a second: what a short review waits at most for somebody's batch


class Loaded(Protocol):
    """A loaded model; see `app.sentiment.reader.Reader`."""

    def read(self, texts: Sequence[str]) -> list[Sentiment]: ...

    def log_odds(self, texts: Sequence[str]) -> list[float]: ...

    def pieces(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]: ...


@dataclass(frozen=True, slots=True)
class _Job:
    """Texts for `what`, a method of the loaded model."""

    texts: Sequence[str]
    characters: int
    what: str
    answer: "Future[list[Any]]" = field(default_factory=Future)


class QueuedAnalyzer:
    """An `app.protocols.Analyzer` over a model that only one thread may use."""

    def __init__(self, name: str, load: Callable[[], Loaded], *, queue_size: int = 512, timeout: float = 10.0) -> None:
        """Calls `load` in the thread and waits for it; raises what it raises.

        `name` is what people are shown; `queue_size` the texts accepted and not yet answered; `timeout` the seconds a
        text may wait.
        """
        self.name = name
        self.card = ModelCard(name)
        self._queue_size, self._timeout = queue_size, timeout
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._accepted = 0
        self._closed = False
        self._held: _Job | None = None
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(load, ready), name="sentiment", daemon=True)
        self._thread.start()
        ready.result()
        atexit.register(self.close)

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        """One `Sentiment` a text, in order. Raises `Busy` when the queue is full, when a text's time is up, or after
        `close`; what the model raises otherwise.

        Many texts go in slices, so that somebody's single review is not behind all of them.
        """
        return self._ask_in_slices(texts, "read")

    def log_odds(self, texts: Sequence[str]) -> list[float]:
        """How far each text leans to positive (above 0) or to negative. Raises what `analyze` raises."""
        return self._ask_in_slices(texts, "log_odds")

    def pieces(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where the tokens of each text lie, as (start, end). Raises what `analyze` raises."""
        return self._ask_in_slices(texts, "pieces")

    def explain(self, text: str) -> Explanation:
        """How `text` is read and what each word has to do with it. Raises what `analyze` raises."""
        return explain(text, self)

    def close(self) -> None:
        """Ends the thread after what it is reading; who still waits gets `Busy`. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._jobs.put(None)
        self._thread.join(self._timeout)
        atexit.unregister(self.close)

    def _accept(self, count: int) -> None:
        """Counts `count` texts in. A request larger than the whole queue is let in when nobody else is."""
        with self._lock:
            if self._closed:
                raise Busy("the model is shut down")
            if self._accepted and self._accepted + count > self._queue_size:
                raise Busy(f"{self._accepted} texts wait for the model, {self._queue_size} may", retry_after=1)
            self._accepted += count

    def _ask_in_slices(self, texts: Sequence[str], what: str) -> list[Any]:
        if not texts:
            return []
        self._accept(len(texts))
        try:
            return [answer for part in _slices(texts) for answer in self._ask(part, what)]
        finally:
            with self._lock:
                self._accepted -= len(texts)

    def _ask(self, texts: Sequence[str], what: str) -> list[Any]:
        if self._closed:
            raise Busy("the model is shut down")
        job = _Job(texts, sum(map(len, texts)), what)
        self._jobs.put(job)
        try:
            return job.answer.result(self._timeout)
        except FutureTimeout:
            if job.answer.cancel() or not job.answer.done():  # cancelled: the thread skips it
                raise Busy(f"the model did not get to it within {self._timeout:g} s", retry_after=2) from None
            return job.answer.result()  # it came at the last moment, or is the model's own TimeoutError

    def _run(self, load: Callable[[], Loaded], ready: "Future[None]") -> None:
        try:
            loaded = load()
        except BaseException as error:  # noqa: BLE001 - raised again by __init__, in the thread that asked
            ready.set_exception(error)
            return
        ready.set_result(None)
        give_back()
        for turn in count(1):
            jobs = self._take()
            if not jobs:
                break
            for what in dict.fromkeys(job.what for job in jobs):
                _answer(getattr(loaded, what), [job for job in jobs if job.what == what])
            if turn % _GIVE_BACK_EVERY == 0:
                give_back()
        self._refuse_rest()

    def _take(self) -> list[_Job]:
        """Waits for a job and adds what else is queued, up to a slice's size; nothing once closed."""
        job = self._held or self._jobs.get()
        self._held = None
        jobs: list[_Job] = []
        texts = characters = 0
        while job is not None:
            texts, characters = texts + len(job.texts), characters + job.characters
            if jobs and (texts > _SLICE_TEXTS or characters > _SLICE_CHARACTERS):
                self._held = job
                return jobs
            jobs.append(job)
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs
        self._jobs.put(None)  # closed: read what came before it, then see it again
        return jobs

    def _refuse_rest(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            if job is not None and job.answer.set_running_or_notify_cancel():
                job.answer.set_exception(Busy("the model is shut down"))


def _answer(read: Read, jobs: list[_Job]) -> None:
    """Reads all jobs at once; when that fails, one by one, so that one text's failure is not its neighbours'."""
    jobs = [job for job in jobs if job.answer.set_running_or_notify_cancel()]
    if not jobs:
        return
    try:
        answers = iter(read([text for job in jobs for text in job.texts]))
    except Exception as error:  # noqa: BLE001 - it is the waiter's to handle; the thread must live on
        if len(jobs) == 1:
            jobs[0].answer.set_exception(error)
            return
        for job in jobs:
            _answer_alone(read, job)
        return
    for job in jobs:
        job.answer.set_result(list(islice(answers, len(job.texts))))


def _answer_alone(read: Read, job: _Job) -> None:
    try:
        job.answer.set_result(read(job.texts))
    except Exception as error:  # noqa: BLE001 - as in `_answer`
        job.answer.set_exception(error)


def _slices(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """`texts` in order, in parts of at most so many texts and, but for a single one, characters."""
    start = characters = 0
    for index, text in enumerate(texts):
        characters += len(text)
        if index > start and (index - start == _SLICE_TEXTS or characters > _SLICE_CHARACTERS):
            yield texts[start:index]
            start, characters = index, len(text)
    yield texts[start:]
