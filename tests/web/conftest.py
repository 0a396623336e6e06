"""A visitor who reads pages and submits forms with their CSRF token."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import Movie, Review
from app.schemas import MovieInput, ReviewInput
from app.security.session import cookie_name
from app.services import ReviewService
from app.services.jobs import Jobs

AddMovie = Callable[..., Movie]
AddReview = Callable[..., Review]


class Visitor:
    """Gets pages as parsed HTML and posts forms with their CSRF token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200) -> BeautifulSoup:
        return parse_html(self.client.get(path), status)

    def token(self, page: str = "/") -> str:
        field = self.get(page).select_one('input[name="csrf_token"]')
        assert field
        return str(field["value"])

    def post(self, path: str, page: str = "/", **fields: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(page), **fields})

    def cookie(self, name: str = cookie_name("tests")) -> str:
        """Return the value of the session's cookie."""
        cookie = self.client.get_cookie(name)
        assert cookie
        return str(cookie.value)

    def submit(self, page: str, form: str, **changes: str) -> TestResponse:
        """Submit a form of a page, with some of its fields changed."""
        html = self.get(page)
        tag = html.select_one(form)
        assert tag
        return self.client.post(str(tag["action"]), data=form_values(html, form) | changes)


def parse_html(answer: TestResponse, status: int | None = None) -> BeautifulSoup:
    """Return the page of an answer, after checking its status if one is given."""
    assert status in (None, answer.status_code)
    return BeautifulSoup(answer.get_data(), "html.parser")


def form_values(page: BeautifulSoup, form: str) -> dict[str, str]:
    """Return the fields of a form as a browser posts them."""
    tag = page.select_one(form)
    assert tag
    values = {str(field["name"]): str(field.get("value", "")) for field in tag.select("input:not([type=checkbox])")}
    values |= {str(field["name"]): re.sub(r"\A\r?\n", "", field.get_text()) for field in tag.select("textarea")}
    for field in tag.select("select"):
        chosen = field.select_one("option[selected]")
        values[str(field["name"])] = str(chosen["value"]) if chosen else ""
    return values


def text(tag: Tag | None) -> str:
    """Return a tag's text on one line."""
    assert tag is not None
    return " ".join(tag.get_text().split())


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


@pytest.fixture
def add_movie(service: ReviewService) -> AddMovie:
    return lambda title, **fields: service.add_movie(MovieInput(title=title, **fields))


@pytest.fixture
def add_review(service: ReviewService) -> AddReview:
    def add(movie_id: int, content: str, author: str = "밤편지") -> Review:
        return service.add_review(ReviewInput(movie_id=movie_id, author=author, content=content))

    return add


@pytest.fixture
def review(movie_id: int, add_review: AddReview) -> Review:
    return add_review(movie_id, "최고예요")


def wait(app: Flask) -> None:
    """Wait until the job is done."""
    jobs: Jobs = app.extensions["Jobs"]
    until = time.monotonic() + 30
    while jobs.last and jobs.last.is_running and time.monotonic() < until:
        time.sleep(0.01)
    assert jobs.last and not jobs.last.is_running
