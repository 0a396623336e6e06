"""A review that gives the plot away is covered until asked for, and not shown among the extremes."""

from collections.abc import Callable

from flask.testing import FlaskClient

from app.models import Review
from app.services import ReviewService
from tests.web.conftest import Visitor, text

AddReview = Callable[..., Review]
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


def test_the_box_is_ticked_off_again(visitor: Visitor, movie_id: int, service: ReviewService) -> None:
    visitor.post(f"/movie/{movie_id}/review", author="밤편지", content=PLOT, spoiler="on")
    path = "/review/1/edit"
    assert visitor.get(path).select_one('input[name="spoiler"][checked]')
    assert visitor.post(path, path, author="밤편지", content=PLOT).status_code == 303
    assert not service.review(1).spoiler
    assert visitor.post(path, path, author="밤편지", content=PLOT, spoiler="y").status_code == 303
    assert service.review(1).spoiler


def test_spoilers_in_json(client: FlaskClient, movie_id: int) -> None:
    review = {"movie_id": movie_id, "author": "밤편지", "content": PLOT}
    assert client.post("/reviews", json=review).get_json()["spoiler"] is False
    assert client.post("/reviews", json={**review, "content": "둘", "spoiler": True}).get_json()["spoiler"] is True
    assert client.patch("/reviews/1", json={"spoiler": True}).get_json()["spoiler"] is True
    assert client.patch("/reviews/1", json={"author": "새벽달"}).get_json()["spoiler"] is True
    for absurd in (None, "예", 2, [], {}):
        assert client.post("/reviews", json={**review, "content": "셋", "spoiler": absurd}).status_code == 422


def test_extremes_give_nothing_away(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    visitor.post(f"/movie/{movie_id}/review", author="밤편지", content=f"{PLOT} 최고 최고 감동", spoiler="y")
    add_review(movie_id, "최고예요")
    for _ in range(4):
        add_review(movie_id, "지루해요")
    shown = [text(extreme) for extreme in visitor.get(f"/movie/{movie_id}").select(".extreme")]
    assert len(shown) == 2 and not any("집사" in said for said in shown)
