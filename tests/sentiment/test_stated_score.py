"""Scores that writers state in digits or stars."""

import pytest

from app.sentiment.stated_score import stated_score

STATED = [
    ("10점 만점에 3점", 3.0), ("10점만점에 10점!", 10.0), ("5점 만점에 4.5", 9.0), ("100점 만점에 87점", 8.7),
    ("10점 만점 중 2점", 2.0), ("8/10", 8.0), ("3점/10점", 3.0), ("평점 4.5/5", 9.0), ("★☆☆☆☆", 2.0),
    ("★★★★★ 최고", 10.0), ("☆☆☆☆☆", 0.0), ("★\ufe0f★★☆\u200b☆", 6.0), ("별 반 개", 1.0), ("별반개도 아깝다", 1.0),
    ("별 네 개 반", 9.0), ("별 다섯 개 드립니다", 10.0), ("영화는 별 하나", 2.0), ("별 10개", 10.0),
    ("별점 4점", 8.0), ("별점 9점", 9.0),
]  # fmt: skip
SILENT = [
    "10점 만점에 11점", "0점 만점에 0점", "9/10일에 봄", "2013/5/10", "3/50", "★★★", "★★★★★★",
    "이별 한 개", "특별 하나", "별 한심하다", "별 5개월", "점수는 비밀", "",
]  # fmt: skip


@pytest.mark.parametrize(("text", "score"), STATED)
def test_a_stated_score_is_found(text: str, score: float) -> None:
    found = stated_score(text)
    assert found
    assert found.score == pytest.approx(score)
    assert 0 < found.weight <= 1


@pytest.mark.parametrize("text", SILENT)
def test_other_numbers_are_ignored(text: str) -> None:
    assert stated_score(text) is None


def test_its_weight_is_its_share_of_the_text() -> None:
    for text, weight in (("8/10", 1.0), ("8 / 10 !", 0.8), ("재밌어요 8/10", 0.5)):
        found = stated_score(text)
        assert found
        assert found.weight == pytest.approx(weight)
