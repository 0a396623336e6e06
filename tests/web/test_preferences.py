"""Themes, meta tags and error pages."""

import struct

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from app.error_handlers import answer
from app.web import posters
from tests.web.conftest import AddMovie, AddReview, Visitor, parse_html, text


def test_the_default_theme_follows_the_system(visitor: Visitor) -> None:
    page = visitor.get("/")
    assert page.html and not page.html.has_attr("data-theme")
    assert page.select_one('meta[name="color-scheme"]')["content"] == "light dark"
    assert page.select_one(".theme [aria-pressed=true]")["value"] == ""


@pytest.mark.parametrize(("theme", "colour"), [("light", "#ffffff"), ("dark", "#1f1c19")])
def test_the_chosen_theme_is_on_every_page(visitor: Visitor, movie_id: int, theme: str, colour: str) -> None:
    answer = visitor.submit(f"/movie/{movie_id}?label=긍정", ".theme form", theme=theme)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"/movie/{movie_id}?label=")
    for path, status in (("/", 200), (f"/movie/{movie_id}", 200), ("/model", 200), ("/movie/999", 404)):
        page = visitor.get(path, status)
        assert page.html and page.html["data-theme"] == theme
        assert page.select_one('meta[name="color-scheme"]')["content"] == theme
        assert {meta["content"] for meta in page.select('meta[name="theme-color"]')} == {colour}
        assert page.select_one(".theme [aria-pressed=true]")["value"] == theme


def test_the_theme_is_reset(visitor: Visitor) -> None:
    visitor.submit("/", ".theme form", theme="dark")
    visitor.submit("/", ".theme form", theme="")
    page = visitor.get("/")
    assert page.html and not page.html.has_attr("data-theme")


def test_unknown_themes_are_refused(client: FlaskClient, visitor: Visitor) -> None:
    assert visitor.submit("/", ".theme form", theme="purple").status_code == 400
    assert client.post("/theme", data={"theme": "dark"}).status_code == 400  # no token
    client.set_cookie("theme", '"><script>')
    page = parse_html(client.get("/"))
    assert page.html and not page.html.has_attr("data-theme")


def test_the_theme_redirects_to_this_site_only(visitor: Visitor) -> None:
    answer = visitor.post("/theme", theme="dark", next="//elsewhere.example/")
    assert answer.headers["Location"] == "/"


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
    assert visitor.client.get("/movie/999/poster.png").status_code == 404


def test_poster_has_the_colours_of_the_stylesheet(app: Flask) -> None:
    with app.app_context():
        pictures = [posters.png(f"영화 {number}") for number in range(60)]
        colors = posters.tone_colors()
    assert len(set(pictures)) == 60
    assert len(colors) == posters.TONES
    assert all(tone.keys() == {"sky", "ground", "a", "b", "c"} for tone in colors)


def test_private_pages_are_not_indexed(visitor: Visitor, movie_id: int) -> None:
    for path in ("/", f"/movie/{movie_id}", "/model"):
        assert not visitor.get(path).select('meta[name="robots"]')
    for path, status in (("/?q=없는", 200), ("/login", 200), (f"/movie/{movie_id}/delete", 200), ("/movie/999", 404)):
        assert visitor.get(path, status).select_one('meta[name="robots"]')["content"] == "noindex"
    robots = visitor.client.get("/robots.txt")
    assert robots.mimetype == "text/plain" and b"Disallow: /review/" in robots.get_data()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_error_page_has_a_title_and_links(app: Flask, status: int, language: str) -> None:
    with app.test_request_context("/movie/1", headers={"Accept": "text/html", "Accept-Language": language}):
        page = BeautifulSoup(answer(status, "detail").get_data(), "html.parser")
    assert text(page.select_one("main .meta")) == str(status)
    assert len(text(page.select_one("h1"))) > 4 and page.title and "·" in page.title.get_text()
    ways = [str(way["href"]) for way in page.select(".error-actions a")]
    assert ways[-1] == "/"
    assert (ways[0] == "") == (status in (429, 500, 503))  # the same address, once more
    assert ways[0].startswith("/login") == (status in (401, 403))
