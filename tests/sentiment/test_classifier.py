"""How texts are read, whatever the model: windows, batches, odd characters."""

import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from app.models import Label, Sentiment
from app.sentiment.worker import QueuedAnalyzer
from tests.sentiment import models

Loaded = Callable[[Path], QueuedAnalyzer]
TEXTS = [
    "재미있다",
    "최악 지루해요",
    "연기가 정말 최고!",
    "ㅋㅋㅋ",
    "감동",
    "영화 " * 40,
    "가나" * 100,
    "!",
    "진짜 없다 " * 300,
]


def close(one: Sentiment, other: Sentiment) -> bool:
    return (
        one.label is other.label
        and one.score == pytest.approx(other.score, abs=2e-4)
        and one.rating == pytest.approx(other.rating, abs=1e-3)
    )


def test_alone_and_in_a_batch_read_the_same(stars: QueuedAnalyzer) -> None:
    batch = stars.analyze(TEXTS * 3)
    alone = [stars.analyze([text])[0] for text in TEXTS] * 3
    assert all(map(close, batch, alone))
    assert len({sentiment.rating for sentiment in alone}) > len(TEXTS) / 2  # the model does tell them apart


def test_decomposed_hangul_reads_as_composed(stars: QueuedAnalyzer) -> None:
    for text in TEXTS:
        assert stars.analyze([unicodedata.normalize("NFD", text)]) == stars.analyze([text])


def test_line_breaks_read_as_spaces(stars: QueuedAnalyzer) -> None:
    assert stars.analyze(["\n재미있다\r\n\t최고  영화\u3000"]) == stars.analyze(["재미있다 최고 영화"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "\ud800",
        "\u200b",
        "👍🏽",
        "🇰🇷❤️‍🔥",
        "\U0010ffff",
        "hello",
        "これは",
        "ㅋ" * 5_000,
        "a" * 5_000,
        "😀" * 5_000,
    ],
)
def test_odd_texts_get_an_answer(stars: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = stars.analyze([text])
    assert sentiment.label in set(Label)
    assert 0.5 <= sentiment.score <= 1
    assert 0 <= sentiment.rating <= 10


def test_every_part_of_a_long_review_counts(stars: QueuedAnalyzer) -> None:
    filler = "영화 배우 " * 400
    ratings = {place: stars.analyze([text])[0].rating for place, text in places(filler, "지루해요 " * 20).items()}
    plain = stars.analyze([filler])[0].rating
    assert all(rating != pytest.approx(plain, abs=1e-3) for rating in ratings.values()), (plain, ratings)


def places(filler: str, remark: str) -> dict[str, str]:
    half = len(filler) // 2
    return {"first": remark + filler, "middle": filler[:half] + remark + filler[half:], "last": filler + remark}


@pytest.mark.parametrize("length", [0, 1, 29, 30, 31, 57, 500, 5_000])
def test_windows_cover_every_token_in_equal_parts(tmp_path: Path, length: int) -> None:
    from app.sentiment.transformers_model import load_transformers_model

    windows = load_transformers_model(models.stars(tmp_path / "stars", window=32)).windows
    pieces = windows._windows(list(range(length)))
    bodies = [piece[1:-1] for piece in pieces]
    assert {len(body) for body in bodies} == {min(length, 30)}
    assert sorted({token for body in bodies for token in body}) == list(range(length))
    assert all(later[0] <= earlier[-1] for earlier, later in pairwise(bodies))  # they overlap
    assert len(pieces) <= length / 27 + 1


@pytest.mark.slow
def test_positions_of_roberta_are_not_overrun(loaded: Loaded, tmp_path: Path) -> None:
    from app.sentiment.transformers_model import load_transformers_model

    folder = models.roberta(tmp_path / "roberta", positions=34)
    assert load_transformers_model(folder).windows.size == 32
    assert len(loaded(folder).analyze(["재미있다 " * 200, "최고"])) == 2


@pytest.mark.slow
def test_long_runs_without_spaces_are_not_one_unknown_word(loaded: Loaded, electra_folder: Path) -> None:
    """WordPiece takes a "word" of more than 100 letters as unknown, whole."""
    from app.sentiment.transformers_model import load_transformers_model

    reader = load_transformers_model(electra_folder)
    (windows,) = reader.windows.cut(["재미있다" * 100])
    unknown = reader.windows._tokenizer.unk_token_id
    assert sum(len(window) for window in windows) > 400
    assert not any(unknown in window for window in windows)
    first, second = loaded(electra_folder).analyze(["재미있다" * 100, "최악" * 200])
    assert first != second
