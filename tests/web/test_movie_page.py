"""A movie's page: its rating, its reviews, and deleting."""

import pytest

from app.models import Review
from app.schemas import MoviesQuery, ReviewsQuery
from app.services import ReviewService
from app.web import messages
from app.web.pages import EXTREMES_FROM, REVIEWS_A_PAGE
from tests.web.conftest import AddReview, Visitor, parse_html, text


def test_the_page_shows_movie_rating_and_reviews(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    add_review(movie_id, "최고예요", "처음")  # 8.5
    add_review(movie_id, "지루해요", "가운데")  # 1.5
    add_review(movie_id, "그냥 봤어요", "마지막")  # 5.5, unsure
    page = visitor.get(f"/movie/{movie_id}")
    assert text(page.h1) == "리틀 포레스트"
    assert text(page.select_one(".movie-facts .meta")) == "2018.02.28 · 임순례 · 드라마"
    assert text(page.select_one(".score-value")) == "AI 평점 10점 만점에 5.2"
    assert "리뷰 3개의 평균" in text(page.select_one(".score"))
    assert "▲ 긍정 67%" in text(page.select_one(".score"))
    assert [text(by).split(" · ")[0] for by in page.select(".by")] == ["마지막", "가운데", "처음"]
    assert [text(sentiment) for sentiment in page.select(".sentiment")] == [
        "△ 평점 5.5 긍정 판단이 어려워요",
        "▼ 평점 1.5 부정 부정일 가능성 85%",
        "▲ 평점 8.5 긍정 긍정일 가능성 85%",
    ]
    assert [sentiment["class"][1] for sentiment in page.select(".sentiment")] == ["uncertain", "negative", "positive"]
    time = page.select_one("time")
    assert time and time["datetime"].endswith("Z") and text(time) == "방금 전"
    assert [text(title) for title in page.select(".histogram title")][5] == "5~6점 1개"
    assert [rect["class"] for rect in page.select(".histogram rect")] == [["negative"], ["positive"], ["positive"]]
    assert page.select_one(".histogram")["aria-label"] == "평점 분포: 1~2점 1개, 5~6점 1개, 8~9점 1개"
    edges = [(edge["x"], text(edge)) for edge in page.select(".histogram text")]
    assert edges == [(str(30 * rating), str(rating)) for rating in range(11)]  # the edges of the bars


def test_blank_lines_are_collapsed(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    for _ in range(EXTREMES_FROM):
        add_review(movie_id, "최고의 시작\n\n둘\n" + " \n" * 2_000 + "끝")
    page = visitor.get(f"/movie/{movie_id}")
    shown = page.select(".review .text, .extreme .text") + visitor.get("/review/1/why").select(".marked")
    for sub in shown[-1].select("sub"):
        sub.decompose()
    assert [said.get_text() for said in shown] == ["최고의 시작\n\n둘\n\n끝"] * (EXTREMES_FROM + 2)
    assert not page.select(".more")


def test_a_movie_without_reviews_opens_the_form(visitor: Visitor, movie_id: int) -> None:
    page = visitor.get(f"/movie/{movie_id}")
    assert "아직 리뷰가 없어요" in text(page.select_one(".empty"))
    assert text(page.select_one(".score-value")) == "아직 평점이 없어요"
    assert page.select_one("#write.is-open")
    assert not page.select(".share, .histogram")


def test_reviews_can_be_filtered(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    add_review(movie_id, "최고예요", "가")
    page = visitor.get(f"/movie/{movie_id}?label=부정")
    assert "부정 리뷰는 아직 없어요" in text(page.select_one(".empty"))
    add_review(movie_id, "지루해요", "나")
    page = visitor.get(f"/movie/{movie_id}?label=부정&sort=lowest")
    assert all("sort=lowest" in str(link["href"]) for link in page.select(".reviews-head .pills a"))
    assert all("label=" in str(link["href"]) for link in page.select(".reviews-head .menu a"))
    assert [text(by).split(" · ")[0] for by in page.select(".by")] == ["나"]
    assert text(page.select_one('.reviews-head [aria-current="true"]')) == "▼ 부정 1"


@pytest.mark.parametrize("query", ["label=중립", "page=0", "page=x", "label=&page="])
def test_invalid_queries_show_all_reviews(visitor: Visitor, movie_id: int, add_review: AddReview, query: str) -> None:
    add_review(movie_id, "최고예요")
    assert len(visitor.get(f"/movie/{movie_id}?{query}").select(".review")) == 1


def test_reviews_are_paginated(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    for number in range(REVIEWS_A_PAGE + 2):
        add_review(movie_id, "최고예요", f"손님{number}")
    assert len(visitor.get(f"/movie/{movie_id}").select(".review")) == REVIEWS_A_PAGE
    page = visitor.get(f"/movie/{movie_id}?page=2&label=긍정")
    assert [text(by).split(" · ")[0] for by in page.select(".by")] == ["손님1", "손님0"]
    assert page.select_one(".trend polyline")
    past = visitor.get(f"/movie/{movie_id}?page=7").select_one(".empty a")
    assert past and "page=2" in str(past["href"])


def test_a_long_review_is_folded(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    content = "사계절이 지나가는 동안 최고의 음식을 만든다. " * 100
    add_review(movie_id, content)
    parts = [text(part) for part in visitor.get(f"/movie/{movie_id}").select(".review .text")]
    assert len(parts) == 2 and len(parts[0]) < 400
    assert " ".join([parts[0].removesuffix("…"), parts[1]]) == content.strip()


def test_deleting_a_review_asks_first(visitor: Visitor, movie_id: int, review: Review, service: ReviewService) -> None:
    asked = f"/review/{review.id}/delete"
    assert visitor.get(f"/movie/{movie_id}").select_one(f'details [form=page-actions][formaction="{asked}"]')
    assert text(visitor.get(asked).h1) == "이 리뷰를 지울까요?"
    page = parse_html(visitor.client.post(asked), 400)
    assert text(page.select_one('[role="alert"]')) == messages.STALE_FORM
    assert service.reviews(movie_id, ReviewsQuery()).total == 1
    token = visitor.token(asked)
    answer = visitor.client.post(asked, data={"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/movie/{movie_id}?deleted=1")
    assert service.reviews(movie_id, ReviewsQuery()).total == 0
    assert "밤편지 님의 리뷰를 지웠어요" in text(visitor.get(f"/movie/{movie_id}").select_one(".notice"))
    assert visitor.client.post(asked, data={"csrf_token": token}).status_code == 404
    assert visitor.client.get(asked).status_code == 404


@pytest.mark.usefixtures("review")
def test_deleting_a_movie_asks_first(visitor: Visitor, movie_id: int, service: ReviewService) -> None:
    asked = f"/movie/{movie_id}/delete"
    page = visitor.get(asked)
    assert text(page.h1) == "‘리틀 포레스트’ 영화를 지울까요?" and "리뷰 1개도 함께" in text(page.main)
    token = visitor.token(asked)
    answer = visitor.client.post(asked, data={"csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?deleted=1")
    assert "‘리틀 포레스트’ 영화와 리뷰 1개를 지웠어요." == text(visitor.get("/").select_one(".notice p"))
    assert service.movies(MoviesQuery()).total == 0
    assert visitor.client.post(asked, data={"csrf_token": token}).status_code == 404
