"""The queue for the model, which only one thread may use.

Fast tokenizers raise "Already borrowed" when several threads use them (huggingface/tokenizers#537), and torch in
several threads competes with itself for the cores. The thread computes queued texts in batches, without waiting for a
batch to fill. Batches take texts from the callers in turn, so that a request of a thousand texts does not delay a
request of one.
"""

import atexit
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from app.errors import ModelBusy, StoreUnavailable, first_line
from app.models import Explanation, ModelCard, QueueStats, Sentiment
from app.native_thread import NativeThread
from app.sentiment.explanation import Predict, Prediction, explain
from app.sentiment.process_setup import trim_memory

MAX_QUEUED_TEXTS = 2_048  # accepted, without a result; more are refused with 503
MAX_WAIT_SECONDS = 10.0  # of a text in the queue; then 503
_TRIM_MEMORY_EVERY = 500  # batches
_BATCH_TEXTS = 32
_BATCH_CHARACTERS = 2_000  # about 60 ms, which a short review waits at most unless a single text is longer
_STUCK_SECONDS = 60.0  # for one batch: a hundred times the longest text's time


@dataclass(slots=True, eq=False)
class _Request:
    """One caller's `size` texts: `texts` are in no batch yet, `predictions` are those of the first texts."""

    texts: deque[str]
    size: int
    predictions: list[Prediction] = field(default_factory=list)
    future: "Future[list[Prediction]]" = field(default_factory=Future)


