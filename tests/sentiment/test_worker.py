"""The analyzer's queue: order, limits, failures and shutdown, with a model that tests can block."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from app.errors import ModelBusy, StoreUnavailable
from app.models import Label, ModelCard, QueueStats, Sentiment
from app.sentiment import worker
from app.sentiment.explanation import Predict, Prediction
from app.sentiment.worker import QueuedAnalyzer

WAIT = 20.0  # seconds; only a broken queue ever waits so long


class Model:
    """Rates a text by its length. Blocks while `gate` is closed; `calls` has its batches."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.calls: list[list[str]] = []
        self.threads: set[str] = set()

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.calls.append(list(texts))
        self.threads.add(threading.current_thread().name)
        self.entered.release()
        assert self.gate.wait(WAIT)
        for text in texts:
            if text in FAILURES:
                raise FAILURES[text]
        read = [text for text in texts if text != "swallowed"]
        return [Prediction(rated(text), 0.01 * len(text)) for text in read]


FAILURES = {
    "poison": ValueError("cannot read poison"),
    "timeout": TimeoutError("the model's own"),
    "exit": SystemExit(3),
    "interrupt": KeyboardInterrupt(),
}


def rated(text: str) -> Sentiment:
    return Sentiment(Label.POSITIVE, 1.0, float(len(text)))


@pytest.fixture
def model() -> Iterator[Model]:
    model = Model()
    yield model
    model.gate.set()


Make = Callable[..., QueuedAnalyzer]


@pytest.fixture
def make(model: Model) -> Iterator[Make]:
    made: list[QueuedAnalyzer] = []

    def build(**limits: float) -> QueuedAnalyzer:
        made.append(QueuedAnalyzer(ModelCard("test"), lambda: model.predict, **limits))
        return made[-1]

    yield build
    model.gate.set()
    for analyzer in made:
        analyzer.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(50) as pool:
        yield pool


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def submit_while_busy(
    analyzer: QueuedAnalyzer, model: Model, pool: ThreadPoolExecutor, *requests: list[str]
) -> list[Future[list[Sentiment]]]:
    """Submit requests while the model computes another text, so that they are queued together."""
    model.gate.clear()
    first = pool.submit(analyzer.analyze, ["first"])
    assert model.entered.acquire(timeout=WAIT)
    futures = [pool.submit(analyzer.analyze, texts) for texts in requests]
    wait_until(lambda: analyzer.workload().waiting == 1 + sum(map(len, requests)))
    model.gate.set()
    assert first.result(WAIT) == [rated("first")]
    return futures


def refuses(analyzer: QueuedAnalyzer) -> bool:
    """Return whether the analyzer, whose queue is full, is shut down."""
    with pytest.raises(ModelBusy) as busy:
        analyzer.analyze(["late"])
    return "shut down" in str(busy.value)


def test_results_are_in_order_and_an_idle_model_does_not_wait_for_a_batch(make: Make, model: Model) -> None:
    analyzer = make()
    assert analyzer.analyze([]) == []
    requests = [["a", "bbb", "cc"], ["text 0"], ["text 1"], ["text 0"]]
    for texts in requests:
        assert analyzer.analyze(texts) == [rated(text) for text in texts]
    assert model.calls == requests  # results are not cached


