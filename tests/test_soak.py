"""A short run of `benchmarks/soak.py`, and its checks with given measurements."""

from collections import Counter

import pytest

from benchmarks.client import Result
from benchmarks.soak import MAX_GROWTH, MIN_SAMPLES, Soak, check_answers, check_memory, memory_growth, run

RISING = [100.0 + number / 4 for number in range(100)]


@pytest.mark.slow
def test_the_site_passes_a_short_soak() -> None:
    soak, problems = run(10, clients=16, max_growth=0.25)
    assert problems == []
    assert soak.accepted
    assert soak.accepted.keys() <= soak.posted.keys()
    assert len(soak.memory) >= MIN_SAMPLES


def test_growing_memory_is_a_problem() -> None:
    assert check_memory(RISING, MAX_GROWTH) == ["memory grew by 14.9%"]
    assert check_memory([100.0] * 25 + [105.1] * 75, MAX_GROWTH) == ["memory grew by 5.1%"]


@pytest.mark.parametrize("samples", [[100.0] * 100, [90.0] * 24 + [100.0] * 76, [100.0] * 99 + [200.0], RISING[::-1]])
def test_stable_memory_is_no_problem(samples: list[float]) -> None:
    assert check_memory(samples, MAX_GROWTH) == []


def test_growth_needs_enough_samples() -> None:
    with pytest.raises(ValueError, match="too few"):
        memory_growth([100.0] * (MIN_SAMPLES - 1))


def test_errors_and_mixed_up_answers_are_problems() -> None:
    soak = Soak(
        posted={1: "나의 리뷰"},
        accepted={1: {"content": "너의 리뷰"}},
        result=Result([0.1] * 3, Counter({200: 1, 503: 1, 500: 1})),
    )
    error, mixed_up = check_answers(soak)
    assert error == "1 answers were 500"
    assert "너의 리뷰" in mixed_up
