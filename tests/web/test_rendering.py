"""Pages for each visitor: escaped text, tokens, language, permissions, meta tags and the footer."""

import re
import struct
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from app.models import Label, MovieFields, Review, Sentiment
from app.settings import ROOT, VERSION
from app.store import Store
from tests.conftest import MakeApp
from tests.store.conftest import review_edit
from tests.web.conftest import AddMovie, AddReview, Visitor

NASTY = ("%(id)s %s 100% {{ 7 * 7 }} {0}", "<script>alert('1')</script> & \"2\"", "token; %(token)s\x1f")


@pytest.mark.parametrize("text", NASTY)
def test_formatting_characters_in_text_are_escaped(
    visitor: Visitor, store: Store, add_by: Callable[..., Review], text: str
) -> None:
    movie = store.add_movie(MovieFields(text, director=text, genre=text))
    review = add_by(movie.id, "")
    store.update_review(review.id, review_edit(text, Sentiment(Label.NEGATIVE, 0.9, 1.0), author=text))
    card = visitor.get("/").select_one(".card")
    assert card and card.select_one("h2") and card.select_one("h2").get_text() == text
    item = visitor.get(f"/movie/{movie.id}").select_one(".review")
    assert item and not item.select("script")
    assert item.select_one("bdi").get_text() == item.select_one(".text").get_text() == text


def test_actions_are_shown_by_permission(app: Flask, store: Store, add_by: Callable[..., Review]) -> None:
    app.extensions["AdminAuth"].open_mode = False
    movie = store.add_movie(MovieFields("괴물"))
    own, others = add_by(movie.id, "mine"), add_by(movie.id, "theirs")
    for mark, deletable in (("mine", own), ("theirs", others), ("mine", own), ("", None)):
        client = app.test_client()
        with client.session_transaction() as session:
            session["writer"] = mark
        page = Visitor(client).get(f"/movie/{movie.id}")
        actions = {str(button["formaction"]) for button in page.select(".review .danger")}
        assert actions == ({f"/review/{deletable.id}/delete"} if deletable else set())
        edits = {str(link["href"]) for link in page.select(".review-links a") if link["href"].endswith("edit")}
        assert edits == ({f"/review/{deletable.id}/edit"} if deletable else set())


def test_csrf_tokens_differ_by_visitor(app: Flask, store: Store, add_by: Callable[..., Review]) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    add_by(movie.id, "")
    seen = []
    for _ in range(2):
        page = Visitor(app.test_client()).get(f"/movie/{movie.id}")
        tokens = {str(field["value"]) for field in page.select("input[name=csrf_token]")}
        assert len(tokens) == 1
        seen += tokens
    assert seen[0] != seen[1]


def test_pages_have_their_language_and_url_prefix(
    client: FlaskClient, store: Store, add_by: Callable[..., Review]
) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    review = add_by(movie.id, "")
    for _ in range(2):
        for language, word, root in (("ko", "긍정", ""), ("en", "Positive", ""), ("ko", "긍정", "/movies-of-ours")):
            headers = {"Accept-Language": language}
            for path, link in (("/", f"/movie/{movie.id}"), (f"/movie/{movie.id}", f"/review/{review.id}/why")):
                page = client.get(path, headers=headers, environ_overrides={"SCRIPT_NAME": root}).get_data(as_text=True)
                assert word in page and f'"{root}{link}"' in page
                assert ("Positive" in page) is (language == "en")
                assert all(link.startswith(f"{root}/") for link in re.findall(r'(?:href|action)="(/[^"]*)"', page))


def test_changes_are_shown_at_once(visitor: Visitor, store: Store, add_by: Callable[..., Review]) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    review = add_by(movie.id, "")
    visitor.get(f"/movie/{movie.id}")
    store.update_review(review.id, review_edit("다시 보니 별로", Sentiment(Label.NEGATIVE, 0.9, 1.0), author="새벽"))
    store.update_movie(movie.id, lambda _: MovieFields("괴물 2"))
    assert "다시 보니 별로" in str(visitor.get(f"/movie/{movie.id}").select_one(".review"))
    card = visitor.get("/").select_one(".card")
    assert card and "괴물 2" in card.get_text() and "1.0" in card.get_text()


def test_input_is_not_shown_to_other_visitors(app: Flask, visitor: Visitor, movie_id: int) -> None:
    for _ in range(2):
        typed = visitor.post("/review", movie_id=movie_id, author="밤편지", content=" ")
        assert typed.status_code == 422 and "밤편지" in typed.get_data(as_text=True)
        chosen = visitor.get(f"/?movie={movie_id}").select_one("input[name=movie]")
        assert chosen and chosen["value"] == "리틀 포레스트"
        for page in ("/", f"/movie/{movie_id}"):
            form = Visitor(app.test_client()).get(page).select_one("#write form")
            assert form and not form.select(".error, .alert") and not form.select_one("[name=author]")["value"]


