"""A few rounds of `benchmarks/kill.py`: a site killed while reviews are posted."""

import pytest

from benchmarks.kill import play

pytestmark = pytest.mark.slow

ROUNDS = 4


def test_acknowledged_reviews_survive_a_kill(url: str) -> None:
    tally = play(url, ROUNDS)
    assert not tally.problems(), tally
    assert len({text.split()[0] for text in tally.posted}) == ROUNDS
    assert len(tally.kept) > ROUNDS
