"""The inference worker: one native thread owns tokenizer and model, and callers queue for it.

Fast tokenizers raise "Already borrowed" when several threads use them (huggingface/tokenizers#537), and torch in
several threads competes with itself for the cores. The worker computes queued texts in batches, without waiting for a
batch to fill.
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

from app.errors import ModelBusy, StoreUnavailable, first_line
from app.models import Explanation, ModelCard, QueueStats, Sentiment
from app.native_thread import NativeThread
from app.sentiment.explanation import Prediction, explain
from app.sentiment.process_setup import trim_memory
from app.sentiment.request_queue import RequestQueue, WorkItem

MAX_QUEUED_TEXTS = 2_048  # accepted, without a result; more are refused with 503
MAX_WAIT_SECONDS = 10.0  # of a text in the queue; then 503
_TRIM_MEMORY_EVERY = 500  # batches
_BATCH_TEXTS = 32
_BATCH_CHARACTERS = 2_000  # about 60 ms, which a short review waits at most unless a single text is longer
_STUCK_SECONDS = 60.0  # for one batch: a hundred times the longest text's time

_log = logging.getLogger("gampyeong")


class LoadedModel(Protocol):
    """A loaded model; see `app.sentiment.classifier.TextClassifier`."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]: ...


class QueuedAnalyzer:
    """An `app.protocols.Analyzer` for a model that only one thread may use."""

    def __init__(
        self,
        name: str,
        load: Callable[[], LoadedModel],
        *,
        queue_size: int = MAX_QUEUED_TEXTS,
        timeout: float = MAX_WAIT_SECONDS,
    ) -> None:
        """Call `load` in the thread that will own the model, wait for it and raise its errors.

        `name` is shown to users; `queue_size` is the maximum number of accepted texts without a result; `timeout` is
        the default number of seconds that a caller waits for each batch filled by its texts.
        """
        self.name = name
        self.card = ModelCard(name)
        self._timeout = timeout
        self._queue = RequestQueue(queue_size)
        self._batch_sizes: Counter[int] = Counter()
        self._seconds = 0.0
        self._batch_began: float | None = None
        self._model_thread = NativeThread()
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(load, ready), name="sentiment", daemon=True)
        self._thread.start()
        ready.result()
        atexit.register(self.close)

    def analyze(self, texts: Sequence[str], *, timeout: float | None = None) -> list[Sentiment]:
        """Return one `Sentiment` per text, in order.

        Raise `ModelBusy` if the queue is full, after `timeout` seconds (texts not yet in a batch are dropped) or after
        `close`, and the errors of the model.
        """
        return [prediction.sentiment for prediction in self.predict(texts, timeout=timeout)]

    def predict(self, texts: Sequence[str], *, timeout: float | None = None) -> list[Prediction]:
        """Return one `Prediction` per text, in order. Raise the errors of `analyze`."""
        return self._request("predict", texts, timeout)

    def explain(self, text: str) -> Explanation:
        """Return the sentiment of `text` and the weight of each word. Raise the errors of `analyze`."""
        return explain(text, self.predict)

    def workload(self) -> QueueStats:
        """Return the number of queued texts, and batch counts since the start."""
        return QueueStats(len(self._queue), dict(self._batch_sizes), self._seconds)

    def check(self) -> None:
        """Raise `StoreUnavailable` if the model has stopped or a batch takes too long."""
        if not self._thread.is_alive():
            raise StoreUnavailable("the model is shut down")
        began = self._batch_began
        if began is not None and time.monotonic() - began > _STUCK_SECONDS:
            raise StoreUnavailable(f"the model has not answered for {time.monotonic() - began:.0f} s")

    def close(self) -> None:
        """Stop the thread after the accepted texts are computed. Can be called twice."""
        if self._queue.close():
            self._thread.join(_STUCK_SECONDS)
            atexit.unregister(self.close)

    def _request(self, method: str, texts: Sequence[str], timeout: float | None) -> list[Any]:
        if not texts:
            return []
        seconds = self._default_timeout(texts) if timeout is None else timeout
        request = self._queue.submit(method, texts, time.monotonic() + seconds)
        try:
            results = request.wait()
        finally:
            self._queue.cancel(request)
        if results is None:
            raise ModelBusy(f"the model did not get to it within {seconds:g} s", retry_after=2)
        return results

    def _default_timeout(self, texts: Sequence[str]) -> float:
        """Return the default timeout in seconds, proportional to the number of batches that the texts fill."""
        batches = max(1, -(-len(texts) // _BATCH_TEXTS), -(-sum(map(len, texts)) // _BATCH_CHARACTERS))
        return self._timeout * batches

    def _run(self, load: Callable[[], LoadedModel], ready: "Future[None]") -> None:
        try:
            loaded = self._model_thread.run(load)
        except BaseException as error:  # noqa: BLE001 - raised again by __init__
            ready.set_exception(error)
            return
        ready.set_result(None)
        trim_memory()
        for number in count(1):
            batch = self._queue.next_batch(_BATCH_TEXTS, _BATCH_CHARACTERS)
            if not batch:
                return
            self._batch_began = began = time.monotonic()
            for method in dict.fromkeys(item.method for item in batch):
                self._compute(getattr(loaded, method), [item for item in batch if item.method == method])
            self._batch_sizes[len(batch)] += 1
            self._seconds += time.monotonic() - began
            self._batch_began = None
            if number % _TRIM_MEMORY_EVERY == 0:
                trim_memory()

    def _compute(self, method: Callable[[Sequence[str]], list[Any]], items: list[WorkItem]) -> None:
        """Compute the items together; if that fails, one by one, so that only the text at fault fails."""
        try:
            self._queue.resolve(items, self._model_thread.run(method, [item.text for item in items]))
        except BaseException as error:  # noqa: BLE001 - raised in the callers; the thread continues
            if len(items) > 1:
                for item in items:
                    self._compute(method, [item])
            else:
                self._queue.reject(items[0], _as_model_error(error))


def _as_model_error(error: BaseException) -> Exception:
    """Wrap a `SystemExit` or similar of the model, which would end the callers' threads."""
    if isinstance(error, Exception):
        return error
    failure = RuntimeError(f"the model failed: {first_line(error)}")
    failure.__cause__ = error
    return failure
