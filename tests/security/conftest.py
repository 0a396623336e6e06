"""A site with an administrator; each visitor has cookies of its own."""

from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.store import Store
from tests.conftest import MakeApp as MakeApp
from tests.web.conftest import Visitor

PASSWORD = "열려라 참깨, 활짝"
BEARER = {"Authorization": f"Bearer {PASSWORD}".encode().decode("latin-1")}


@pytest.fixture
def make_app(make_app: MakeApp, store: Store) -> MakeApp:
    """Return a function that makes an app with a password and the given settings."""
    return partial(make_app, store, admin_password=PASSWORD)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """An app without rate limits or a minimum fill time."""
    return make_app(ratelimit_enabled=0)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    """Somebody else's browser."""
    return Visitor(app.test_client())


@pytest.fixture
def admin(app: Flask) -> Visitor:
    visitor = Visitor(app.test_client())
    assert log_in(visitor).status_code == 303
    return visitor


@pytest.fixture
def movie_id(app: Flask) -> int:
    answer = app.test_client().post("/movies", json={"title": "리틀 포레스트"})
    number: int = answer.get_json()["id"]
    return number


def log_in(visitor: Visitor, password: str = PASSWORD, **fields: str) -> TestResponse:
    return visitor.post("/login", "/login", password=password, **fields)


def post_review(client: FlaskClient, movie_id: int, content: str = "최고예요", author: str = "밤편지") -> int:
    """Post a review by JSON; return its id."""
    answer = client.post("/reviews", json={"movie_id": movie_id, "author": author, "content": content})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    number: int = answer.get_json()["id"]
    return number
