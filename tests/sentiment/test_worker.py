"""The queue before the model: order, limits, failures, the end. The model is a function the tests hold on to."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import Busy
from app.models import Label, Sentiment
from app.sentiment.worker import QueuedAnalyzer

WAIT = 20.0  # seconds; only a broken queue ever waits so long


class Model:
    """Rates a text by its length. Stands still while `gate` is closed; remembers what it was given at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.calls: list[list[str]] = []
        self.threads: set[str] = set()

    def log_odds(self, texts: Sequence[str]) -> list[float]:
        self.threads.add(threading.current_thread().name)
        return [0.01 * len(text) for text in texts]

    def pieces(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(WAIT)
        if "poison" in texts:
            raise ValueError("cannot cut poison")
        return [[(0, 4), (4, len(text))] for text in texts]

    def read(self, texts: Sequence[str]) -> list[Sentiment]:
        self.calls.append(list(texts))
        self.threads.add(threading.current_thread().name)
        self.entered.release()
        assert self.gate.wait(WAIT)
        if "poison" in texts:
            raise ValueError("cannot read poison")
        if "timeout" in texts:
            raise TimeoutError("the model's own")
        return [rated(text) for text in texts]


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
        made.append(QueuedAnalyzer("test", lambda: model, **limits))  # type: ignore[arg-type]
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


def test_answers_are_in_order(make: Make) -> None:
    analyzer = make()
    assert analyzer.analyze([]) == []
    assert analyzer.analyze(["a", "bbb", "cc"]) == [rated("a"), rated("bbb"), rated("cc")]


def test_many_threads_get_their_own_answers_from_one(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    start = threading.Barrier(50)

    def post(number: int) -> bool:
        start.wait(WAIT)
        return all(analyzer.analyze(["x" * number]) == [rated("x" * number)] for _ in range(20))

    assert all(pool.map(post, range(1, 51)))
    assert model.threads == {"sentiment"}


def test_what_gathers_is_read_at_once(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    model.gate.clear()
    answers = [pool.submit(analyzer.analyze, ["first"])]
    assert model.entered.acquire(timeout=WAIT)
    answers += [pool.submit(analyzer.analyze, [f"text {number}"]) for number in range(10)]
    wait_until(lambda: analyzer._jobs.qsize() == 10)
    model.gate.set()
    assert [len(answer.result(WAIT)) for answer in answers] == [1] * 11
    assert [len(call) for call in model.calls] == [1, 10]


def test_full_queue_is_busy_and_recovers(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make(queue_size=3)
    model.gate.clear()
    waiting = [pool.submit(analyzer.analyze, ["a"]), pool.submit(analyzer.analyze, ["b", "c"])]
    wait_until(lambda: analyzer._accepted == 3)
    with pytest.raises(Busy) as refused:
        analyzer.analyze(["d"])
    assert refused.value.retry_after >= 1
    model.gate.set()
    assert [len(answer.result(WAIT)) for answer in waiting] == [1, 2]
    assert analyzer.analyze(["d"]) == [rated("d")]


def test_request_larger_than_the_queue_is_served_in_slices(make: Make, model: Model) -> None:
    analyzer = make(queue_size=10)
    texts = ["x" * (number % 7 + 1) for number in range(100)]
    assert analyzer.analyze(texts) == [rated(text) for text in texts]
    assert max(map(len, model.calls)) < 100


def test_short_review_overtakes_a_long_batch(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    model.gate.clear()
    batch = pool.submit(analyzer.analyze, ["x" * 5_000] * 10)
    assert model.entered.acquire(timeout=WAIT)
    single = pool.submit(analyzer.analyze, ["short"])
    wait_until(lambda: analyzer._jobs.qsize() == 1)
    model.gate.set()
    assert single.result(WAIT) == [rated("short")]
    assert len(batch.result(WAIT)) == 10
    assert ["short"] in model.calls[1:3]


def test_wait_is_bounded_and_nobody_reads_for_who_left(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make(timeout=0.2)
    model.gate.clear()
    running = pool.submit(analyzer.analyze, ["running"])
    assert model.entered.acquire(timeout=WAIT)
    with pytest.raises(Busy):
        analyzer.analyze(["left behind"])
    with pytest.raises(Busy):
        running.result(WAIT)
    model.gate.set()
    wait_until(lambda: analyzer._accepted == 0)
    assert analyzer.analyze(["next"]) == [rated("next")]
    assert ["left behind"] not in model.calls


def test_failure_reaches_its_waiter_only(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    model.gate.clear()
    first = pool.submit(analyzer.analyze, ["first"])
    assert model.entered.acquire(timeout=WAIT)
    answers = {text: pool.submit(analyzer.analyze, [text]) for text in ("before", "poison", "after")}
    wait_until(lambda: analyzer._jobs.qsize() == 3)
    model.gate.set()
    assert first.result(WAIT) == [rated("first")]
    assert answers["before"].result(WAIT) == [rated("before")]
    assert answers["after"].result(WAIT) == [rated("after")]
    with pytest.raises(ValueError, match="poison"):
        answers["poison"].result(WAIT)
    with pytest.raises(TimeoutError, match="own"):
        analyzer.analyze(["timeout"])
    assert analyzer.analyze(["again"]) == [rated("again")]


def test_closed_analyzer_says_so(make: Make, model: Model, pool: ThreadPoolExecutor) -> None:
    analyzer = make()
    model.gate.clear()
    running = pool.submit(analyzer.analyze, ["running"])
    assert model.entered.acquire(timeout=WAIT)
    closing = pool.submit(analyzer.close)
    wait_until(lambda: analyzer._closed)
    with pytest.raises(Busy, match="shut down"):
        analyzer.analyze(["late"])
    model.gate.set()
    closing.result(WAIT)
    assert running.result(WAIT) == [rated("running")]
    assert not analyzer._thread.is_alive()
    analyzer.close()


def test_failed_load_is_raised_where_it_was_asked_for() -> None:
    def load() -> Model:
        raise LookupError("no such model")

    with pytest.raises(LookupError, match="no such model"):
        QueuedAnalyzer("test", load)


def test_an_explanation_is_cut_and_read_in_the_models_thread(make: Make, model: Model) -> None:
    explanation = make().explain("a 123456789")
    assert explanation.sentiment == rated("a 123456789")
    assert [(word.text, word.weight) for word in explanation.words] == [
        ("a", pytest.approx(0.025, abs=1e-3)),
        ("1234", pytest.approx(0.1, abs=1e-3)),
        ("56789", pytest.approx(0.125, abs=1e-3)),
    ]
    assert model.threads == {"sentiment"}
    assert model.calls == [["a 123456789"]]


def test_a_text_that_cannot_be_cut_fails_alone(make: Make, model: Model) -> None:
    analyzer = make()
    model.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        cut = pool.submit(analyzer.pieces, ["poison"])
        read = pool.submit(analyzer.analyze, ["good"])
        model.gate.set()
        with pytest.raises(ValueError, match="cannot cut"):
            cut.result(WAIT)
        assert read.result(WAIT) == [rated("good")]
