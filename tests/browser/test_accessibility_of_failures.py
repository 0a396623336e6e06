"""Edit forms, admin pages and error pages checked with axe-core, from an app in this process."""

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from app.i18n import COOKIE
from tests.browser.conftest import IN_PROCESS, PASSWORD, add_records, serve_in_process, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOKS = [("light", 1440, "ko"), ("dark", 390, "ko"), ("dark", 1440, "en"), ("light", 390, "en")]
PAGES = ("/movie/1/edit", "/review/1/edit", "/movie/1/delete", "/admin/log", "/admin/data", "/login", "/model")
MERGE_PAGES = ("/movie/2/merge", "/movie/2/merge?movie=없는+영화", "/movie/2/merge?movie_id=1")
FAILURES = (401, 404, 413, 429, 500, 503)


@pytest.fixture(params=LOOKS, ids=["-".join(map(str, look)) for look in LOOKS])
def page(browser: Browser, client: FlaskClient, request: pytest.FixtureRequest) -> Iterator[Page]:
    theme, width, language = request.param
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale="ko-KR", reduced_motion="reduce"
    ) as context:
        client.set_cookie(COOKIE, language)
        context.route("**/*", lambda route: serve_in_process(client, route))
        yield context.new_page()


def violations_of(page: Page, *paths: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page.goto(IN_PROCESS + path)
        expect(page.locator("h1")).to_be_visible()
        found[path] = violations(page)
    return {path: told for path, told in found.items() if told}


def test_forms_and_admin_pages(page: Page, client: FlaskClient) -> None:
    assert violations_of(page, "/login", "/admin/log") == {}  # before the login: the form, and a 401
    _log_in(client)
    assert violations_of(page, "/admin/log", "/admin/data") == {}  # with nothing in them
    add_records(client)
    assert violations_of(page, *PAGES) == {}
    assert client.post("/movies", json={"title": "벌새"}).status_code == 201
    assert violations_of(page, *MERGE_PAGES) == {}


def test_error_pages(page: Page) -> None:
    assert violations_of(page, *(f"/movie/fail/{status}" for status in FAILURES)) == {}


def _log_in(client: FlaskClient) -> None:
    token = BeautifulSoup(client.get("/login").get_data(), "html.parser").select_one("input[name=csrf_token]")
    assert token
    answer = client.post("/login", data={"csrf_token": token["value"], "password": PASSWORD})
    assert answer.status_code == 303
