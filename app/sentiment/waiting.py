"""Rank 1. What waits for the model: who asked, until when, and whose turn it is. Safe under threads.

Two callers with the same text wait for one task, so it is read once. Tasks are taken one from each caller in turn, so
nobody's thousand texts, and nobody's explanation, stand before somebody's single review. May import aside, errors.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.aside import step_aside
from app.errors import Busy


@dataclass(slots=True, eq=False)
class Task:
    """A text, `what` the model shall do with it, and the callers who wait for that."""

    what: str
    text: str
    asks: "list[Ask]" = field(default_factory=list)
    is_taken: bool = False
    answer: Any = None


class Ask:
    """One caller's texts, as tasks in their order; equal texts are one task."""

    __slots__ = ("_done", "deadline", "failure", "missing", "tasks", "untaken")

    def __init__(self, tasks: Sequence[Task], deadline: float) -> None:
        """`deadline`, of `time.monotonic`, is when the caller gives up."""
        distinct = dict.fromkeys(tasks)
        self.tasks, self.deadline = tasks, deadline
        self.untaken = deque(task for task in distinct if not task.is_taken)
        self.missing = len(distinct)
        self.failure: BaseException | None = None
        self._done = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether every task is answered, or one has failed."""
        return self.missing == 0 or self.failure is not None

    def wait(self) -> list[Any] | None:
        """One answer a text, or None when time is up before that. Raises what a task failed with."""
        if not self._done.is_set():
            step_aside()
        self._done.wait(max(0.0, self.deadline - time.monotonic()))
        if not self.is_over:
            return None
        if self.failure is not None:
            raise self.failure
        return [task.answer for task in self.tasks]

    def wake(self) -> None:
        self._done.set()

    def next(self) -> Task | None:
        """The first task that nobody has taken; None where there is none, or nobody waits for it any more."""
        if self.failure is not None or self.deadline <= time.monotonic():
            self.untaken.clear()
        while self.untaken and self.untaken[0].is_taken:
            self.untaken.popleft()
        return self.untaken[0] if self.untaken else None


class Waiting:
    """The callers whose texts are not all read yet, bounded by the number of their texts."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._asks: deque[Ask] = deque()
        self._tasks: dict[tuple[str, str], Task] = {}
        self._count = 0
        self._is_closed = False

    def __len__(self) -> int:
        """How many texts are accepted and not answered yet."""
        return self._count

    def enter(self, what: str, texts: Sequence[str], deadline: float) -> Ask:
        """Queues `texts`. A request larger than the whole queue is let in when nobody else is. Raises `Busy`."""
        with self._changed:
            if self._is_closed:
                raise Busy("the model is shut down")
            if self._count and self._count + len(texts) > self._most:
                raise Busy(f"{self._count} texts wait for the model, {self._most} may", retry_after=1)
            self._count += len(texts)
            ask = Ask([self._tasks.setdefault((what, text), Task(what, text)) for text in texts], deadline)
            for task in dict.fromkeys(ask.tasks):
                task.asks.append(ask)
            self._asks.append(ask)
            self._changed.notify()
            return ask

    def leave(self, ask: Ask) -> None:
        """The caller has its answers, or gave up: what only it waited for and nobody took is dropped."""
        with self._changed:
            self._count -= len(ask.tasks)
            ask.untaken.clear()
            if ask.missing:
                for task in dict.fromkeys(ask.tasks):
                    if ask in task.asks:
                        task.asks.remove(ask)
                    if not task.asks and not task.is_taken:
                        self._tasks.pop((task.what, task.text), None)

    def take(self, texts: int, characters: int) -> list[Task]:
        """The next tasks, at most so many `texts` and (but for a single one) `characters`, waiting for the first as
        long as it takes. Empty once closed and everything is taken."""
        with self._changed:
            while True:
                if taken := self._take(texts, characters):
                    return taken
                if self._is_closed:
                    return []
                self._changed.wait()

    def answer(self, tasks: Sequence[Task], answers: Iterable[Any]) -> None:
        """Gives taken tasks their answers, in order."""
        for task, answer in zip(tasks, answers, strict=True):
            task.answer = answer
        self._finish(tasks, None)

    def fail(self, task: Task, failure: BaseException) -> None:
        """Lets those who wait for a taken task have this instead of an answer."""
        self._finish([task], failure)

    def close(self) -> bool:
        """Lets nobody in any more; whether that was not so already."""
        with self._changed:
            was_open, self._is_closed = not self._is_closed, True
            self._changed.notify()
        return was_open

    def _take(self, texts: int, characters: int) -> list[Task]:
        taken: list[Task] = []
        while self._asks and len(taken) < texts:
            ask = self._asks[0]
            task = ask.next()
            if task is None:
                self._asks.popleft()
                continue
            characters -= len(task.text)
            if taken and characters < 0:
                break
            task.is_taken = True
            taken.append(task)
            self._asks.rotate(-1)
        return taken

    def _finish(self, tasks: Sequence[Task], failure: BaseException | None) -> None:
        over: list[Ask] = []
        with self._changed:
            for task in tasks:
                self._tasks.pop((task.what, task.text), None)
                for ask in task.asks:
                    ask.missing -= 1
                    ask.failure = ask.failure or failure
                    if ask.is_over:
                        over.append(ask)
        for ask in over:  # with the lock given back: who wakes up wants it
            ask.wake()
