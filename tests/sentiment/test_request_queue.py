"""The queue of texts for the model: order, limits, cancelling."""

import math

import pytest

from app.errors import ModelBusy
from app.sentiment.request_queue import RequestQueue, WorkItem

LATER = math.inf


def texts(items: list[WorkItem]) -> list[str]:
    return [item.text for item in items]


def test_batches_take_one_item_from_each_request_in_turn() -> None:
    queue = RequestQueue(100)
    queue.submit("predict", ["a1", "a2", "a3", "a4"], LATER)
    queue.submit("predict", ["b1", "b2"], LATER)
    queue.submit("predict", ["c1"], LATER)
    assert texts(queue.next_batch(5, 100)) == ["a1", "b1", "c1", "a2", "b2"]
    assert texts(queue.next_batch(5, 100)) == ["a3", "a4"]


def test_a_batch_is_bounded_by_characters_unless_it_is_one_text() -> None:
    queue = RequestQueue(100)
    for text in ("xxx", "y" * 50, "zzz"):
        queue.submit("predict", [text], LATER)
    assert [texts(queue.next_batch(5, 10)) for _ in range(3)] == [["xxx"], ["y" * 50], ["zzz"]]


def test_the_same_text_for_another_method_is_another_item() -> None:
    queue = RequestQueue(100)
    queue.submit("predict", ["same"], LATER)
    queue.submit("token_spans", ["same"], LATER)
    queue.submit("predict", ["same"], LATER)
    assert [item.method for item in queue.next_batch(5, 100)] == ["predict", "token_spans"]


def test_items_of_a_failed_request_are_dropped() -> None:
    queue = RequestQueue(100)
    request = queue.submit("predict", ["a", "b", "c"], LATER)
    (item,) = queue.next_batch(1, 100)
    queue.reject(item, ValueError("no"))
    queue.submit("predict", ["d"], LATER)
    assert texts(queue.next_batch(5, 100)) == ["d"]
    with pytest.raises(ValueError, match="no"):
        request.wait()


def test_a_cancelled_request_leaves_nothing_queued() -> None:
    queue = RequestQueue(3)
    for number in range(10):
        queue.cancel(queue.submit("predict", [f"{number}", "same", "same"], LATER))
    assert len(queue) == 0
    queue.submit("predict", ["x", "y"], LATER)
    with pytest.raises(ModelBusy, match="2 texts wait for the model, 3 may"):
        queue.submit("predict", ["x", "y"], LATER)
    assert texts(queue.next_batch(5, 100)) == ["x", "y"]
