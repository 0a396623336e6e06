"""Whose turn it is before the model."""

import math
import time

import pytest

from app.errors import Busy
from app.sentiment.waiting import Task, Waiting

LATER = math.inf


def texts(tasks: list[Task]) -> list[str]:
    return [task.text for task in tasks]


def test_one_from_each_caller_in_turn() -> None:
    waiting = Waiting(100)
    waiting.enter("judge", ["a1", "a2", "a3", "a4"], LATER)
    waiting.enter("judge", ["b1", "b2"], LATER)
    waiting.enter("judge", ["c1"], LATER)
    assert texts(waiting.take(5, 100)) == ["a1", "b1", "c1", "a2", "b2"]
    assert texts(waiting.take(5, 100)) == ["a3", "a4"]


def test_a_turn_is_bounded_by_characters_but_for_a_single_text() -> None:
    waiting = Waiting(100)
    for text in ("xxx", "y" * 50, "zzz"):
        waiting.enter("judge", [text], LATER)
    assert [texts(waiting.take(5, 10)) for _ in range(3)] == [["xxx"], ["y" * 50], ["zzz"]]


def test_the_same_text_for_another_question_is_another_task() -> None:
    waiting = Waiting(100)
    waiting.enter("judge", ["same"], LATER)
    waiting.enter("pieces", ["same"], LATER)
    waiting.enter("judge", ["same"], LATER)
    assert [task.what for task in waiting.take(5, 100)] == ["judge", "pieces"]


def test_a_failed_request_is_read_no_further() -> None:
    waiting = Waiting(100)
    ask = waiting.enter("judge", ["a", "b", "c"], LATER)
    (task,) = waiting.take(1, 100)
    waiting.fail(task, ValueError("no"))
    waiting.enter("judge", ["d"], LATER)
    assert texts(waiting.take(5, 100)) == ["d"]
    with pytest.raises(ValueError, match="no"):
        ask.wait()


def test_a_request_whose_time_is_up_is_not_read_even_before_it_left() -> None:
    waiting = Waiting(100)
    late = waiting.enter("judge", ["late", "shared"], time.monotonic() - 1)
    waiting.enter("judge", ["shared"], LATER)
    assert texts(waiting.take(5, 100)) == ["shared"]
    assert late.wait() is None


def test_what_was_given_up_leaves_nothing_behind() -> None:
    waiting = Waiting(3)
    for number in range(10):
        waiting.leave(waiting.enter("judge", [f"{number}", "same", "same"], LATER))
    assert (len(waiting), waiting._tasks) == (0, {})
    waiting.enter("judge", ["x", "y"], LATER)
    with pytest.raises(Busy, match="2 texts wait for the model, 3 may"):
        waiting.enter("judge", ["x", "y"], LATER)


def test_closed_it_hands_out_what_is_left_and_then_nothing() -> None:
    waiting = Waiting(100)
    waiting.enter("judge", ["a", "b"], LATER)
    assert waiting.close()
    assert not waiting.close()
    assert [texts(waiting.take(1, 100)) for _ in range(3)] == [["a"], ["b"], []]
