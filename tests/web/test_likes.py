"""Likes: one a browser and review, and an order by them."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from app.models import Review
from app.services import ReviewService
from tests.web.conftest import Visitor, text

AddReview = Callable[..., Review]


def test_a_browser_likes_a_review_once(
    app: Flask, visitor: Visitor, movie_id: int, add_review: AddReview, service: ReviewService
) -> None:
    review, page = add_review(movie_id, "최고예요"), f"/movie/{movie_id}"
    path = f"/review/{review.id}/like"
    for _ in range(2):
        answer = visitor.post(path, page)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{page}#review-{review.id}")
    button = visitor.get(page).select_one(f"#review-{review.id} .like button")
    assert button and button["aria-pressed"] == "true" and text(button).startswith("공감 1")
    assert app.test_client().post(f"/reviews/{review.id}/like").status_code == 200
    assert service.review(review.id).like_count == 2
    assert len(visitor.get(page).select(".like button")) == 1


def test_a_like_needs_its_token_and_a_review(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    review = add_review(movie_id, "최고예요")
    assert visitor.client.post(f"/review/{review.id}/like").status_code == 400
    assert visitor.post("/review/99/like").status_code == 404
    assert visitor.client.get(f"/review/{review.id}/like").status_code == 405


def test_likes_in_json(client: FlaskClient, movie_id: int, add_review: AddReview) -> None:
    first, second = add_review(movie_id, "하나"), add_review(movie_id, "둘")
    for _ in range(2):
        assert client.post(f"/reviews/{first.id}/like").get_json()["like_count"] == 1
    listed = client.get(f"/reviews/{movie_id}?sort=liked").get_json()
    assert [review["id"] for review in listed] == [first.id, second.id]
    assert client.post("/reviews/99/like").status_code == 404