def test_concurrent_requests_get_their_own_results(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    start = threading.Barrier(50)

    def post(number: int) -> bool:
        start.wait(WAIT)
        return all(analyzer.analyze(["x" * number]) == [rated("x" * number)] for _ in range(20))

    assert all(pool.map(post, range(1, 51)))
    assert model.threads == {"sentiment"}


def test_queued_texts_are_one_batch(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    futures = submit_while_busy(make(), model, pool, *([f"text {number}"] for number in range(10)))
    assert [len(future.result(WAIT)) for future in futures] == [1] * 10
    assert [len(call) for call in model.calls] == [1, 10]


def test_a_full_queue_is_busy_and_recovers(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make(queue_size=3)
    model.gate.clear()
    waiting = [pool.submit(analyzer.analyze, ["a"]), pool.submit(analyzer.analyze, ["b", "c"])]
    wait_until(lambda: analyzer.workload().waiting == 3)
    with pytest.raises(ModelBusy) as refused:
        analyzer.analyze(["d"])
    assert refused.value.retry_after >= 1
    model.gate.set()
    assert [len(answer.result(WAIT)) for answer in waiting] == [1, 2]
    assert analyzer.analyze(["d"]) == [rated("d")]


def test_a_request_larger_than_the_queue_is_split(make: Make, model: Model) -> None:
    analyzer = make(queue_size=10)
    texts = [f"text {number}" for number in range(100)]
    assert analyzer.analyze(texts) == [rated(text) for text in texts]
    assert max(map(len, model.calls)) < 100


@pytest.mark.parametrize(
    "long_request",
    [
        lambda analyzer: analyzer.analyze([f"{number:05} " * 500 for number in range(10)]),
        lambda analyzer: analyzer.analyze([f"text {number}" for number in range(1_000)]),
        lambda analyzer: analyzer.explain(" ".join(f"word{number}" for number in range(100))),
    ],
    ids=["long texts", "many texts", "an explanation"],
)
def test_a_single_review_waits_for_one_batch_of_others_at_most(
    make: Make, model: Model, pool: ThreadPoolExecutor, long_request: Callable[[QueuedAnalyzer], object]
) -> None:
    analyzer = make(queue_size=2_000)
    model.gate.clear()
    many = pool.submit(long_request, analyzer)
    assert model.entered.acquire(timeout=WAIT)
    waiting = analyzer.workload().waiting
    single = pool.submit(analyzer.analyze, ["short"])
    wait_until(lambda: analyzer.workload().waiting == waiting + 1)
    model.gate.set()
    assert single.result(WAIT) == [rated("short")]
    assert many.result(WAIT)
    assert any("short" in call for call in model.calls[1:3])
    assert len(model.calls) > 3


def test_equal_texts_of_a_batch_are_computed_once(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    *same, several = submit_while_busy(analyzer, model, pool, *[["same"]] * 5, ["a", "same", "a", "b"])
    assert several.result(WAIT) == [rated(text) for text in ("a", "same", "a", "b")]
    assert [answer.result(WAIT) for answer in same] == [[rated("same")]] * 5
    assert [sorted(call) for call in model.calls] == [["first"], ["a", "b", "same"]]


def test_batches_take_a_text_from_each_request_in_turn(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    first, second = ([f"{name}{number}" for number in range(count)] for name, count in (("a", 20), ("b", 25)))
    for future in submit_while_busy(analyzer, model, pool, first, second):
        future.result(WAIT)
    assert [len(call) for call in model.calls] == [1, 32, 13]
    assert set(model.calls[1]) == {*first[:16], *second[:16]}


def test_a_batch_is_bounded_by_characters_unless_it_is_one_text(
    make: Make, model: Model, pool: ThreadPoolExecutor
) -> None:
    texts = ["x" * 900, "y" * 1_000, "z" * 5_000, "short"]
    (future,) = submit_while_busy(make(), model, pool, texts)
    assert future.result(WAIT) == [rated(text) for text in texts]
    assert model.calls == [["first"], texts[:2], texts[2:3], texts[3:]]


def test_timed_out_texts_are_not_computed(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make(timeout=0.2)
    model.gate.clear()
    running = pool.submit(analyzer.analyze, ["running"])
    assert model.entered.acquire(timeout=WAIT)
    with pytest.raises(ModelBusy, match=r"0\.2 s"):
        analyzer.analyze(["left behind"])
    with pytest.raises(ModelBusy):
        running.result(WAIT)
    model.gate.set()
    wait_until(lambda: analyzer.workload().waiting == 0)
    assert analyzer.analyze(["next"]) == [rated("next")]
    assert model.calls == [["running"], ["next"]]


def test_the_rest_of_a_timed_out_request_is_not_computed(make: Make, model: Model) -> None:
    analyzer = make(timeout=0.25)
    model.gate.clear()
    texts = [f"text {number}" for number in range(100)]
    with pytest.raises(ModelBusy):
        analyzer.analyze(texts)
    model.gate.set()
    assert analyzer.analyze(["next"]) == [rated("next")]
    assert model.calls == [texts[:32], ["next"]]


@pytest.mark.parametrize(
    ("texts", "seconds"), [(["x"] * 32, r"0\.1 s"), (["x"] * 33, r"0\.2 s"), (["x" * 5_000], r"0\.3 s")]
)
def test_the_timeout_is_proportional_to_the_batches(make: Make, model: Model, texts: list[str], seconds: str) -> None:
    analyzer = make(timeout=0.1)
    model.gate.clear()
    with pytest.raises(ModelBusy, match=seconds):
        analyzer.analyze(texts)


def test_a_failure_is_raised_in_its_own_request_only(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    before, poison, after = submit_while_busy(analyzer, model, pool, ["before"], ["poison"], ["after"])
    assert (before.result(WAIT), after.result(WAIT)) == ([rated("before")], [rated("after")])
    with pytest.raises(ValueError, match="poison"):
        poison.result(WAIT)
    with pytest.raises(TimeoutError, match="own"):
        analyzer.analyze(["timeout"])
    assert analyzer.analyze(["again"]) == [rated("again")]


@pytest.mark.parametrize("text", ["exit", "interrupt"])
def test_the_thread_survives_every_exception_of_the_model(make: Make, text: str) -> None:
    analyzer = make()
    with pytest.raises(RuntimeError, match="the model failed") as failed:
        analyzer.analyze([text])
    assert failed.value.__cause__ is FAILURES[text]
    assert analyzer.analyze(["next"]) == [rated("next")]


def test_missing_results_are_an_error(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    with pytest.raises(ValueError, match="shorter"):
        analyzer.analyze(["before", "swallowed", "after"])
    _, after = submit_while_busy(analyzer, model, pool, ["swallowed"], ["after"])
    assert after.result(WAIT) == [rated("after")]


def test_close_computes_the_accepted_texts(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make(queue_size=140)
    model.gate.clear()
    many = [f"text {number}" for number in range(100)]
    waiting = [pool.submit(analyzer.analyze, [f"review {number}"]) for number in range(40)]
    waiting.append(pool.submit(analyzer.analyze, many))
    wait_until(lambda: analyzer.workload().waiting == 140)
    closing = pool.submit(analyzer.close)
    wait_until(lambda: refuses(analyzer))
    model.gate.set()
    closing.result(WAIT)
    assert [answer.result(WAIT) for answer in waiting[:-1]] == [[rated(f"review {n}")] for n in range(40)]
    assert waiting[-1].result(WAIT) == [rated(text) for text in many]
    with pytest.raises(StoreUnavailable, match="shut down"):
        analyzer.check()
    analyzer.close()


def test_a_stuck_model_is_not_ready(
    make: Make, model: Model, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyzer = make()
    analyzer.check()
    model.gate.clear()
    running = pool.submit(analyzer.analyze, ["running"])
    assert model.entered.acquire(timeout=WAIT)
    analyzer.check()
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 3_600))
    with pytest.raises(StoreUnavailable, match="not answered"):
        analyzer.check()
    model.gate.set()
    assert running.result(WAIT) == [rated("running")]
    monkeypatch.undo()
    analyzer.check()


def test_the_workload_is_counted(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    assert analyzer.workload() == QueueStats()
    for future in submit_while_busy(analyzer, model, pool, *([f"text {number}"] for number in range(3))):
        future.result(WAIT)
    wait_until(lambda: analyzer.workload().texts == 4)
    done = analyzer.workload()
    assert (done.waiting, done.batch_counts, done.texts) == (0, {1: 1, 3: 1}, 4)
    assert done.seconds > 0


def test_a_failed_load_is_raised_by_the_constructor() -> None:
    def load() -> Predict:
        raise LookupError("no such model")

    with pytest.raises(LookupError, match="no such model"):
        QueuedAnalyzer(ModelCard("test"), load)


def test_explanations_are_computed_in_the_models_thread(make: Make, model: Model) -> None:
    explanation = make().explain("a 123456789")
    assert explanation.sentiment == rated("a 123456789")
    assert [word.text for word in explanation.words] == ["a", "123", "456", "789"]
    assert [word.weight for word in explanation.words] == pytest.approx([0.025, 0.075, 0.075, 0.075], abs=1e-3)
    assert model.threads == {"sentiment"}
    assert model.calls == [["a 123456789", " 123456789", "a 456789", "a 123789", "a 123456"]]
