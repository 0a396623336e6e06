"""Authors' pages, the latest reviews, and Atom feeds."""

from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from app.web.pages import LATEST_SHOWN
from tests.web.conftest import AddMovie, AddReview, Visitor, text

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ATOM = "{http://www.w3.org/2005/Atom}"


def entries(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/atom+xml")
    feed = ElementTree.fromstring(answer.get_data())  # noqa: S314 - our own
    assert feed.find(f"{ATOM}updated") is not None and feed.find(f"{ATOM}id") is not None
    return [{part.tag.removeprefix(ATOM): part.text or "" for part in entry} for entry in feed.iter(f"{ATOM}entry")]


def test_an_authors_page_lists_their_reviews(visitor: Visitor, add_movie: AddMovie, add_review: AddReview) -> None:
    movies = [add_movie("벌새"), add_movie("괴물")]
    add_review(movies[0].id, "최고예요", "밤편지")
    add_review(movies[1].id, "지루해요", "밤편지")
    add_review(movies[1].id, "지루해요", "새벽달")
    link = visitor.get(f"/movie/{movies[0].id}").select_one(".by a.author")
    assert link
    page = visitor.get(str(link["href"]))
    assert text(page.h1) == "밤편지"
    assert [text(title) for title in page.select(".review .by a:first-child")] == ["괴물", "벌새"]
    assert "평균 평점 5.0" in text(page.select_one(".person"))
    assert page.select_one(".person svg.histogram[aria-label]")
    page = visitor.get(f"/author/{quote('밤편지')}?sort=highest")
    assert [text(title) for title in page.select(".review .by a:first-child")] == ["벌새", "괴물"]
    answer = visitor.client.get("/reviews", query_string={"author": "밤편지", "sort": "oldest"})
    assert [review["movie_id"] for review in answer.get_json()] == [movies[0].id, movies[1].id]
    assert answer.headers["X-Total-Count"] == "2"


@pytest.mark.parametrize("name", ["a/b", "/a", "50%", "?q=1", "#1", "<b>", "ㅇ ㅇ", "a\\b", "🙂"])
def test_nicknames_are_quoted_in_urls(visitor: Visitor, movie_id: int, add_review: AddReview, name: str) -> None:
    add_review(movie_id, "최고예요", name)
    link = visitor.get(f"/movie/{movie_id}").select_one(".by a.author")
    assert link and text(visitor.get(str(link["href"])).h1) == name


def test_unknown_authors_are_not_found(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    assert visitor.client.get("/reviews?author=%00").status_code == 422
    for name in ("없는 사람", "x" * 500, ".", "\0"):
        assert visitor.client.get(f"/author/{quote(name)}").status_code in (404, 308)
    add_review(movie_id, "최고예요", "..")
    assert not visitor.get(f"/movie/{movie_id}").select(".by a.author")


def test_the_latest_reviews_are_negotiated_as_html_or_json(
    visitor: Visitor, movie_id: int, add_review: AddReview
) -> None:
    for content in ("하나", "둘"):
        add_review(movie_id, content)
    answer = visitor.client.get("/reviews", headers=HTML)
    assert (answer.status_code, answer.mimetype) == (200, "text/html") and "Accept" in answer.headers["Vary"]
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        answer = visitor.client.get("/reviews", headers=accept)
        assert [review["content"] for review in answer.get_json()] == ["둘", "하나"]
        assert "Accept" in answer.headers["Vary"]
    for page in ("0", "9", "x", "-1"):
        assert visitor.client.get(f"/reviews?page={page}", headers=HTML).status_code == 200
    assert visitor.client.get("/reviews?page=x").status_code == 422


def test_the_home_page_shows_the_latest_reviews(visitor: Visitor, movie_id: int, add_review: AddReview) -> None:
    assert not visitor.get("/").select(".latest")
    for number in range(LATEST_SHOWN + 1):
        add_review(movie_id, f"글 {number}")
    visitor.client.post("/reviews", json={"movie_id": movie_id, "author": "나", "content": "범인", "spoiler": True})
    shown = visitor.get("/").select(".latest li")
    assert len(shown) == LATEST_SHOWN and "글 4" in text(shown[0])
    assert not visitor.get("/?q=숲").select(".latest") and not visitor.get("/?page=2").select(".latest")


def test_feeds_list_the_latest_reviews(visitor: Visitor, add_movie: AddMovie, add_review: AddReview) -> None:
    first, second = add_movie("벌새 <1> & 2"), add_movie("괴물")
    add_review(first.id, "최고 <b>&amp;</b>\uffff")
    visitor.client.post("/reviews", json={"movie_id": second.id, "author": "나", "content": "범인", "spoiler": True})
    found = entries(visitor.client, "/reviews.atom")
    assert [entry["title"].split(" — ")[0] for entry in found] == ["괴물", "벌새 <1> & 2"]
    assert "범인" not in found[0]["content"] and found[1]["content"] == "최고 <b>&amp;</b>"
    assert len(entries(visitor.client, f"/movie/{first.id}/reviews.atom")) == 1
    for path, feed in (("/", "/reviews.atom"), (f"/movie/{first.id}", f"/movie/{first.id}/reviews.atom")):
        assert visitor.get(path).select_one(f'head link[type="application/atom+xml"][href="{feed}"]')


def test_an_empty_feed_is_valid(client: FlaskClient) -> None:
    assert entries(client, "/reviews.atom") == []
