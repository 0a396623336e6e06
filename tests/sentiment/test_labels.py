"""What labels mean, and what a calibration changes."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from app.errors import ModelError
from app.models import Label, Sentiment
from app.sentiment.labels import Scale


def read(labels: list[str], *probabilities: float, calibration: Any = None) -> Sentiment:
    scale = Scale.from_config(dict(enumerate(labels)), calibration)
    (sentiment,) = scale.read(np.array([probabilities]))
    return sentiment


TEN = [str(star) for star in range(1, 11)]


@pytest.mark.parametrize(
    "labels",
    [
        ["LABEL_0", "LABEL_1"],
        ["negative", "positive"],
        ["NEG", "Pos"],
        ["부정", "긍정"],
        ["부정적", " 긍정적 "],
        ["\u1107\u116e\u110c\u1165\u11bc", "긍정"],  # 부정 in single letters, as macOS writes names
    ],
)
def test_two_classes_in_either_order(labels: list[str]) -> None:
    assert read(labels, 0.2, 0.8) == Sentiment(Label.POSITIVE, 0.8, 8.0)
    assert read(labels[::-1], 0.2, 0.8) == Sentiment(Label.NEGATIVE, 0.8, 2.0)


def test_three_classes_count_half_of_neutral() -> None:
    assert read(["negative", "neutral", "positive"], 0.1, 0.4, 0.5) == Sentiment(Label.POSITIVE, 0.7, 7.0)
    assert read(["긍정", "중립", "부정"], 0.1, 0.4, 0.5) == Sentiment(Label.NEGATIVE, 0.7, 3.0)


def test_ten_stars_are_the_expected_star() -> None:
    assert read(TEN, *[0.5] + [0] * 8 + [0.5]) == Sentiment(Label.POSITIVE, 0.5, 5.5)
    assert read(TEN, *[0] * 6 + [0.25, 0.75, 0, 0]) == Sentiment(Label.POSITIVE, 1.0, 7.75)
    assert read(TEN, *[0] * 4 + [1] + [0] * 5) == Sentiment(Label.NEGATIVE, 1.0, 5.0)


def test_odd_middle_star_counts_half() -> None:
    five = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
    assert read(five, 0, 0, 1, 0, 0) == Sentiment(Label.POSITIVE, 0.5, 6.0)
    assert read(five, 0.1, 0.2, 0.3, 0.2, 0.2) == Sentiment(Label.POSITIVE, 0.55, 6.4)
    assert read(five[::-1], 1, 0, 0, 0, 0) == Sentiment(Label.POSITIVE, 1.0, 10.0)
    assert read(["1점", "2점", "3점"], 1, 0, 0).label is Label.NEGATIVE


@pytest.mark.parametrize(
    "labels",
    [
        ["LABEL_0"],
        ["LABEL_0", "LABEL_1", "LABEL_2"],
        ["joy", "anger"],
        ["positive", "neutral"],
        ["positive", "pos"],
        ["LABEL_0", "positive"],
        ["0", "1", "2"],
        ["1", "2"],
        ["1", "2", "2"],
        [],
    ],
)
def test_other_labels_are_refused_by_name(labels: list[str]) -> None:
    with pytest.raises(ModelError) as refused:
        read(labels)
    assert all(label in str(refused.value) for label in labels)


def test_threshold_moves_what_is_positive() -> None:
    calibration = {"threshold": 0.75}
    assert read(["neg", "pos"], 0.25, 0.75, calibration=calibration) == Sentiment(Label.POSITIVE, 0.5, 5.0)
    assert read(["neg", "pos"], 0.4, 0.6, calibration=calibration).label is Label.NEGATIVE


def test_temperature_dampens_confidence_and_rating() -> None:
    calmer = read(["neg", "pos"], 0.1, 0.9, calibration={"temperature": 2})
    assert calmer.score == pytest.approx(1 / (1 + math.exp(-math.log(9) / 2)), abs=1e-4)
    assert calmer.rating == pytest.approx(10 * calmer.score, abs=1e-3)


def test_calibrated_rating_stays_on_its_labels_side() -> None:
    mild = [0.0] * 4 + [0.25, 0.75] + [0.0] * 4
    assert read(TEN, *mild, calibration={}) == Sentiment(Label.POSITIVE, 0.75, 5.75)
    strict = read(TEN, *mild, calibration={"threshold": 0.8})
    assert strict.label is Label.NEGATIVE
    assert 5.3 < strict.rating < 5.5
    wide = [0.4] + [0.0] * 4 + [0.6] + [0.0] * 4
    assert read(TEN, *wide).rating == 4.0  # the plain rule says what it says
    assert 5.5 < read(TEN, *wide, calibration={}).rating < 5.7


def test_held_ratings_keep_their_order() -> None:
    """Of two reviews that read negative at what would be 6 and 7 points, the second still rates higher."""
    rows = [[0.0] * at + [1.0] + [0.0] * (9 - at) for at in range(5, 10)]
    ratings = [read(TEN, *row, calibration={"threshold": 0.9999999999}).rating for row in rows]
    assert all(one < other < 5.5 for one, other in pairwise(ratings))


def test_log_odds_know_no_ceiling() -> None:
    scale = Scale.from_config({0: "neg", 1: "pos"}, {"threshold": 0.6, "temperature": 2})
    odds = scale.log_odds(np.array([[1e-30, 1.0], [1e-20, 1.0], [0.4, 0.6], [1.0, 0.0]])).tolist()
    assert odds[0] > odds[1] > 20
    assert odds[2] == pytest.approx(0)
    assert -1000 < odds[3] < -100


def test_rating_temperature_spreads_the_stars() -> None:
    rows = [0.01] * 9 + [0.91]
    sharp = read(TEN, *rows, calibration={}).rating
    flat = read(TEN, *rows, calibration={"rating_temperature": 3}).rating
    assert sharp > flat > 5.5


def test_slope_and_shift_stretch_and_move_the_rating_within_the_stars() -> None:
    rows = [0.0] * 6 + [0.5, 0.5] + [0.0] * 2
    assert read(TEN, *rows, calibration={}).rating == 7.5
    assert read(TEN, *rows, calibration={"rating_slope": 1.5}).rating == 8.5  # 5.5 + 1.5 x 2
    assert read(TEN, *rows, calibration={"rating_slope": 1.5, "rating_shift": -0.5}).rating == 8.0
    assert 9.8 < read(TEN, *rows, calibration={"rating_slope": 9}).rating < 10
    assert 1 < read(TEN, *rows[::-1], calibration={"rating_slope": 9}).rating < 1.2


@pytest.mark.parametrize("measured", [{"rating_slope": 1.3, "rating_shift": -0.6}, {"rating_slope": 3}, {}])
def test_a_better_review_never_rates_lower(measured: dict[str, float]) -> None:
    """Nor the same, however far the stretch goes: the ends are shared, not cut off."""
    steps = [star + part / 10 for star in range(1, 10) for part in range(10)] + [10.0]
    rows = [[max(0.0, 1 - abs(star - step)) for star in range(1, 11)] for step in steps]
    ratings = [read(TEN, *row, calibration=measured).rating for row in rows]
    assert min(ratings) >= 1
    assert max(ratings) == 10
    pairs = list(pairwise(ratings))
    assert all(one <= other for one, other in pairs)
    assert all(one < other for one, other in pairs if 5.5 not in (one, other))  # held on the label's side there


def test_certainty_is_no_infinity() -> None:
    for probabilities in ((0.0, 1.0), (1.0, 0.0)):
        sentiment = read(["neg", "pos"], *probabilities, calibration={"threshold": 0.6, "temperature": 1.5})
        assert 0.99 < sentiment.score <= 1
        assert 0 <= sentiment.rating <= 10


@pytest.mark.parametrize(
    "calibration",
    [
        {"threshold": 0},
        {"threshold": 1},
        {"threshold": "0.5"},
        {"threshold": True},
        {"temperature": 0},
        {"temperature": -1},
        {"temperature": math.inf},
        {"temperature": math.nan},
        {"rating_temperature": 0},
        {"rating_slope": 0},
        {"rating_slope": math.inf},
        {"rating_shift": 11},
        {"rating_shift": -math.inf},
        {"threshold": None},
        [0.5, 1],
        "0.5",
    ],
)
def test_absurd_calibration_is_refused(calibration: Any) -> None:
    with pytest.raises(ModelError, match="calibration"):
        read(["neg", "pos"], 0.5, 0.5, calibration=calibration)
