"""The page that explains a rating by the weights of words."""

import pytest

from tests.fakes import FakeAnalyzer
from tests.web.conftest import AddReview, Visitor, text


def test_the_page_shows_the_weight_of_each_word(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    review = add_review(movie_id, "정말 최고인데 지루해요 <b>", "밤편지")
    link = visitor.get(f"/movie/{movie_id}").select_one(f"#review-{review.id} .review-links a")
    assert link
    assert link["href"] == f"/review/{review.id}/why"
    assert text(link) == "왜 이 평점인가요? 밤편지 님의 리뷰"
    page = visitor.get(str(link["href"]))
    assert text(page.h1) == "왜 이 평점인가요?"
    shown = page.select_one(".marked")
    assert shown
    assert [(found["class"][0], found.contents[0]) for found in shown.select("mark")] == [
        ("positive", "최고인데"),
        ("negative", "지루해요"),
    ]
    assert [text(number) for number in shown.select("sub")] == ["▲ 강", "▼ 강"]
    for number in shown.select("sub"):
        number.decompose()
    assert shown.get_text() == "정말 최고인데 지루해요 <b>"
    assert [text(head) for head in page.select(".why h2")] == ["평점을 올린 말", "평점을 내린 말"]
    assert [text(item) for item in page.select(".weights li")] == [
        "최고인데 ▲ 강 이 낱말 없이는 1.5",
        "지루해요 ▼ 강 이 낱말 없이는 8.5",
    ]


def test_a_review_without_weighted_words(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    review = add_review(movie_id, "봤다")
    page = visitor.get(f"/review/{review.id}/why")
    assert not page.select("mark, .weights")
    assert "뚜렷하게 움직인 낱말이 없어요" in text(page.select_one(".why"))
    hint = text(visitor.get(f"/review/{review.id}/words").select_one(".hint"))
    assert "뚜렷하게 움직인 낱말이 없어요" in hint and "굵을수록" not in hint


def test_a_stated_score_is_shown(
    visitor: Visitor, movie_id: int, add_review: AddReview, analyzer: FakeAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = add_review(movie_id, "최고 8/10")
    address = f"/review/{review.id}/why"
    assert "글에 적힌 점수" not in text(visitor.get(address).select_one(".why"))
    predict = analyzer.predict
    monkeypatch.setattr(analyzer, "predict", lambda texts: [one._replace(stated_score=8.0) for one in predict(texts)])
    review = add_review(movie_id, "최고 별 네 개")
    page = visitor.get(f"/review/{review.id}/why")
    assert "글에 적힌 점수 8.0점(10점 만점)을" in text(page.select_one(".why"))
