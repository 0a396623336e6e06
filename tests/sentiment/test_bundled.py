"""The bundled model. Its accuracy is measured in training/."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.models import CONFIDENT_FROM, Label
from app.sentiment import BUNDLED, load
from app.sentiment.bundled_model import WINDOW, BundledModel, Vocabulary, jamo, load_bundled_model, windows
from app.sentiment.config import Calibration
from app.sentiment.worker import QueuedAnalyzer
from app.settings import ROOT
from tests.sentiment import models
from tests.sentiment.conftest import refusal

PRAISE = [
    "정말 재미있었어요. 최고의 영화!",
    "배우들 연기도 훌륭하고 스토리도 완벽했다. 강력 추천합니다",
    "너무 감동적이라 펑펑 울었습니다 ㅠㅠ 인생 영화",
    "명작입니다. 열 번을 봐도 또 보고 싶어요",
    "기대 이상이었다. 시간 가는 줄 모르고 봤네요",
]
BLAME = [
    "정말 재미없어요. 최악의 영화", "돈 아깝고 시간 아깝다. 보지 마세요", "스토리도 없고 연기도 못하고 지루해서 잤다",
    "쓰레기 영화. 감독은 반성해라", "기대했는데 너무 실망스러웠다. 하품만 나온다",
]  # fmt: skip
INFORMAL = [
    ("정말재미있고감동적인최고의영화였어요", Label.POSITIVE), ("정말지루하고재미없는최악의영화였다", Label.NEGATIVE),
    ("잼있어욬ㅋㅋ 완전 쵝오", Label.POSITIVE), ("노잼 개별루 돈아까움", Label.NEGATIVE),
    ("지루하지 않고 정말 재밌었다", Label.POSITIVE), ("전혀 웃기지도 않고 재미있지도 않다", Label.NEGATIVE),
    ("ㅋㅋㅋㅋㅋ 너무 웃기고 재밌다 ㅋㅋㅋ", Label.POSITIVE), ("ㅡㅡ 이게 영화냐 ㅉㅉ 쓰레기", Label.NEGATIVE),
    ("최고예요 👍👍😍 또 보고 싶다", Label.POSITIVE), ("최악 👎👎 시간 낭비 🤮", Label.NEGATIVE),
]  # fmt: skip


@pytest.fixture(scope="module")
def model() -> BundledModel:
    return load_bundled_model(BUNDLED)


def test_it_is_the_default_and_small(bundled: QueuedAnalyzer) -> None:
    assert bundled.card.name == "bundled"
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) <= 8_500_000
    assert not [path.name for path in BUNDLED.iterdir() if path.suffix in (".bin", ".pkl", ".pt", ".py")]


@pytest.mark.parametrize("text", PRAISE + BLAME)
def test_praise_is_positive_and_blame_negative(bundled: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = bundled.analyze([text])
    assert sentiment.label is (Label.POSITIVE if text in PRAISE else Label.NEGATIVE)
    assert sentiment.score > 0.7
    assert sentiment.rating > 7 if text in PRAISE else sentiment.rating < 4


@pytest.mark.parametrize(("text", "label"), INFORMAL)
def test_informal_writing(bundled: QueuedAnalyzer, text: str, label: Label) -> None:
    (sentiment,) = bundled.analyze([text])
    assert (sentiment.label, sentiment.rating >= 5) == (label, label is Label.POSITIVE), sentiment


@pytest.mark.parametrize(("texts", "others"), [(PRAISE, BLAME), (BLAME, PRAISE)], ids=["praise", "blame"])
def test_long_reviews_are_analyzed_to_their_end(bundled: QueuedAnalyzer, texts: list[str], others: list[str]) -> None:
    text = " ".join(texts * 50)[:5_000]
    whole, mixed = bundled.analyze([text, text[:2_000] + " " + " ".join(others * 20)])
    is_praise = texts is PRAISE
    assert {whole.label is Label.POSITIVE, whole.rating >= 5, mixed.rating < whole.rating} == {is_praise}


def test_decomposed_hangul_equals_composed(bundled: QueuedAnalyzer) -> None:
    texts = PRAISE + BLAME
    assert bundled.analyze([unicodedata.normalize("NFD", text) for text in texts]) == bundled.analyze(texts)


def test_results_are_independent_of_batch_and_thread(bundled: QueuedAnalyzer) -> None:
    texts = PRAISE + BLAME + [text for text, _ in INFORMAL] + ["ㅋ", "좋다 " * 500]
    alone = [bundled.analyze([text])[0] for text in texts]
    with ThreadPoolExecutor(16) as pool:
        threaded = list(pool.map(lambda text: bundled.analyze([text])[0], texts))
    for other in (bundled.analyze(texts), threaded):
        for one, same in zip(alone, other, strict=True):
            assert same.label is one.label
            assert same.score == pytest.approx(one.score, abs=2e-4)
            assert same.rating == pytest.approx(one.rating, abs=1e-3)


FOREIGN = [
    "とても面白かったです", "这部电影太好看了", "Отличный фильм", "The worst movie I have ever seen",
    "What a great film",
]  # fmt: skip
NONSENSE = [
    "asdf qwer zxcv", "....", "映画", "1234567890", "ㅁㄴㅇㄹ", "ㅋㅋㅋㅋㅋ", "ㅠㅠ", "ㅎㅎ", "ㅋㅋㅠㅠ", "^^",
    "\u200b", "<script>", "\ud800", "ㅋ" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN + NONSENSE)
def test_unreadable_texts_are_uncertain(bundled: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = bundled.analyze([text])
    assert 3 <= sentiment.rating <= 7
    assert sentiment.is_uncertain


@pytest.mark.parametrize("text", PRAISE + BLAME + ["ㅋㅋ", "👍", "10점 만점에 3점"])
def test_invisible_characters_are_ignored(bundled: QueuedAnalyzer, text: str) -> None:
    strewn = "".join(f"{letter}\u200b\u00ad\u2060\ufe0f" for letter in text)
    assert bundled.analyze([strewn, f"\u3164 {text}\ufeff", f"  {text}\n"]) == bundled.analyze([text]) * 3


@pytest.mark.parametrize(
    ("one", "other"),
    [("쏘쏘.", "쏘쏘!"), ("펑펑 ㅠㅠ", "펑펑 ㅜㅜ"), ("그저 그래요", "그저 그래요."), ("평범함", "평범함~")],
)
def test_similar_texts_have_similar_ratings(bundled: QueuedAnalyzer, one: str, other: str) -> None:
    first, second = bundled.analyze([one, other])
    assert abs(first.rating - second.rating) <= 1


@pytest.mark.parametrize(
    ("text", "rating"),
    [("★☆☆☆☆", 2.0), ("별 반 개", 1.0), ("8/10", 8.0), ("5점 만점에 4.5", 9.0), ("☆☆☆☆☆", 0.0), ("별 두 개 반", 5.0)],
)
def test_a_stated_score_is_the_rating(bundled: QueuedAnalyzer, text: str, rating: float) -> None:
    (sentiment,) = bundled.analyze([text])
    assert sentiment.rating == pytest.approx(rating, abs=0.01)
    explanation = bundled.explain(text)
    assert explanation.stated_score == rating
    assert bundled.explain("정말 재미있었다").stated_score is None


def test_a_stated_score_is_weighted_by_its_share_of_the_text(model: BundledModel) -> None:
    said, alone = "배우들의 연기가 정말 훌륭하고 감동적인 영화였다", "1/10"
    (without,), (both,) = model.predict([said]), model.predict([f"{said} {alone}"])
    weight = len(alone) / len(f"{said}{alone}".replace(" ", ""))
    assert both.stated_score == 1.0
    assert both.sentiment.rating < without.sentiment.rating
    assert both.sentiment.rating > 10 * (1 - weight) * 0.8


def metrics() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads((BUNDLED / "metrics.json").read_text("utf-8"))
    return found


def test_the_measured_accuracy_meets_its_goals() -> None:
    heldout, movies, behaviour = (metrics()[name] for name in ("heldout", "movies", "behaviour"))
    assert (heldout["reviews"], behaviour["sentences"]) == (25_000, 400)
    assert heldout["best_balanced_accuracy"] >= 0.885 and heldout["balanced_accuracy"] >= 0.875
    assert movies["accuracy"] >= 0.913 and movies["movie_correlation"] >= 0.94
    assert movies["calibration_error"] <= 0.03
    assert behaviour["right"] >= 335


def test_the_metrics_are_of_these_files() -> None:
    measured = metrics()["sha256"]
    assert {"network.onnx", "vocabulary.txt", "config.json"} <= measured.keys()
    assert {name: hashlib.sha256((BUNDLED / name).read_bytes()).hexdigest() for name in measured} == measured


def test_it_rates_the_behaviour_sentences_as_measured(bundled: QueuedAnalyzer) -> None:
    behaviour = json.loads((BUNDLED / "behaviour.json").read_text("utf-8"))
    cases = [case for kind in behaviour.values() for case in kind]
    lines = (ROOT / "training" / "behaviour.tsv").read_text("utf-8").splitlines()[1:]
    assert [case["text"] for case in cases] == [line.split("\t")[2] for line in lines]
    found = bundled.analyze([case["text"] for case in cases])
    assert [sentiment.rating for sentiment in found] == pytest.approx([case["rating"] for case in cases], abs=0.06)
    right = 0
    for case, sentiment in zip(cases, found, strict=True):
        sign = "+" if sentiment.is_positive else "-"
        right += sentiment.score < CONFIDENT_FROM if case["expected"] == "0" else sign == case["expected"]
    assert right == metrics()["behaviour"]["right"]


def test_windows_cover_the_text() -> None:
    for length in (0, 1, WINDOW, WINDOW + 1, 300, 5_000):
        text = "".join(chr(0xAC00 + at % 11_172) for at in range(length))
        cut = windows(text)
        assert {len(window) for window in cut} <= {min(length, WINDOW)}
        assert all(window in text for window in cut)
        covered = {letter for window in cut for letter in window}
        assert covered == set(text)


def test_ngram_numbers_and_jamo() -> None:
    vocabulary = Vocabulary(["재", "재밌", "밌", "재밌다재밌"])
    assert vocabulary.numbers("재밌다").tolist() == [[1, 2, 0, 0, 0], [3, 0, 0, 0, 0], [0] * 5]
    assert vocabulary.numbers("재밌다재밌")[0].tolist() == [1, 2, 0, 0, 4]
    assert vocabulary.numbers("").shape == (0, 5)
    assert jamo("가힣ㅋa").tolist() == [[1, 1, 1], [19, 21, 28], [0, 0, 0], [0, 0, 0]]
    assert jamo("\ud800😀").tolist() == [[0, 0, 0]] * 2


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(BUNDLED, tmp_path / "copy")


def test_a_copy_of_the_folder_gives_the_same_results(bundled: QueuedAnalyzer, copy: Path) -> None:
    analyzer = load(str(copy))
    try:
        assert analyzer.analyze(PRAISE + BLAME) == bundled.analyze(PRAISE + BLAME)
    finally:
        analyzer.close()


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (file, damage)
        for file in ("network.onnx", "vocabulary.txt")
        for damage in ("missing", "empty", "cut", "of another")
        if (file, damage) != ("network.onnx", "missing")  # a folder without a network is read by transformers
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(copy: Path, file: str, damage: str) -> None:
    path = copy / file
    if damage == "missing":
        path.unlink()
    elif damage == "of another":
        shutil.copy(copy / "config.json", path)
    else:
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else path.stat().st_size // 2])
    assert refusal(copy)


def test_a_vocabulary_of_another_network_and_a_wrong_calibration_are_refused(copy: Path) -> None:
    with (copy / "vocabulary.txt").open("a", encoding="utf-8") as file:
        file.write("한줄더\n")
    assert "vocabulary is not the network's" in refusal(copy)
    models.change_config(copy, sentiment={"threshold": 1.5})
    assert "threshold" in refusal(copy)


def test_an_output_that_is_not_a_number_is_an_error() -> None:
    class Broken:
        def run(self, _: object, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.full(len(feed["mask"]), np.nan, np.float32)]

    with pytest.raises(ArithmeticError):
        BundledModel(Broken(), Vocabulary(["a"]), Calibration()).predict(["a"])


def test_it_needs_neither_the_network_nor_torch() -> None:
    script = """
import socket, sys
def refuse(*_):
    raise AssertionError("the network was used")
socket.socket.connect = socket.getaddrinfo = refuse
from app.sentiment import load
print(load().analyze(["정말 재미있었어요"])[0].label, {"torch", "transformers", "huggingface_hub"} & sys.modules.keys())
"""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    assert (result.stdout, result.stderr, result.returncode) == ("긍정 set()\n", "", 0)
