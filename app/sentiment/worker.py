"""Rank 1. The one thread that owns tokenizer and model, and the queue to it. May import models, errors.

Tokenizers raise "Already borrowed" under threads, and torch on several threads only fights itself for the cores
(huggingface/tokenizers#537). So the web's threads queue here; the thread takes what has gathered, reads it in one go,
and never waits for more.
"""

import atexit
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import count
from typing import Any, Protocol

from app.errors import Busy, Unavailable, first_line
from app.models import Explanation, ModelCard, Sentiment, Workload
from app.sentiment.explaining import Verdict, explain
from app.sentiment.process import give_back
from app.sentiment.waiting import Task, Waiting

MAX_QUEUED_TEXTS = 2_048  # accepted and not yet answered; above, the answer is 503
MAX_WAIT_SECONDS = 10.0  # of a text for the model; after, the answer is 503
_GIVE_BACK_EVERY = 500  # turns
_TURN_TEXTS = 32
_TURN_CHARACTERS = 2_000  # some 60 ms: what a short review waits at most for others, but for a single longer text
_STUCK_AFTER = 60.0  # seconds in one turn: a hundred times what the longest text takes

_log = logging.getLogger("gampyeong")


class Loaded(Protocol):
    """A loaded model; see `app.sentiment.reader.Reader`."""

    def judge(self, texts: Sequence[str]) -> list[Verdict]: ...

    def pieces(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]: ...


class QueuedAnalyzer:
    """An `app.protocols.Analyzer` over a model that only one thread may use."""

    def __init__(
        self,
        name: str,
        load: Callable[[], Loaded],
        *,
        queue_size: int = MAX_QUEUED_TEXTS,
        timeout: float = MAX_WAIT_SECONDS,
    ) -> None:
        """Calls `load` in the thread and waits for it; raises what it raises.

        `name` is what people are shown; `queue_size` the texts accepted and not yet answered; `timeout` the seconds a
        caller waits unless it says otherwise, for each turn's worth of texts.
        """
        self.name = name
        self.card = ModelCard(name)
        self._timeout = timeout
        self._waiting = Waiting(queue_size)
        self._turns: Counter[int] = Counter()
        self._seconds = 0.0
        self._turn_began: float | None = None
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(load, ready), name="sentiment", daemon=True)
        self._thread.start()
        ready.result()
        atexit.register(self.close)

    def analyze(self, texts: Sequence[str], *, timeout: float | None = None) -> list[Sentiment]:
        """One `Sentiment` a text, in order.

        Raises `Busy` when the queue is full, after `timeout` seconds (what is not read by then, nobody reads), or
        after `close`; what the model raises otherwise.
        """
        return [verdict.sentiment for verdict in self.judge(texts, timeout=timeout)]

    def judge(self, texts: Sequence[str], *, timeout: float | None = None) -> list[Verdict]:
        """One `Verdict` a text, in order. Raises what `analyze` raises."""
        return self._ask("judge", texts, timeout)

    def pieces(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where the tokens of each text lie, as (start, end). Raises what `analyze` raises."""
        return self._ask("pieces", texts, None)

    def explain(self, text: str) -> Explanation:
        """How `text` is read and what each word has to do with it. Raises what `analyze` raises."""
        return explain(text, self)

    def workload(self) -> Workload:
        """What waits, and what was read since the start."""
        return Workload(len(self._waiting), dict(self._turns), self._seconds)

    def check(self) -> None:
        """Raises `Unavailable` when texts are not read any more."""
        if not self._thread.is_alive():
            raise Unavailable("the model is shut down")
        began = self._turn_began
        if began is not None and time.monotonic() - began > _STUCK_AFTER:
            raise Unavailable(f"the model has not answered for {time.monotonic() - began:.0f} s")

    def close(self) -> None:
        """Ends the thread once it has read what was accepted. May be called twice."""
        if self._waiting.close():
            self._thread.join(_STUCK_AFTER)
            atexit.unregister(self.close)

    def _ask(self, what: str, texts: Sequence[str], timeout: float | None) -> list[Any]:
        if not texts:
            return []
        seconds = self._patience(texts) if timeout is None else timeout
        ask = self._waiting.enter(what, texts, time.monotonic() + seconds)
        try:
            answers = ask.wait()
        finally:
            self._waiting.leave(ask)
        if answers is None:
            raise Busy(f"the model did not get to it within {seconds:g} s", retry_after=2)
        return answers

    def _patience(self, texts: Sequence[str]) -> float:
        """How many seconds a caller waits who does not say: so many for each turn that its texts fill."""
        turns = max(1, -(-len(texts) // _TURN_TEXTS), -(-sum(map(len, texts)) // _TURN_CHARACTERS))
        return self._timeout * turns

    def _run(self, load: Callable[[], Loaded], ready: "Future[None]") -> None:
        try:
            loaded = load()
        except BaseException as error:  # noqa: BLE001 - raised again by __init__, in the thread that asked
            ready.set_exception(error)
            return
        ready.set_result(None)
        give_back()
        for turn in count(1):
            tasks = self._waiting.take(_TURN_TEXTS, _TURN_CHARACTERS)
            if not tasks:
                return
            self._turn_began = began = time.monotonic()
            for what in dict.fromkeys(task.what for task in tasks):
                self._answer(getattr(loaded, what), [task for task in tasks if task.what == what])
            self._turns[len(tasks)] += 1
            self._seconds += time.monotonic() - began
            self._turn_began = None
            if turn % _GIVE_BACK_EVERY == 0:
                give_back()

    def _answer(self, read: Callable[[Sequence[str]], list[Any]], tasks: list[Task]) -> None:
        """Reads all tasks at once; when that fails, one by one, so that one text's failure is not its neighbours'."""
        try:
            self._waiting.answer(tasks, read([task.text for task in tasks]))
        except BaseException as error:  # noqa: BLE001 - it is the callers' to handle; the thread must live on
            if len(tasks) > 1:
                for task in tasks:
                    self._answer(read, [task])
            else:
                self._waiting.fail(tasks[0], _failure(error))


def _failure(error: BaseException) -> Exception:
    """What the callers get: a model's SystemExit would end their thread, and is none of theirs."""
    if isinstance(error, Exception):
        return error
    failure = RuntimeError(f"the model failed: {first_line(error)}")
    failure.__cause__ = error
    return failure
