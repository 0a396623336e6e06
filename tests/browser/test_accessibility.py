"""Every page checked with axe-core (`axe/`, MPL-2.0), in both themes, two widths and both languages.

Of Swagger UI under /docs only the colours are the project's.
"""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from app.i18n import COOKIE
from tests.browser.conftest import IN_PROCESS, PASSWORD, add_records, serve_in_process, violations, window
from tests.security.conftest import log_in
from tests.web.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EVERYWHERE = ("/", "/?q=없는영화", "/model", "/login", "/admin/data", "/admin/data/job", "/no/such/page")
WITH_MOVIES = (
    "/?sort=title&genre=드라마",
    "/?q=ㄱ&movie=1",
    "/movie/1",
    "/movie/1?label=부정",
    "/movie/1?page=9",
    "/movie/1/delete",
    "/review/1/why",
    "/review/1/delete",
    "/reviews",
    "/stats",
    "/author/심야영화",
)
ADMIN_PAGES = ("/movie/1/edit", "/review/1/edit", "/movie/1/delete", "/admin/log", "/admin/data", "/login", "/model")
MERGE_PAGES = ("/movie/2/merge", "/movie/2/merge?movie=없는+영화", "/movie/2/merge?movie_id=1")
FAILURES = (401, 404, 413, 429, 500, 503)
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (1440, 390)]
IN_LANGUAGES = pytest.mark.parametrize(
    ("page", "language"),
    list(zip(LOOKS, ("ko", "en", "en", "ko"), strict=True)),
    indirect=["page"],
    ids=lambda param: param if isinstance(param, str) else f"{param[0]}-{param[1]}",
)


@pytest.fixture(params=LOOKS, ids=lambda param: f"{param[0]}-{param[1]}")
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in one of both themes and widths."""
    theme, width = request.param
    with window(browser, width, 900, color_scheme=theme) as page:
        yield page


def violations_of(page: Page, site: str, *paths: str) -> dict[str, list[str]]:
    """Return the violations by path."""
    found = {}
    for path in paths:
        page.goto(site + path)
        expect(page.locator("h1")).to_be_visible()
        found[path] = violations(page)
    return {path: told for path, told in found.items() if told}


def test_axe_finds_violations(page: Page) -> None:
    page.set_content("<p style='color: #aaa; background: #fff'>faint<img src='data:,'></p>")
    rules = {violation.partition(":")[0] for violation in violations(page)}
    assert rules >= {"color-contrast", "html-has-lang", "image-alt"}


def test_pages_with_movies(page: Page, demo_site: str) -> None:
    assert violations_of(page, demo_site, *EVERYWHERE, *WITH_MOVIES) == {}


def test_pages_of_an_empty_site(page: Page, empty_site: str) -> None:
    assert violations_of(page, empty_site, *EVERYWHERE) == {}


def test_english_pages(page: Page, demo_site: str) -> None:
    page.context.add_cookies([{"name": COOKIE, "value": "en", "url": demo_site}])
    assert violations_of(page, demo_site, "/", "/movie/1", "/review/1/why") == {}
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_api_documentation(page: Page, demo_site: str) -> None:
    page.goto(f"{demo_site}/docs")
    page.locator(".opblock").first.wait_for()
    assert violations(page, "heading-order", "nested-interactive", "region") == []
    page.get_by_role("navigation", name="돌아가기").get_by_role("link").click()
    page.locator("#list-title").wait_for()


def test_open_menus_and_previews(page: Page, demo_site: str) -> None:
    page.goto(f"{demo_site}/movie/1#write")
    page.locator("#content").fill("배우들 연기가 정말 좋았어요. 다시 보고 싶은 영화예요")
    page.locator(".preview:not(.stale)").wait_for()
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    assert violations(page) == []


def test_a_form_with_an_error(page: Page, demo_site: str) -> None:
    page.goto(f"{demo_site}/movie/1#write")
    page.locator("#author").fill(" ")
    page.locator("#content").fill("좋았어요")
    page.locator("#write button[type=submit]").click()
    page.locator(".field.wrong").wait_for()
    assert violations(page) == []


@IN_LANGUAGES
def test_forms_and_admin_pages(page: Page, client: FlaskClient, language: str) -> None:
    serve(page, client, language)
    assert violations_of(page, IN_PROCESS, "/login", "/admin/log") == {}  # before the login: the form, and a 401
    assert log_in(Visitor(client), PASSWORD).status_code == 303
    assert violations_of(page, IN_PROCESS, "/admin/log", "/admin/data") == {}  # with nothing in them
    add_records(client)
    assert violations_of(page, IN_PROCESS, *ADMIN_PAGES) == {}
    assert client.post("/movies", json={"title": "벌새"}).status_code == 201
    assert violations_of(page, IN_PROCESS, *MERGE_PAGES) == {}


@IN_LANGUAGES
def test_error_pages(page: Page, client: FlaskClient, language: str) -> None:
    serve(page, client, language)
    assert violations_of(page, IN_PROCESS, *(f"/movie/fail/{status}" for status in FAILURES)) == {}


def serve(page: Page, client: FlaskClient, language: str) -> None:
    """Answer the page's requests from an app in this process."""
    client.set_cookie(COOKIE, language)
    page.context.route("**/*", lambda route: serve_in_process(client, route))
