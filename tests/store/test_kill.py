"""A few rounds of `benchmarks/kill.py`: a site killed while reviews are posted."""

import pytest

from benchmarks.kill import play

pytestmark = pytest.mark.slow

ROUNDS = 4


def test_acknowledged_reviews_survive_a_kill(url: str) -> None:
    tally = play(url, ROUNDS)
    assert tally.is_good, tally
    assert tally.rounds == ROUNDS
    assert len(tally.kept) > ROUNDS
