"""Batches of rows with a limited size and padding."""

import numpy as np
import pytest

from app.sentiment.batches import batches

MAX_SIZE, PADDING = 64, 8


@pytest.mark.parametrize("seed", range(20))
def test_every_row_is_in_one_batch_within_the_limits(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    lengths = numbers.integers(1, 81, numbers.integers(1, 60)).tolist()
    groups = list(batches(lengths, MAX_SIZE, PADDING))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        longest = max(lengths[index] for index in group)
        assert len(group) == 1 or len(group) * longest <= MAX_SIZE
        assert sum(longest - lengths[index] for index in group) <= PADDING


@pytest.mark.parametrize(("lengths", "groups"), [
    ([16] * 9, [[0, 1, 2, 3], [4, 5, 6, 7], [8]]), ([3, 60, 3, 30], [[1], [3], [0, 2]]), ([], []),
])  # fmt: skip
def test_the_longest_come_first_and_equals_keep_their_order(lengths: list[int], groups: list[list[int]]) -> None:
    assert list(batches(lengths, MAX_SIZE, PADDING)) == groups
