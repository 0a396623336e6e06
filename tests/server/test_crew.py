"""One thread leads at a time; who is about to wait, or takes long, is followed by another."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from app.aside import step_aside
from app.server.crew import Crew

WITHIN = 20  # seconds; what does not happen by then never does


class Work:
    """Things to do, done by whoever leads; remembers who left them in hand."""

    def __init__(self, most: int) -> None:
        self.things: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.left = 0
        self.leading = 0
        self.crew = Crew(most, self.lead, self.leave)
        self.crew.start()

    def lead(self) -> None:
        self.leading += 1
        assert self.leading == 1, "two lead at once"
        thing = self.things.get()
        self.crew.begin()
        thing()
        if self.crew.end():
            self.leading -= 1

    def leave(self) -> None:
        self.left += 1
        self.leading -= 1

    def do(self, thing: Callable[[], None]) -> threading.Event:
        done = threading.Event()

        def do() -> None:
            thing()
            done.set()

        self.things.put(do)
        return done


def nothing() -> None:
    pass


def test_what_does_not_wait_is_done_by_one_thread() -> None:
    work, names = Work(4), set()
    for _ in range(50):
        assert work.do(lambda: names.add(threading.current_thread().name)).wait(WITHIN)
    assert len(names) == 1
    assert work.left == 0


def test_another_leads_while_one_waits() -> None:
    work, gate = Work(4), threading.Event()

    def wait() -> None:
        step_aside()
        step_aside()  # says it once
        gate.wait(WITHIN)

    waiting = work.do(wait)
    assert work.do(nothing).wait(WITHIN)
    assert not waiting.is_set()
    gate.set()
    assert waiting.wait(WITHIN)
    assert work.left == 1


def test_where_all_wait_the_first_that_is_done_leads_again() -> None:
    work, gates = Work(2), [threading.Event() for _ in range(2)]

    def wait_for(gate: threading.Event) -> Callable[[], None]:
        return lambda: (step_aside(), gate.wait(WITHIN), None)[-1]

    waiting = [work.do(wait_for(gate)) for gate in gates]
    late = work.do(nothing)
    assert not late.wait(0.2)
    gates[1].set()
    assert waiting[1].wait(WITHIN)
    assert late.wait(WITHIN)
    gates[0].set()
    assert waiting[0].wait(WITHIN)


def test_who_takes_long_is_relieved_and_who_does_nothing_is_not() -> None:
    work, gate, started = Work(4), threading.Event(), threading.Event()
    work.crew.relieve(0.0)
    assert work.left == 0

    def take_long() -> None:
        started.set()
        gate.wait(WITHIN)

    busy = work.do(take_long)
    assert started.wait(WITHIN)
    next_one = work.do(nothing)
    work.crew.relieve(WITHIN)
    assert not next_one.wait(0.1)
    time.sleep(0.01)
    work.crew.relieve(0.01)
    assert next_one.wait(WITHIN)
    assert not busy.is_set()
    gate.set()
    assert busy.wait(WITHIN)
    assert work.left == 1


def test_a_thread_whose_work_fails_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(1)

    def fail() -> None:
        work.leading -= 1
        raise SystemExit(1)

    work.do(fail)
    assert work.do(nothing).wait(WITHIN)
    assert "failed" in caplog.text


def test_whoever_is_of_no_crew_steps_aside_for_nothing() -> None:
    step_aside()
