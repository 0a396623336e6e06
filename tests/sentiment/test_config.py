"""The mapping of labels to ratings, calibration, and the id of a model."""

import math
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import ModelError
from app.models import Label, Sentiment
from app.sentiment import BUNDLED, transformers_model
from app.sentiment.config import Calibration, positive_shares, read_card
from app.sentiment.explanation import Prediction


def sentiment_of(labels: list[str], *probabilities: float, calibration: Any = None) -> Sentiment:
    (prediction,) = predictions(np.array([probabilities]), labels, calibration)
    return prediction.sentiment


def predictions(probabilities: np.ndarray, labels: list[str], calibration: Any = None) -> list[Prediction]:
    return transformers_model.predictions(
        probabilities, np.array(positive_shares(labels)), Calibration.from_config(calibration)
    )


TEN = [str(star) for star in range(1, 11)]
FIVE = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]


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
    assert sentiment_of(labels, 0.2, 0.8) == Sentiment(Label.POSITIVE, 0.8, 8.0)
    assert sentiment_of(labels[::-1], 0.2, 0.8) == Sentiment(Label.NEGATIVE, 0.8, 2.0)


@pytest.mark.parametrize(("labels", "probabilities", "rating"), [
    (["negative", "neutral", "positive"], [0.1, 0.4, 0.5], 7.0), (["긍정", "중립", "부정"], [0.1, 0.4, 0.5], 3.0),
    (TEN, [0.5] + [0] * 8 + [0.5], 5.0), (TEN, [0.1] * 10, 5.0), (TEN, [0] * 4 + [0.25, 0.75, 0, 0, 0, 0], 7.5),
    (TEN, [0] * 4 + [1] + [0] * 5, 0.0), (FIVE, [0, 0, 1, 0, 0], 5.0), (FIVE, [0.1, 0.2, 0.3, 0.2, 0.2], 5.5),
    (FIVE[::-1], [1, 0, 0, 0, 0], 10.0), (["1점", "2점", "3점"], [1, 0, 0], 0.0),
])  # fmt: skip
def test_the_middle_counts_half(labels: list[str], probabilities: list[float], rating: float) -> None:
    label = Label.POSITIVE if rating >= 5 else Label.NEGATIVE
    assert sentiment_of(labels, *probabilities) == Sentiment(label, max(rating, 10 - rating) / 10, rating)


@pytest.mark.parametrize("p", [0, 1e-9, 0.3, 0.4949, 0.49495, 0.495, 0.4996, 0.49996, 0.5, 0.50004, 0.65, 0.99999, 1])
@pytest.mark.parametrize("calibration", [None, {}, {"threshold": 0.5, "temperature": 1}])
def test_label_score_and_rating_are_consistent(p: float, calibration: Any) -> None:
    for sentiment in (Sentiment.from_probability(p), sentiment_of(["neg", "pos"], 1 - p, p, calibration=calibration)):
        assert_consistent(sentiment)
        assert sentiment.rating == pytest.approx(10 * p, abs=0.051)


def assert_consistent(sentiment: Sentiment) -> None:
    """Check that label, score and rating agree, also with the rating rounded to one decimal."""
    assert (sentiment.label is Label.POSITIVE) == (sentiment.rating >= 5) == (float(f"{sentiment.rating:.1f}") >= 5)
    p = sentiment.rating / 10
    assert sentiment.score == pytest.approx(max(p, 1 - p), abs=1e-9)


@pytest.mark.parametrize("labels", [
    ["LABEL_0"], ["LABEL_0", "LABEL_1", "LABEL_2"], ["joy", "anger"], ["positive", "neutral"], ["positive", "pos"],
    ["LABEL_0", "positive"], ["0", "1", "2"], ["1", "2"], ["1", "2", "2"], [],
])  # fmt: skip
def test_unknown_labels_are_refused(labels: list[str]) -> None:
    with pytest.raises(ModelError) as refused:
        sentiment_of(labels)
    assert all(label in str(refused.value) for label in labels)


