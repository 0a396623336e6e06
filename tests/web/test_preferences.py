"""Themes."""

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Visitor, parse_html


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
