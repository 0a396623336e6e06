"""Reviews on a movie's page: order, extremes, addresses, word weights and spoilers."""

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from app.services import ReviewService
from app.web.pages import EXTREMES_FROM, REVIEWS_A_PAGE
from tests.web.conftest import AddReview, Visitor, text


def authors(page: BeautifulSoup) -> list[str]:
    return [text(by).split(" · ")[0] for by in page.select(".review .by")]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("newest", ["라", "다", "나", "가"]),
        ("oldest", ["가", "나", "다", "라"]),
        ("highest", ["나", "라", "가", "다"]),
        ("lowest", ["다", "가", "라", "나"]),
    ],
)
def test_orders(visitor: Visitor, movie_id: int, add_review: AddReview, sort: str, order: list[str]) -> None:
    for author, content in (("가", "그냥 봤어요"), ("나", "최고 최고 감동"), ("다", "지루해요"), ("라", "최고예요")):
        add_review(movie_id, content, author)
    page = visitor.get(f"/movie/{movie_id}?sort={sort}")
    assert authors(page) == order
    links = page.select(".reviews-head .menu a")
    current = [number for number, link in enumerate(links) if link.get("aria-current")]
    assert current == [["newest", "oldest", "highest", "lowest"].index(sort)]
    answer = visitor.client.get(f"/reviews/{movie_id}?sort={sort}").get_json()
    assert [review["author"] for review in answer] == order
    assert authors(visitor.get(f"/movie/{movie_id}?sort={sort}&label=긍정")) == [a for a in order if a != "다"]


