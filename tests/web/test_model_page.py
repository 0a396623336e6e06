"""The page about the model: its numbers and failures where they were measured, a plain word where they were not."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.models import Label
from app.sentiment.card import read_card
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
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS), "utf-8")
    (tmp_path / "behaviour.json").write_text(json.dumps(BEHAVIOUR), "utf-8")
    (tmp_path / "reliability.png").write_bytes(PNG)
    return tmp_path


def test_a_card_holds_what_lies_beside_the_weights(folder: Path) -> None:
    card = read_card("some/model", folder)
    assert card.figures["heldout"]["balanced_accuracy"] == 0.8812
    assert "command" not in card.figures["heldout"]
    assert list(card.plots) == ["reliability.png"]
    assert [(item.text, item.expected) for item in card.misreadings] == [
        ("어제 봤다", None),
        ("<b>돈 주고</b> 잠자기 좋은 영화", Label.NEGATIVE),
    ]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 3}', '{"a": [{}]}', '{"a": [{"right": false}]}'])
def test_a_card_that_cannot_be_read_is_empty(tmp_path: Path, content: str) -> None:
    for name in ("metrics.json", "behaviour.json"):
        (tmp_path / name).write_text(content, "utf-8")
    card = read_card("some/model", tmp_path)
    assert (card.figures, card.plots, list(card.misreadings)) == ({}, {}, [])


def test_the_page_shows_the_card(client: FlaskClient, analyzer: FakeAnalyzer, folder: Path) -> None:
    analyzer.card = read_card("bundled", folder)
    page = client.get("/model").get_data(as_text=True)
    for text in (
        "88.1% ± 0.4%",
        "25,000개",
        "상관 0.955",
        "긍정일 가능성 95%",
        "&lt;b&gt;돈 주고",
        "/model/reliability.png",
    ):
        assert text in page
    assert "/model/movies.png" not in page
    plot = client.get("/model/reliability.png")
    assert (plot.status_code, plot.mimetype, plot.get_data()) == (200, "image/png", PNG)
    plot.close()


def test_a_model_nobody_measured_says_so(client: FlaskClient) -> None:
    page = client.get("/model").get_data(as_text=True)
    assert "아직 재 보지 않았어요" in page
    assert "<code>fake</code>" in page


@pytest.mark.parametrize("name", ["movies", "nothing", "..%2Fconfig", "config.json"])
def test_other_plots_are_not_there(client: FlaskClient, name: str) -> None:
    assert client.get(f"/model/{name}.png").status_code == 404


def test_every_page_leads_there(client: FlaskClient) -> None:
    assert 'href="/model"' in client.get("/").get_data(as_text=True)


@pytest.mark.parametrize("file", ["heldout", "movies"])
def test_any_part_of_the_numbers_may_be_missing(
    client: FlaskClient, analyzer: FakeAnalyzer, tmp_path: Path, file: str
) -> None:
    for name, number in METRICS[file].items():
        (tmp_path / "metrics.json").write_text(json.dumps({file: {name: number, "reviews": float("inf")}}), "utf-8")
        analyzer.card = read_card("some/model", tmp_path)
        assert client.get("/model").status_code == 200


def test_a_relative_folder_shows_its_plots_and_not_where_it_lies(
    client: FlaskClient, analyzer: FakeAnalyzer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    analyzer.card = read_card(folder.name, Path(folder.name))
    plot = client.get("/model/reliability.png")
    assert plot.status_code == 200
    plot.close()
    analyzer.card = read_card(str(folder), folder)
    page = client.get("/model").get_data(as_text=True)
    assert folder.name in page
    assert str(folder.parent) not in page
