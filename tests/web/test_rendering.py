"""Pages for each visitor: tokens, language, changes, meta tags and the footer."""

import re
import struct
import tomllib
from pathlib import Path

from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from app.models import Label, MovieFields, Review, Sentiment
from app.settings import ROOT, VERSION
from app.store import Store
from tests.conftest import MakeApp
from tests.store.conftest import review_edit
from tests.web.conftest import AddMovie, AddReview, Visitor, text


def test_csrf_tokens_differ_by_visitor(app: Flask, add_movie: AddMovie, add_review: AddReview) -> None:
    review, tokens = add_review(add_movie("괴물").id, "최고예요"), []
    for _ in range(2):
        page = Visitor(app.test_client()).get(f"/movie/{review.movie_id}")
        (token,) = {str(field["value"]) for field in page.select("input[name=csrf_token]")}
        tokens.append(token)
    assert tokens[0] != tokens[1]


def test_pages_have_their_language_and_url_prefix(client: FlaskClient, review: Review) -> None:
    movie, why = f"/movie/{review.movie_id}", f"/review/{review.id}/why"
    for language, word, root in (("ko", "긍정", ""), ("en", "Positive", ""), ("ko", "긍정", "/movies-of-ours")):
        for path, link in (("/", movie), (movie, why)):
            answer = client.get(path, headers={"Accept-Language": language}, environ_overrides={"SCRIPT_NAME": root})
            page = answer.get_data(as_text=True)
            assert word in page and f'"{root}{link}"' in page
            assert ("Positive" in page) is (language == "en")
            assert all(link.startswith(f"{root}/") for link in re.findall(r'(?:href|action)="(/[^"]*)"', page))


def test_changes_are_shown_at_once(visitor: Visitor, store: Store, review: Review) -> None:
    path = f"/movie/{review.movie_id}"
    assert "최고예요" in str(visitor.get(path)) and "8.5" in text(visitor.get("/").select_one(".card"))
    store.update_review(review.id, review_edit("다시 보니 별로", Sentiment(Label.NEGATIVE, 0.9, 1.0)))
    store.update_movie(review.movie_id, lambda _: MovieFields("괴물 2"))
    assert "다시 보니 별로" in text(visitor.get(path).select_one(".review"))
    card = text(visitor.get("/").select_one(".card"))
    assert "괴물 2" in card and "1.0" in card


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
