"""A few seconds of `benchmarks/soak.py`: the real site in a crowd, and the check itself against a site that cheats."""

import pytest

from benchmarks.client import Result
from benchmarks.soak import Crowd, soak, wrong_answers

pytestmark = pytest.mark.slow


def test_the_site_keeps_its_promises_in_a_crowd() -> None:
    crowd, problems = soak(3, clients=16)
    assert problems == []
    assert crowd.accepted.keys() <= crowd.posted.keys()
    assert crowd.accepted
    assert sum(crowd.result.statuses.values()) == len(crowd.result.seconds)


def test_the_check_sees_errors_mixed_up_answers_and_growth() -> None:
    crowd = Crowd(
        posted={1: "나의 리뷰"},
        accepted={1: {"content": "너의 리뷰"}},
        memory=[(float(second), 100.0 + (second > 50) * 6) for second in range(100)],
        result=Result([0.1] * 3, {200: 1, 503: 1, 500: 1}),
    )
    errors, growth, mixed_up = wrong_answers(crowd)
    assert errors == "1 answers were 500"
    assert growth == "memory grew by 6.0%"
    assert "너의 리뷰" in mixed_up
