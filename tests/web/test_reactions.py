"""Corrections and likes: one of each by browser and review."""

from flask import Flask
from flask.testing import FlaskClient

from app.models import Label, ModelCard, Review, Sentiment
from app.services import ReviewService
from app.store import Store
from app.web.pages import REVIEWS_A_PAGE
from tests.fakes import FakeAnalyzer
from tests.web.conftest import AddReview, Visitor, parse_html, text


def test_a_correction_is_added_and_removed(visitor: Visitor, review: Review, store: Store, movie_id: int) -> None:
    page, path = f"/movie/{movie_id}", f"/review/{review.id}/correction"
    rated = store.movie(movie_id)
    box = visitor.get(page).select_one(".correct")
    assert box and box.select_one("button")
    assert text(box.select_one("summary")) == "AI가 잘못 읽었나요?: 밤편지 님의 리뷰"
    assert box.select_one('button[name=label][value="부정"]')
    answer = visitor.post(path, page, label="부정")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{page}#review-{review.id}")
    shown = visitor.get(page)
    assert "알려 주셔서 고마워요." in text(shown.select_one(".notice"))
    assert text(shown.select_one(".correct p")) == "독자 1명은 다르게 읽었어요"
    assert [(word.review_id, word.label) for word in store.corrections()] == [(review.id, Label.NEGATIVE)]
    assert store.movie(movie_id) == rated
    visitor.post(path, page, label="부정")
    assert store.review(review.id).correction_count == 1
    assert visitor.get(page).select_one('.correct button[value=""]')
    visitor.post(path, page, label="")
    assert store.review(review.id).correction_count == 0
    assert text(visitor.get(page).select_one(".correct summary")).startswith("AI가 잘못 읽었나요?")


def test_a_correction_may_be_neither_label(
    visitor: Visitor, review: Review, store: Store, movie_id: int, client: FlaskClient
) -> None:
    page, path = f"/movie/{movie_id}", f"/review/{review.id}/correction"
    button = visitor.get(page).select(".correct button")[1]
    assert text(button) == "어느 쪽도 아니에요"
    visitor.post(path, page, label=str(button["value"]))
    assert [word.label for word in store.corrections()] == ["어느 쪽도 아님"]
    assert store.review(review.id).correction_count == 1
    visitor.post(path, page, label="")
    assert not store.corrections()
    answer = client.post(f"/reviews/{review.id}/correction", json={"label": "어느 쪽도 아님"})
    assert (answer.status_code, answer.get_json()["correction_count"]) == (200, 1)


def test_corrections_count_once_a_browser(app: Flask, visitor: Visitor, review: Review, store: Store) -> None:
    visitor.post(f"/review/{review.id}/correction", label="부정")
    for client, count in ((visitor.client, 1), (app.test_client(), 2)):
        client.post(f"/reviews/{review.id}/correction", json={"label": "부정"})
        assert store.review(review.id).correction_count == count


def test_invalid_corrections_are_refused(visitor: Visitor, review: Review, store: Store) -> None:
    path = f"/review/{review.id}/correction"
    page = parse_html(visitor.client.post(path, data={"label": "부정", "csrf_token": "old"}), 400)
    assert "한 번 더 눌러 주세요" in text(page.select_one(".notice"))
    assert visitor.post(path, label="중립").status_code == 422
    assert store.review(review.id).correction_count == 0
    assert visitor.post("/review/99/correction", label="부정").status_code == 404


def test_a_correction_redirects_to_the_page_of_its_review(
    visitor: Visitor, movie_id: int, review: Review, store: Store
) -> None:
    for n in range(REVIEWS_A_PAGE):
        store.add_review(movie_id, "밤편지", f"{n}", Sentiment(Label.POSITIVE, 0.9, 9.0))
    answer = visitor.post(f"/review/{review.id}/correction", label="부정")
    assert answer.headers["Location"] == f"/movie/{movie_id}?page=2#review-{review.id}"


def test_corrections_by_json(client: FlaskClient, review: Review) -> None:
    path = f"/reviews/{review.id}/correction"
    answer = client.post(path, json={"label": "부정"})
    assert (answer.status_code, answer.get_json()["correction_count"]) == (200, 1)
    assert client.delete(path).get_json()["correction_count"] == 0
    answer = client.post(path, json={"label": "중립"})
    assert (answer.status_code, answer.get_json()["detail"][0]["loc"]) == (422, ["body", "label"])
    assert client.post("/reviews/99/correction", json={"label": "부정"}).status_code == 404
    assert client.delete("/reviews/99/correction").status_code == 404


def test_pages_show_that_another_model_rated_a_review(
    visitor: Visitor, movie_id: int, review: Review, analyzer: FakeAnalyzer, client: FlaskClient
) -> None:
    assert not visitor.get("/model").select("#models-title")
    assert "다른 모델" not in text(visitor.get(f"/movie/{movie_id}").select_one(".reviews"))
    analyzer.card = ModelCard("new", id="new@1")
    shown = visitor.get(f"/movie/{movie_id}").select_one(f"#review-{review.id}")
    assert "지금과 다른 모델이 읽은 평점이에요" in text(shown)
    assert "리뷰 1개는 지금과 다른 모델이 읽었어요." in text(visitor.get(f"/movie/{movie_id}").select_one(".reviews"))
    assert "fake@1" in text(visitor.get("/model").select_one("section:has(#models-title)"))
    assert client.get(f"/reviews/{movie_id}").get_json()[0]["model"] == "fake@1"


def test_likes_count_once_a_browser(app: Flask, visitor: Visitor, review: Review, service: ReviewService) -> None:
    page, path = f"/movie/{review.movie_id}", f"/review/{review.id}/like"
    for _ in range(2):
        answer = visitor.post(path, page)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{page}#review-{review.id}")
    button = visitor.get(page).select_one(f"#review-{review.id} .like button")
    assert button and button["aria-pressed"] == "true" and text(button).startswith("공감 1")
    assert app.test_client().post(f"/reviews/{review.id}/like").status_code == 200
    assert service.review(review.id).like_count == 2
    assert len(visitor.get(page).select(".like button")) == 1


def test_likes_by_json(client: FlaskClient, movie_id: int, add_review: AddReview) -> None:
    first, second = add_review(movie_id, "하나"), add_review(movie_id, "둘")
    for _ in range(2):
        assert client.post(f"/reviews/{first.id}/like").get_json()["like_count"] == 1
    listed = client.get(f"/reviews/{movie_id}?sort=liked").get_json()
    assert [review["id"] for review in listed] == [first.id, second.id]
    assert client.post("/reviews/99/like").status_code == 404
