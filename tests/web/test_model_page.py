"""The model page and the model card."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.models import Label
from app.sentiment.config import read_card
from tests.fakes import FakeAnalyzer

METRICS = {
    "heldout": {
        "command": "python training/evaluate.py MODEL heldout.tsv",
        "reviews": 25000,
        "balanced_accuracy": 0.8812,
        "balanced_accuracy_interval": 0.004,
        "balanced_accuracy_no_spaces": 0.8765,
        "calibration_error": 0.0123,
        "share_from_0.7": 0.91,
        "accuracy_from_0.7": 0.92,
    },
    "movies": {
        "reviews": 30000,
        "review_error": 1.4,
        "review_correlation": 0.72,
        "movies": 100,
        "movie_error": 0.35,
        "movie_correlation": 0.955,
        "calibration_bins": [[0.1, 0.05, 20], [0.9, 1.0, 20]],
        "movie_points": [[2.5, 5.0, 60]],
    },
}
BEHAVIOUR = {
    "sarcasm": [
        {
            "text": "<b>돈 주고</b> 잠자기 좋은 영화",
            "expected": "-",
            "label": "긍정",
            "score": 0.91,
            "rating": 8.8,
            "right": False,
        },
        {"text": "참 잘 만들었네요", "expected": "-", "label": "부정", "score": 0.8, "rating": 2.0, "right": True},
    ],
    "neutral": [{"text": "어제 봤다", "expected": "0", "label": "긍정", "score": 0.95, "rating": 8.0, "right": False}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS), "utf-8")
    (tmp_path / "behaviour.json").write_text(json.dumps(BEHAVIOUR), "utf-8")
    return tmp_path


def test_a_card_is_read_from_the_models_folder(folder: Path) -> None:
    card = read_card("some/model", folder)
    assert card.figures["heldout"]["balanced_accuracy"] == 0.8812
    assert "command" not in card.figures["heldout"]
    assert (card.calibration_bins, card.movie_points) == ([(0.1, 0.05), (0.9, 1.0)], [(2.5, 5.0)])
    assert [(item.text, item.expected) for item in card.misclassifications] == [
        ("어제 봤다", None),
        ("<b>돈 주고</b> 잠자기 좋은 영화", Label.NEGATIVE),
    ]


@pytest.mark.parametrize("points", [[[1]], [["a", 2]], [[float("inf"), 1]], [[1, 2], None], 3, {"a": 1}])
def test_malformed_points_are_ignored(tmp_path: Path, points: object) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"movies": {"movie_points": points}}), "utf-8")
    assert read_card("some/model", tmp_path).movie_points == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 3}', '{"a": [{}]}', '{"a": [{"right": false}]}'])
def test_malformed_files_make_an_empty_card(tmp_path: Path, content: str) -> None:
    for name in ("metrics.json", "behaviour.json"):
        (tmp_path / name).write_text(content, "utf-8")
    card = read_card("some/model", tmp_path)
    assert (card.figures, list(card.misclassifications)) == ({}, [])
    assert (card.calibration_bins, card.movie_points) == ([], [])


def test_the_page_shows_the_card(client: FlaskClient, analyzer: FakeAnalyzer, folder: Path) -> None:
    analyzer.card = read_card("bundled", folder)
    page = client.get("/model").get_data(as_text=True)
    for text in ("88.1% ± 0.4%", "25,000개", "상관 0.955", "긍정일 가능성 95%", "&lt;b&gt;돈 주고"):
        assert text in page
    assert '<circle cx="24.0" cy="228.0" r="4"/><circle cx="216.0" cy="0.0" r="4"/>' in page
    assert '<circle cx="60.0" cy="120.0" r="3"/>' in page
    assert 'aria-label="영화마다 별점 평균과' in page


def test_plots_are_translated(client: FlaskClient, analyzer: FakeAnalyzer, folder: Path) -> None:
    analyzer.card = read_card("bundled", folder)
    page = client.get("/model", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "the share that was positive (up)" in page


def test_without_points_there_is_no_plot(client: FlaskClient, analyzer: FakeAnalyzer, folder: Path) -> None:
    (folder / "metrics.json").write_text(json.dumps({"heldout": METRICS["heldout"]}), "utf-8")
    analyzer.card = read_card("bundled", folder)
    page = client.get("/model").get_data(as_text=True)
    assert "88.1% ± 0.4%" in page
    assert 'class="scatter"' not in page


def test_a_model_without_metrics(client: FlaskClient) -> None:
    page = client.get("/model").get_data(as_text=True)
    assert "아직 재 보지 않았어요" in page
    assert "<code>fake</code>" in page


@pytest.mark.parametrize("file", ["heldout", "movies"])
def test_incomplete_metrics_are_shown(client: FlaskClient, analyzer: FakeAnalyzer, tmp_path: Path, file: str) -> None:
    for name, number in METRICS[file].items():
        (tmp_path / "metrics.json").write_text(json.dumps({file: {name: number, "reviews": float("inf")}}), "utf-8")
        analyzer.card = read_card("some/model", tmp_path)
        assert client.get("/model").status_code == 200


def test_the_path_of_a_model_is_not_shown(client: FlaskClient, analyzer: FakeAnalyzer, folder: Path) -> None:
    analyzer.card = read_card(str(folder), folder)
    page = client.get("/model").get_data(as_text=True)
    assert folder.name in page
    assert str(folder.parent) not in page