class QueuedAnalyzer:
    """An `app.protocols.Analyzer` for a model that only one thread may use."""

    def __init__(
        self,
        card: ModelCard,
        load: Callable[[], Predict],
        *,
        queue_size: int = MAX_QUEUED_TEXTS,
        timeout: float = MAX_WAIT_SECONDS,
    ) -> None:
        """Call `load` in the thread that will own the model, wait for it and raise its errors.

        `queue_size` is the maximum number of accepted texts without a result; `timeout` is the number of seconds that a
        caller waits for each batch filled by its texts.
        """
        self.card = card
        self._queue_size, self._timeout = queue_size, timeout
        self._changed = threading.Condition()
        self._requests: deque[_Request] = deque()  # with texts that are in no batch yet
        self._waiting = 0  # accepted texts without a result
        self._is_closed = False
        self._batch_sizes: Counter[int] = Counter()
        self._seconds = 0.0
        self._batch_began: float | None = None
        self._model_thread = NativeThread()
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(load, ready), name="sentiment", daemon=True)
        self._thread.start()
        ready.result()
        atexit.register(self.close)

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        """Return one `Sentiment` per text, in order.

        Raise `ModelBusy` if the queue is full, after the timeout (texts not yet in a batch are dropped) or after
        `close`, and the errors of the model.
        """
        return [prediction.sentiment for prediction in self.predict(texts)]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one `Prediction` per text, in order. Raise the errors of `analyze`."""
        if not texts:
            return []
        request = self._submit(texts)
        timeout = self._timeout * _batch_count(texts)
        try:
            if not wait([request.future], timeout).done:
                raise ModelBusy(f"the model did not get to it within {timeout:g} s", retry_after=2)
            return request.future.result()
        finally:
            with self._changed:
                self._waiting -= len(texts)
            self._drop(request)

    def explain(self, text: str) -> Explanation:
        """Return the sentiment of `text` and the weight of each word. Raise the errors of `analyze`."""
        return explain(text, self.predict)

    def workload(self) -> QueueStats:
        """Return the number of queued texts, and batch counts since the start."""
        return QueueStats(self._waiting, dict(self._batch_sizes), self._seconds)

    def check(self) -> None:
        """Raise `StoreUnavailable` if the model has stopped or a batch takes too long."""
        if not self._thread.is_alive():
            raise StoreUnavailable("the model is shut down")
        began = self._batch_began
        if began is not None and time.monotonic() - began > _STUCK_SECONDS:
            raise StoreUnavailable(f"the model has not answered for {time.monotonic() - began:.0f} s")

    def close(self) -> None:
        """Stop the thread after the accepted texts are computed. Can be called twice."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(_STUCK_SECONDS)
        atexit.unregister(self.close)

    def _submit(self, texts: Sequence[str]) -> _Request:
        """Queue `texts`. Raise `ModelBusy` if the queue is full; an empty queue accepts a request of any size."""
        request = _Request(deque(texts), len(texts))
        with self._changed:
            if self._is_closed:
                raise ModelBusy("the model is shut down")
            if self._waiting and self._waiting + len(texts) > self._queue_size:
                message = f"{self._waiting} texts wait for the model, {self._queue_size} may"
                raise ModelBusy(message, retry_after=1)
            self._waiting += len(texts)
            self._requests.append(request)
            self._changed.notify()
        return request

    def _drop(self, request: _Request) -> None:
        """Remove the texts of a request that are in no batch yet."""
        with self._changed, suppress(ValueError):
            self._requests.remove(request)

    def _run(self, load: Callable[[], Predict], ready: "Future[None]") -> None:
        try:
            predict = self._model_thread.run(load)
        except BaseException as error:  # noqa: BLE001 - raised again by __init__
            ready.set_exception(error)
            return
        ready.set_result(None)
        trim_memory()
        for number in count(1):
            batch = self._next_batch()
            if not batch:
                return
            self._batch_began = began = time.monotonic()
            distinct = list(dict.fromkeys(text for _, text in batch))
            outcomes = self._model_thread.run(_compute, predict, distinct)
            for request, text in batch:
                self._deliver(request, outcomes[text])
            self._batch_sizes[len(batch)] += 1
            self._seconds += time.monotonic() - began
            self._batch_began = None
            if number % _TRIM_MEMORY_EVERY == 0:
                trim_memory()

    def _next_batch(self) -> list[tuple[_Request, str]]:
        """Wait for requests, and return a batch of their texts, taken in turn; an empty list after `close`."""
        batch: list[tuple[_Request, str]] = []
        characters = 0
        with self._changed:
            self._changed.wait_for(lambda: self._requests or self._is_closed)
            while self._requests and len(batch) < _BATCH_TEXTS:
                request = self._requests[0]
                characters += len(request.texts[0])
                if batch and characters > _BATCH_CHARACTERS:
                    break
                batch.append((request, request.texts.popleft()))
                self._requests.popleft()
                if request.texts:
                    self._requests.append(request)
        return batch

    def _deliver(self, request: _Request, outcome: Prediction | Exception) -> None:
        """Add the outcome of the request's next text, and wake the caller after the last one or an error."""
        if request.future.done():  # an earlier text of this batch failed
            return
        if isinstance(outcome, Exception):
            self._drop(request)
            request.future.set_exception(outcome)
            return
        request.predictions.append(outcome)
        if len(request.predictions) == request.size:
            request.future.set_result(request.predictions)


def _batch_count(texts: Sequence[str]) -> int:
    """Return the number of batches that `texts` fill."""
    return max(math.ceil(len(texts) / _BATCH_TEXTS), math.ceil(sum(map(len, texts)) / _BATCH_CHARACTERS))


def _compute(predict: Predict, texts: Sequence[str]) -> dict[str, Prediction | Exception]:
    """Return each text's prediction. If they fail together, compute them one by one: only the text at fault fails."""
    try:
        return dict(zip(texts, predict(texts), strict=True))
    except BaseException as error:  # noqa: BLE001 - raised in the callers; the thread continues
        if len(texts) == 1:
            return {texts[0]: _as_exception(error)}
        return {text: _compute(predict, [text])[text] for text in texts}


def _as_exception(error: BaseException) -> Exception:
    """Wrap a `SystemExit` or similar of the model, which would end the callers' threads."""
    if isinstance(error, Exception):
        return error
    failure = RuntimeError(f"the model failed: {first_line(error)}")
    failure.__cause__ = error
    return failure