def test_the_threshold_moves_the_label() -> None:
    calibration = {"threshold": 0.75}
    assert sentiment_of(["neg", "pos"], 0.25, 0.75, calibration=calibration) == Sentiment(Label.POSITIVE, 0.5, 5.0)
    assert sentiment_of(["neg", "pos"], 0.4, 0.6, calibration=calibration).label is Label.NEGATIVE


def test_the_temperature_scales_score_and_rating() -> None:
    calmer = sentiment_of(["neg", "pos"], 0.1, 0.9, calibration={"temperature": 2})
    assert calmer.score == pytest.approx(1 / (1 + math.exp(-math.log(9) / 2)), abs=1e-4)
    assert calmer.rating == pytest.approx(10 * calmer.score, abs=1e-3)


def test_calibrated_ratings_are_monotonic_and_continuous() -> None:
    for labels in (["neg", "pos"], TEN):
        sides = len(labels) // 2
        rows = [[(1 - p) / sides] * sides + [p / sides] * sides for p in np.linspace(0.001, 0.999, 999)]
        found = predictions(np.array(rows), labels, {"threshold": 0.8, "temperature": 0.7})
        readings = [prediction.sentiment for prediction in found]
        for sentiment in readings:
            assert_consistent(sentiment)
        steps = [later.rating - sooner.rating for sooner, later in pairwise(readings)]
        assert min(steps) >= 0
        assert max(steps) < 0.1  # also at the threshold


def test_log_odds_are_not_clipped() -> None:
    rows = np.array([[1e-30, 1.0], [1e-20, 1.0], [0.4, 0.6], [1.0, 0.0]])
    odds = [one.log_odds for one in predictions(rows, ["neg", "pos"], {"threshold": 0.6, "temperature": 2})]
    assert odds[0] > odds[1] > 20
    assert odds[2] == pytest.approx(0)
    assert -1000 < odds[3] < -100


def test_certain_probabilities_are_finite() -> None:
    for probabilities in ((0.0, 1.0), (1.0, 0.0)):
        sentiment = sentiment_of(["neg", "pos"], *probabilities, calibration={"threshold": 0.6, "temperature": 1.5})
        assert 0.99 < sentiment.score <= 1
        assert 0 <= sentiment.rating <= 10


@pytest.mark.parametrize("calibration", [
    {"threshold": 0}, {"threshold": 1}, {"threshold": "0.5"}, {"threshold": True}, {"temperature": 0},
    {"temperature": -1}, {"temperature": math.inf}, {"temperature": math.nan}, {"threshold": None}, [0.5, 1], "0.5",
])  # fmt: skip
def test_invalid_calibrations_are_refused(calibration: Any) -> None:
    with pytest.raises(ModelError, match="calibration"):
        sentiment_of(["neg", "pos"], 0.5, 0.5, calibration=calibration)


def test_former_keys_are_ignored_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    former = {"rating_temperature": 0.6, "rating_slope": 1.1, "rating_shift": -0.26}
    plain, ignored = (
        sentiment_of(TEN, *[0.04] * 5 + [0.16] * 5, calibration={"threshold": 0.6} | more) for more in ({}, former)
    )
    assert plain == ignored
    (record,) = caplog.records
    assert "rating_temperature, rating_slope, rating_shift" in record.getMessage()


def test_the_id_is_a_hash_of_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(BUNDLED, folder)
    first = read_card("bundled", BUNDLED)
    assert first.id.startswith("bundled@")
    assert len(first.id) == len("bundled@") + 12
    assert read_card(str(folder), folder).id == first.id.replace("bundled@", "mine@")
    (folder / "README.md").write_text("another card", encoding="utf-8")
    assert read_card("bundled", folder).id == first.id
    weights = bytearray((folder / "network.onnx").read_bytes())
    weights[-1] ^= 1
    (folder / "network.onnx").write_bytes(weights)
    trained = read_card("bundled", folder).id
    assert trained != first.id
    (folder / "config.json").write_text("{}", encoding="utf-8")
    assert read_card("bundled", folder).id not in (first.id, trained)
