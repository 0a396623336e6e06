"""Kept addresses are Flask's own, wherever the site is mounted."""

import flask
import pytest
from flask import Flask

from app.http.links import Links, url_for
from app.models import Label

ASKED = [
    ("web.home", {}),
    ("web.home", {"q": "기생충 & 100%", "genre": None, "sort": "title", "page": 2}),
    ("web.home", {"genre": None, "q": "기생충 & 100%", "sort": "title", "page": 3}),
    ("web.show_movie", {"id": 7, "label": Label.NEGATIVE, "_anchor": "reviews"}),
    ("web.show_movie", {"id": 8, "label": None, "_anchor": "review-1"}),
    ("static", {"filename": "style.css"}),
]


@pytest.mark.parametrize("root", ["", "/movies-of-ours", ""])
def test_an_address_is_flasks(app: Flask, root: str) -> None:
    for _ in range(2):
        for mounted in (root, "/elsewhere"):
            with app.test_request_context(environ_overrides={"SCRIPT_NAME": mounted}):
                for endpoint, values in ASKED:
                    assert url_for(endpoint, **values) == flask.url_for(endpoint, **values)  # type: ignore[arg-type]


def test_only_so_many_are_kept(app: Flask) -> None:
    links = app.extensions["Links"] = Links(most=10)
    with app.test_request_context():
        for number in range(50):
            assert url_for("web.show_movie", id=number) == f"/movie/{number}"
    assert links.find.cache_info().currsize == 10
