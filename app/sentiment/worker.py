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
from concurrent.futures import Future

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

_Texts = deque[tuple[str, Future[Prediction]]]
"""A caller's texts that are in no batch yet."""


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
        self._requests: deque[_Texts] = deque()
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
        request: _Texts = deque((text, Future()) for text in texts)
        futures = [future for _, future in request]
        self._submit(request)
        timeout = self._timeout * _batch_count(texts)
        deadline = time.monotonic() + timeout
        try:
            return [future.result(deadline - time.monotonic()) for future in futures]
        except TimeoutError:
            if all(future.done() for future in futures):  # the model's own error
                raise
            raise ModelBusy(f"the model did not get to it within {timeout:g} s", retry_after=2) from None
        finally:
            with self._changed:
                request.clear()
                self._waiting -= len(texts)

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

    def _submit(self, request: _Texts) -> None:
        """Queue a request. Raise `ModelBusy` if the queue is full; an empty queue accepts a request of any size."""
        with self._changed:
            if self._is_closed:
                raise ModelBusy("the model is shut down")
            if self._waiting and self._waiting + len(request) > self._queue_size:
                message = f"{self._waiting} texts wait for the model, {self._queue_size} may"
                raise ModelBusy(message, retry_after=1)
            self._waiting += len(request)
            self._requests.append(request)
            self._changed.notify()

    def _run(self, load: Callable[[], Predict], ready: Future[None]) -> None:
        """Load the model, then compute batches until `close`; the function of the inference thread."""
        try:
            predict = self._model_thread.run(load)
        except BaseException as error:  # noqa: BLE001 - raised again by __init__
            ready.set_exception(error)
            return
        ready.set_result(None)
        trim_memory()
        while batch := self._next_batch():
            self._batch_began = began = time.monotonic()
            texts = list(dict.fromkeys(text for text, _ in batch))
            outcomes = self._model_thread.run(_compute, predict, texts)
            for text, future in batch:
                outcome = outcomes[text]
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
            self._batch_sizes[len(batch)] += 1
            self._seconds += time.monotonic() - began
            self._batch_began = None
            if self._batch_sizes.total() % _TRIM_MEMORY_EVERY == 0:
                trim_memory()

    def _next_batch(self) -> list[tuple[str, Future[Prediction]]]:
        """Wait for texts, and return a batch of them, taken from the requests in turn; an empty list after `close`."""
        batch: list[tuple[str, Future[Prediction]]] = []
        characters = 0
        with self._changed:
            self._changed.wait_for(lambda: any(self._requests) or self._is_closed)
            while self._requests and len(batch) < _BATCH_TEXTS:
                request = self._requests.popleft()
                if not request:
                    continue
                characters += len(request[0][0])
                if batch and characters > _BATCH_CHARACTERS:
                    self._requests.appendleft(request)
                    break
                batch.append(request.popleft())
                self._requests.append(request)
        return batch


def _batch_count(texts: Sequence[str]) -> int:
    """Return the number of batches that `texts` fill."""
    return max(math.ceil(len(texts) / _BATCH_TEXTS), math.ceil(sum(map(len, texts)) / _BATCH_CHARACTERS))


def _compute(predict: Predict, texts: Sequence[str]) -> dict[str, Prediction | Exception]:
    """Return each text's prediction. If they fail together, compute them one by one: only the text at fault fails."""
    try:
        return dict(zip(texts, predict(texts), strict=True))
    except BaseException as error:  # noqa: BLE001 - raised in the callers; a panic of tokenizers is no Exception
        if len(texts) > 1:
            return {text: _compute(predict, [text])[text] for text in texts}
        if isinstance(error, Exception):
            return {texts[0]: error}
        failure = RuntimeError(f"the model failed: {first_line(error)}")  # a `SystemExit` would end the callers
        failure.__cause__ = error
        return {texts[0]: failure}
