"""A fair, deduplicating queue of texts for the model. Thread-safe.

Requests for the same text share one work item, which is computed once. Batches take items from the requests in turn
(round robin), so that a request of a thousand texts does not delay a request of one.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.errors import ModelBusy


@dataclass(slots=True, eq=False)
class WorkItem:
    """A text for a `method` of the model, and the requests that wait for its result."""

    method: str
    text: str
    requests: "list[QueuedRequest]" = field(default_factory=list)
    in_batch: bool = False
    result: Any = None


class QueuedRequest:
    """One caller's texts as work items, in order; equal texts share an item."""

    __slots__ = ("_done", "deadline", "error", "items", "pending_count", "unbatched")

    def __init__(self, items: Sequence[WorkItem], deadline: float) -> None:
        """Create a request whose caller waits until `deadline`, in `time.monotonic` seconds."""
        distinct = dict.fromkeys(items)
        self.items, self.deadline = items, deadline
        self.unbatched = deque(item for item in distinct if not item.in_batch)
        self.pending_count = len(distinct)
        self.error: BaseException | None = None
        self._done = threading.Event()

    @property
    def is_done(self) -> bool:
        """Return whether all items have a result or one has failed."""
        return self.pending_count == 0 or self.error is not None

    def wait(self) -> list[Any] | None:
        """Return one result per text, or None after the deadline. Raise the error of a failed item."""
        self._done.wait(max(0.0, self.deadline - time.monotonic()))
        if not self.is_done:
            return None
        if self.error is not None:
            raise self.error
        return [item.result for item in self.items]

    def notify(self) -> None:
        """Wake the caller."""
        self._done.set()

    def next_item(self) -> WorkItem | None:
        """Return the first item that is in no batch yet, or None; also None if the request failed or timed out."""
        if self.error is not None or self.deadline <= time.monotonic():
            self.unbatched.clear()
        while self.unbatched and self.unbatched[0].in_batch:
            self.unbatched.popleft()
        return self.unbatched[0] if self.unbatched else None


class RequestQueue:
    """Queue of incomplete requests, bounded by the number of their texts."""

    def __init__(self, max_texts: int) -> None:
        self._max_texts = max_texts
        self._changed = threading.Condition()
        self._requests: deque[QueuedRequest] = deque()
        self._items: dict[tuple[str, str], WorkItem] = {}
        self._count = 0
        self._is_closed = False

    def __len__(self) -> int:
        """Return the number of accepted texts without a result."""
        return self._count

    def submit(self, method: str, texts: Sequence[str], deadline: float) -> QueuedRequest:
        """Queue `texts`. Raise `ModelBusy` if the queue is full; an empty queue accepts a request of any size."""
        with self._changed:
            if self._is_closed:
                raise ModelBusy("the model is shut down")
            if self._count and self._count + len(texts) > self._max_texts:
                raise ModelBusy(f"{self._count} texts wait for the model, {self._max_texts} may", retry_after=1)
            self._count += len(texts)
            items = [self._items.setdefault((method, text), WorkItem(method, text)) for text in texts]
            request = QueuedRequest(items, deadline)
            for item in dict.fromkeys(items):
                item.requests.append(request)
            self._requests.append(request)
            self._changed.notify()
            return request

    def cancel(self, request: QueuedRequest) -> None:
        """Remove a request and drop its items that are in no batch and in no other request."""
        with self._changed:
            self._count -= len(request.items)
            request.unbatched.clear()
            if request.pending_count:
                for item in dict.fromkeys(request.items):
                    if request in item.requests:
                        item.requests.remove(request)
                    if not item.requests and not item.in_batch:
                        self._items.pop((item.method, item.text), None)

    def next_batch(self, max_texts: int, max_characters: int) -> list[WorkItem]:
        """Wait for items and return at most `max_texts`, of `max_characters` in all unless it is a single item.

        Return an empty list after the queue was closed and emptied.
        """
        with self._changed:
            while True:
                if batch := self._collect(max_texts, max_characters):
                    return batch
                if self._is_closed:
                    return []
                self._changed.wait()

    def resolve(self, items: Sequence[WorkItem], results: Iterable[Any]) -> None:
        """Set the results of a batch's items, in order. Raise `ValueError` if their number differs."""
        for item, result in zip(items, results, strict=True):
            item.result = result
        self._complete(items, None)

    def reject(self, item: WorkItem, error: BaseException) -> None:
        """Fail an item of a batch: raise `error` in the callers that wait for it."""
        self._complete([item], error)

    def close(self) -> bool:
        """Refuse further requests. Return whether the queue was open."""
        with self._changed:
            was_open, self._is_closed = not self._is_closed, True
            self._changed.notify()
        return was_open

    def _collect(self, max_texts: int, max_characters: int) -> list[WorkItem]:
        batch: list[WorkItem] = []
        characters = 0
        while self._requests and len(batch) < max_texts:
            request = self._requests[0]
            item = request.next_item()
            if item is None:
                self._requests.popleft()
                continue
            characters += len(item.text)
            if batch and characters > max_characters:
                break
            item.in_batch = True
            batch.append(item)
            self._requests.rotate(-1)
        return batch

    def _complete(self, items: Sequence[WorkItem], error: BaseException | None) -> None:
        done: list[QueuedRequest] = []
        with self._changed:
            for item in items:
                self._items.pop((item.method, item.text), None)
                for request in item.requests:
                    request.pending_count -= 1
                    request.error = request.error or error
                    if request.is_done:
                        done.append(request)
        for request in done:  # after the lock is released: the woken caller needs it
            request.notify()
