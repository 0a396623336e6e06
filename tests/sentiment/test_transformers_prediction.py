"""Predictions of transformers models: windows, batches and unusual characters."""

import json
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from app.models import Label, Sentiment
from app.sentiment.transformers_model import load_transformers_model
from app.sentiment.worker import QueuedAnalyzer
from tests.sentiment import models

SYLLABLES = sorted({letter for letter in models.SYLLABLES if "가" <= letter <= "힣"})
Loaded = Callable[[Path], QueuedAnalyzer]
TEXTS = [
    "재미있다", "최악 지루해요", "연기가 정말 최고!", "ㅋㅋㅋ", "감동", "영화 " * 40, "가나" * 100, "!",
    "진짜 없다 " * 300,
]  # fmt: skip


def is_close(one: Sentiment, other: Sentiment) -> bool:
    return (
        one.label is other.label
        and one.score == pytest.approx(other.score, abs=2e-4)
        and one.rating == pytest.approx(other.rating, abs=1e-3)
    )


def test_results_are_independent_of_the_batch(stars: QueuedAnalyzer) -> None:
    batch = stars.analyze(TEXTS * 3)
    alone = [stars.analyze([text])[0] for text in TEXTS] * 3
    assert all(map(is_close, batch, alone))
    assert len({sentiment.rating for sentiment in alone}) > len(TEXTS) / 2


def test_padding_is_masked_for_any_tokenizer(loaded: Loaded, tmp_path: Path) -> None:
    folder = models.electra(tmp_path / "electra")
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text("utf-8")) | {"model_input_names": ["input_ids"], "padding_side": "left"}
    path.write_text(json.dumps(config), encoding="utf-8")
    analyzer = loaded(folder)
    texts = ["재미있다 영화", "연기가 정말 최고!"]
    assert all(map(is_close, analyzer.analyze(texts), [analyzer.analyze([text])[0] for text in texts]))


def test_decomposed_hangul_equals_composed(stars: QueuedAnalyzer) -> None:
    for text in TEXTS:
        assert stars.analyze([unicodedata.normalize("NFD", text)]) == stars.analyze([text])


def test_line_breaks_count_as_spaces(stars: QueuedAnalyzer) -> None:
    assert stars.analyze(["\n재미있다\r\n\t최고  영화\u3000"]) == stars.analyze(["재미있다 최고 영화"])


@pytest.mark.parametrize("text", [
    "", " ", "\x00", "\ud800", "\u200b", "👍🏽", "🇰🇷❤️‍🔥", "\U0010ffff", "これは", "ㅋ" * 5_000, "a" * 5_000,
    "😀" * 5_000,
])  # fmt: skip
def test_unusual_texts_have_a_result(stars: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = stars.analyze([text])
    assert sentiment.label in set(Label)
    assert 0.5 <= sentiment.score <= 1
    assert 0 <= sentiment.rating <= 10


def test_every_part_of_a_long_review_counts(stars: QueuedAnalyzer) -> None:
    half, remark = "영화 배우 " * 200, "지루해요 " * 20
    plain, *others = stars.analyze([half * 2, remark + half * 2, half + remark + half, half * 2 + remark])
    assert all(other.rating != pytest.approx(plain.rating, abs=1e-3) for other in others), (plain, others)


@pytest.mark.parametrize("length", [1, 29, 30, 31, 57, 500, 5_000])
def test_windows_overlap_and_cover_every_token(tmp_path: Path, length: int) -> None:
    model = load_transformers_model(models.stars(tmp_path / "stars", window=34))
    text = " ".join(SYLLABLES[at % len(SYLLABLES)] for at in range(length))
    windows, owners = model.windows([text])
    bodies = [[models.SYLLABLES[token - len(models.SPECIAL)] for token in window[1:-1]] for window in windows]
    assert owners == [0] * len(windows)
    assert all(len(body) == 30 for body in bodies[:-1])
    for body, following in pairwise(bodies):
        assert body[-4:] == following[:4]
    assert " ".join(letter for body in bodies for letter in body[4 if body is not bodies[0] else 0 :]) == text


@pytest.mark.slow
def test_windows_fit_the_positions_of_roberta(loaded: Loaded, tmp_path: Path) -> None:
    folder = models.roberta(tmp_path / "roberta", positions=34)
    (windows, _) = load_transformers_model(folder).windows(["재미있다 " * 200])
    assert max(map(len, windows)) == 32
    assert len(loaded(folder).analyze(["재미있다 " * 200, "최고"])) == 2


@pytest.mark.slow
def test_long_words_are_not_one_unknown_token(loaded: Loaded, electra_folder: Path) -> None:
    windows, _ = load_transformers_model(electra_folder).windows(["재미있다" * 100])
    unknown = models.SPECIAL.index("[UNK]")
    assert sum(len(window) for window in windows) > 400
    assert not any(unknown in window for window in windows)
    first, second = loaded(electra_folder).analyze(["재미있다" * 100, "최악" * 200])
    assert first != second