def test_the_best_and_the_worst_review_are_shown(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    for content in ("최고예요", "지루해요", "최고 최고 감동")[: EXTREMES_FROM - 1]:
        add_review(movie_id, content)
    assert not visitor.get(f"/movie/{movie_id}").select(".extreme")
    add_review(movie_id, "지루해요 최악")
    best, worst = visitor.get(f"/movie/{movie_id}").select(".extreme")
    assert "가장 긍정적인 리뷰" in text(best) and "최고 최고 감동" in text(best) and best["href"] == "/review/3"
    assert "가장 부정적인 리뷰" in text(worst) and "지루해요 최악" in text(worst) and worst["href"] == "/review/4"
    for query in ("label=긍정", "sort=oldest", "page=2"):
        assert not visitor.get(f"/movie/{movie_id}?{query}").select(".extreme")


@pytest.mark.parametrize(("content", "title"), [("최고예요", "가장 긍정적인 리뷰"), ("지루해요", "가장 부정적인 리뷰")])
def test_extremes_need_a_review_of_their_label(
    visitor: Visitor, movie_id: int, add_review: AddReview, content: str, title: str
) -> None:
    for _ in range(EXTREMES_FROM):
        add_review(movie_id, content)
    page = visitor.get(f"/movie/{movie_id}")
    assert [text(end.h3) for end in page.select(".extreme")] == [title]


def test_a_reviews_address_redirects_to_its_page(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    reviews = [add_review(movie_id, "최고예요") for _ in range(REVIEWS_A_PAGE + 1)]
    for review, path in ((reviews[-1], f"/movie/{movie_id}?"), (reviews[0], f"/movie/{movie_id}?page=2&")):
        answer = visitor.client.get(f"/review/{review.id}")
        path = f"{path}review={review.id}"
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}#review-{review.id}")
        shown = visitor.get(path).select_one(f"#review-{review.id}")
        assert shown and shown.select_one(f'.by a[href="/review/{review.id}"]')


def test_a_post_redirects_to_the_new_review(visitor: Visitor, movie_id: int) -> None:
    answer = visitor.post(f"/movie/{movie_id}/review", f"/movie/{movie_id}", author="밤편지", content="최고예요")
    assert answer.headers["Location"] == f"/movie/{movie_id}#review-1"
    page = visitor.get(f"/movie/{movie_id}")
    assert page.select_one(".notice[data-posted] a[href='/review/1']")
    assert [review["id"] for review in page.select(".review.is-new")] == ["review-1"]
    assert not visitor.get(f"/movie/{movie_id}").select(".review.is-new")
    answer = visitor.post("/review", movie_id=movie_id, author="심야영화", content="지루해요")
    assert answer.headers["Location"] == f"/movie/{movie_id}#review-2"


def test_the_words_fragment_is_the_text_alone(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    review = add_review(movie_id, "배우는 최고인데 이야기가 지루해요")
    link = visitor.get(f"/movie/{movie_id}").select_one(f'a[data-words="/review/{review.id}/words"]')
    assert link and link["href"] == f"/review/{review.id}/why"
    page = visitor.get(f"/review/{review.id}/words")
    assert not page.select("html, main")
    marks = [str(mark) for mark in page.select("mark")]
    assert marks == [str(mark) for mark in visitor.get(f"/review/{review.id}/why").select("mark")] != []


def test_a_reviews_page_has_its_open_graph_tags(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    review = add_review(movie_id, "배우는 최고예요 <b>")
    path = visitor.client.get(f"/review/{review.id}").headers["Location"]
    page = visitor.get(path)
    told = {str(meta["property"]): str(meta["content"]) for meta in page.select('meta[property^="og:"]')}
    assert told["og:title"] == "밤편지 님의 리뷰 · 리틀 포레스트 · 감평"
    assert told["og:description"] == f"긍정 {review.rating:.1f} — 배우는 최고예요 <b>"
    assert told["og:url"].endswith(f"/review/{review.id}")
    visitor.client.patch(f"/reviews/{review.id}", json={"spoiler": True})
    assert "배우는" not in str(visitor.get(path).select_one('meta[property="og:description"]'))
    for odd in ("0", "x", "", "99", "9" * 30):
        title = visitor.get(f"/movie/{movie_id}?review={odd}").select_one('meta[property="og:title"]')
        assert title and title["content"] == "리틀 포레스트 · 감평"
    assert page.select_one(f'button[data-copy="/review/{review.id}"][hidden]')


PLOT = "범인은 최고의 집사예요"


def test_a_spoiler_is_covered(visitor: Visitor, movie_id: int, service: ReviewService) -> None:
    path = f"/movie/{movie_id}"
    box = visitor.get(path).select_one('#write input[type="checkbox"][name="spoiler"]')
    assert box and "스포일러" in text(box.parent)
    answer = visitor.post(f"{path}/review", path, author="밤편지", content=PLOT, spoiler="y")
    assert answer.status_code == 303
    assert service.review(1).spoiler
    page = visitor.get(path)
    cover = page.select_one("#review-1 details.spoiler")
    assert cover and not cover.has_attr("open") and PLOT in text(cover)
    assert not visitor.get(path).select("#review-1 .content:not(details *)")


def test_the_spoiler_flag_is_removed(visitor: Visitor, movie_id: int, service: ReviewService) -> None:
    visitor.post(f"/movie/{movie_id}/review", author="밤편지", content=PLOT, spoiler="on")
    path = "/review/1/edit"
    assert visitor.get(path).select_one('input[name="spoiler"][checked]')
    assert visitor.post(path, path, author="밤편지", content=PLOT).status_code == 303
    assert not service.review(1).spoiler
    assert visitor.post(path, path, author="밤편지", content=PLOT, spoiler="y").status_code == 303
    assert service.review(1).spoiler


def test_spoilers_by_json(client: FlaskClient, movie_id: int) -> None:
    review = {"movie_id": movie_id, "author": "밤편지", "content": PLOT}
    assert client.post("/reviews", json=review).get_json()["spoiler"] is False
    assert client.post("/reviews", json={**review, "content": "둘", "spoiler": True}).get_json()["spoiler"] is True
    assert client.patch("/reviews/1", json={"spoiler": True}).get_json()["spoiler"] is True
    assert client.patch("/reviews/1", json={"author": "새벽달"}).get_json()["spoiler"] is True
    for absurd in (None, "예", 2, [], {}):
        assert client.post("/reviews", json={**review, "content": "셋", "spoiler": absurd}).status_code == 422


def test_extremes_have_no_spoilers(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    visitor.post(f"/movie/{movie_id}/review", author="밤편지", content=f"{PLOT} 최고 최고 감동", spoiler="y")
    add_review(movie_id, "최고예요")
    for _ in range(4):
        add_review(movie_id, "지루해요")
    shown = [text(extreme) for extreme in visitor.get(f"/movie/{movie_id}").select(".extreme")]
    assert len(shown) == 2 and not any("집사" in said for said in shown)