def test_menus_are_updated_and_link_to_their_movie(visitor: Visitor, store: Store) -> None:
    first = store.add_movie(MovieFields("괴물", genre="SF"))
    visitor.get("/")
    second = store.add_movie(MovieFields("곡성", genre="공포 <b>"))
    page = visitor.get("/")
    assert [option["value"] for option in page.select("#genres option")] == ["SF", "공포 <b>"]
    assert [link.get_text() for link in page.select(".menu li bdi")] == ["SF", "공포 <b>"]
    for movie in (first, second):
        store.add_review(movie.id, "밤편지", "최고", Sentiment(Label.POSITIVE, 0.9, 9.0))
        page = visitor.get(f"/movie/{movie.id}?sort=highest")
        links = [str(link["href"]) for link in page.select(".reviews .tools a")]
        assert len(links) == 8 and all(link.startswith(f"/movie/{movie.id}") for link in links)
        assert [form["action"] for form in page.select("#write form")] == [f"/movie/{movie.id}/review"]


@pytest.fixture
def add_by(store: Store) -> Callable[..., Review]:
    """Adds a review that the browser with this mark wrote."""
    sentiment = Sentiment(Label.POSITIVE, 0.9, 9.0)
    return lambda movie_id, writer: store.add_review(movie_id, "밤편지", "최고", sentiment, writer=writer)


def test_the_footer_warns_of_an_in_memory_store(make_app: MakeApp, tmp_path: Path) -> None:
    for url, forgets in (("", True), (f"sqlite:///{tmp_path}/reviews.db", False)):
        client = make_app(database_url=url).test_client()
        for path in ("/", "/nope"):
            page = BeautifulSoup(client.get(path, headers={"Accept": "text/html"}).get_data(), "html.parser")
            foot = page.select_one("footer")
            assert foot
            assert ("다시 켜면 모두 사라져요" in foot.get_text()) is forgets


def test_the_version_is_shown(client: FlaskClient) -> None:
    project = tomllib.loads(Path(ROOT, "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert client.get("/openapi.json").get_json()["info"]["version"] == project["version"] == VERSION
    foot = BeautifulSoup(client.get("/").get_data(), "html.parser").select_one("footer")
    assert foot and f"감평 {VERSION}" in foot.get_text()


def test_movie_pages_have_open_graph_tags(visitor: Visitor, add_movie: AddMovie, add_review: AddReview) -> None:
    movie = add_movie('"벌새" <2018>', poster_url="https://example.com/poster.jpg?a=1&b=2")
    add_review(movie.id, "최고예요")
    page = visitor.get(f"/movie/{movie.id}")
    said = {str(meta["property"]): str(meta["content"]) for meta in page.select("meta[property]")}
    assert said["og:title"] == '"벌새" <2018> · 감평'
    assert said["og:type"] == "video.movie"
    assert said["og:site_name"] == "감평"
    assert said["og:image"] == "https://example.com/poster.jpg?a=1&b=2"
    assert said["og:description"].startswith("AI 평점 ")
    assert said["og:url"].endswith(f"/movie/{movie.id}")


def test_preview_of_a_movie_without_a_picture_is_its_drawn_poster(visitor: Visitor, movie_id: int) -> None:
    assert not visitor.get("/").select('meta[property="og:image"]')
    image = visitor.get(f"/movie/{movie_id}").select_one('meta[property="og:image"]')
    assert image and image["content"] == f"http://localhost/movie/{movie_id}/poster.png"
    answer = visitor.client.get(f"/movie/{movie_id}/poster.png")
    width, height = struct.unpack(">II", answer.get_data()[16:24])
    assert answer.get_data().startswith(b"\x89PNG") and (width, height) == (400, 600)
    assert answer.mimetype == "image/png" and answer.cache_control.public


def test_private_pages_are_not_indexed(visitor: Visitor, movie_id: int) -> None:
    for path in ("/", f"/movie/{movie_id}", "/model"):
        assert not visitor.get(path).select('meta[name="robots"]')
    for path, status in (("/?q=없는", 200), ("/login", 200), (f"/movie/{movie_id}/delete", 200), ("/movie/999", 404)):
        assert visitor.get(path, status).select_one('meta[name="robots"]')["content"] == "noindex"
    robots = visitor.client.get("/robots.txt")
    assert robots.mimetype == "text/plain" and b"Disallow: /review/" in robots.get_data()
