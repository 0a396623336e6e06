"""Fixtures of most tests: an app with a fake analyzer and an empty store."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from app.factory import create_app
from app.services import ReviewService
from app.settings import ROOT, Settings
from app.store import Store, open_store
from tests.fakes import FakeAnalyzer
from tests.postgresql import Server, start_server

MakeApp = Callable[..., Flask]


def pytest_configure() -> None:
    """Compile the catalogues of translations, as `make` does, where they are missing or out of date."""
    for source in (ROOT / "app" / "translations").rglob("*.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            compiled = BytesIO()
            write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=source.parts[-3]))
            target.write_bytes(compiled.getvalue())


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A server for the whole run; each test creates a database in it."""
    server = start_server()
    yield server
    server.remove()


@pytest.fixture
def analyzer() -> FakeAnalyzer:
    return FakeAnalyzer()


@pytest.fixture
def store() -> Store:
    return open_store()


@pytest.fixture
def make_app(analyzer: FakeAnalyzer, tmp_path: Path) -> MakeApp:
    """Return a function that makes an app with the given store, analyzer and settings."""

    def make(store: Store | None = None, analyzer: FakeAnalyzer = analyzer, **settings: Any) -> Flask:
        fields = {"secret_key": "tests", "instance_dir": str(tmp_path), **settings}
        return create_app(Settings(**fields), store=store, analyzer=analyzer)

    return make


@pytest.fixture
def app(make_app: MakeApp, store: Store) -> Flask:
    return make_app(store)


@pytest.fixture
def service(app: Flask) -> ReviewService:
    found: ReviewService = app.extensions["ReviewService"]
    return found


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture
def movie_id(client: FlaskClient) -> int:
    """The id of a new movie."""
    answer = client.post(
        "/movies",
        json={"title": "리틀 포레스트", "release_date": "2018-02-28", "director": "임순례", "genre": "드라마"},
    )
    assert answer.status_code == 201
    number: int = answer.get_json()["id"]
    return number
