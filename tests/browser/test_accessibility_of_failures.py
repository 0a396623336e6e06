"""Pages that few ever see before axe-core: edit forms, the administrator's pages, and failures of each kind.

The browser gets them from an app in this process, so that each failure can be had by asking for it.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import abort
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, expect

from app.errors import ModelBusy, RateLimited
from app.factory import create_app
from app.i18n import COOKIE
from app.settings import Settings
from tests.browser.test_accessibility import findings
from tests.fakes import FakeAnalyzer

pytestmark = pytest.mark.browser

SITE = "http://localhost"
PASSWORD = "open sesame, open sesame"
LOOKS = [("light", 1440, "ko"), ("dark", 390, "ko"), ("dark", 1440, "en"), ("light", 390, "en")]
CORNERS = ("/movie/1/edit", "/review/1/edit", "/movie/1/delete", "/admin/log", "/admin/data", "/login", "/model")
FAILURES = (401, 404, 413, 429, 500, 503)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A site with a password, a movie and some reviews; `/movie/fail/<status>` fails as it is told to."""
    settings = Settings(secret_key="tests", instance_dir=str(tmp_path), admin_password=PASSWORD, log_level="off")
    app = create_app(dataclasses.replace(settings, ratelimit_enabled=False), analyzer=FakeAnalyzer())
    app.add_url_rule("/movie/fail/<int:status>", view_func=_fail)
    return app.test_client()  # not `with`: requests come from Playwright's greenlets


def _fail(status: int) -> str:
    raised = {
        429: RateLimited("too many", retry_after=9),
        500: RuntimeError("broken on purpose"),
        503: ModelBusy("busy"),
    }
    if status in raised:
        raise raised[status]
    abort(status)


@pytest.fixture(params=LOOKS, ids=["-".join(map(str, look)) for look in LOOKS])
def page(browser: Browser, client: FlaskClient, request: pytest.FixtureRequest) -> Iterator[Page]:
    theme, width, language = request.param
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale="ko-KR", reduced_motion="reduce"
    ) as context:
        client.set_cookie(COOKIE, language)
        context.route("**/*", lambda route: _answer(client, route))
        yield context.new_page()


def _answer(client: FlaskClient, route: Route) -> None:
    """What the app says to a request of the browser's; the client keeps the cookies."""
    parts = urlsplit(route.request.url)
    answer = client.open(
        f"{parts.path}?{parts.query}",
        method=route.request.method,
        headers={"Accept": route.request.headers.get("accept", "*/*")},
    )
    headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
    route.fulfill(status=answer.status_code, headers=headers, body=answer.get_data())


def look_at(page: Page, *paths: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page.goto(SITE + path)
        expect(page.locator("h1")).to_be_visible()
        found[path] = findings(page)
    return {path: told for path, told in found.items() if told}


def test_forms_and_the_administrators_pages(page: Page, client: FlaskClient) -> None:
    assert look_at(page, "/login", "/admin/log") == {}  # nobody is logged in yet: the form, and a 401
    _log_in(client)
    assert look_at(page, "/admin/log", "/admin/data") == {}  # with nothing in them
    _fill(client)
    assert look_at(page, *CORNERS) == {}


def test_failures(page: Page) -> None:
    assert look_at(page, *(f"/movie/fail/{status}" for status in FAILURES)) == {}


def _log_in(client: FlaskClient) -> None:
    token = BeautifulSoup(client.get("/login").get_data(), "html.parser").select_one("input[name=csrf_token]")
    assert token
    answer = client.post("/login", data={"csrf_token": token["value"], "password": PASSWORD})
    assert answer.status_code == 303


def _fill(client: FlaskClient) -> None:
    assert (
        client.post("/movies", json={"title": "벌새", "release_date": "2019-08-29", "genre": "드라마"}).status_code
        == 201
    )
    for content in ("정말 최고예요", "너무 지루해요", "그냥 봤어요", "최고인데 지루해요", "최고예요 또 볼래요"):
        review = {"movie_id": 1, "author": "밤편지", "content": content}
        assert client.post("/reviews", json=review).status_code == 201
    admin = {"Authorization": f"Bearer {PASSWORD}"}
    assert client.patch("/reviews/2", json={"content": "조금 지루해요"}, headers=admin).status_code == 200
    assert client.delete("/reviews/5", headers=admin).status_code == 200
