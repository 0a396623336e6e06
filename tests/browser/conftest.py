"""Sites under gunicorn with the bundled model, sites in this process, and headless Chromium."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import abort
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect, sync_playwright

from app.errors import ModelBusy, RateLimited
from benchmarks.site import running_site
from tests.conftest import MakeApp

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
PRAISE = "정말 재미있고 따뜻한 최고의 영화예요. 배우들 연기도 좋고 감동적이었어요"
BLAME = "지루하고 최악이에요. 돈과 시간이 아깝고 실망했어요"
IN_PROCESS = "http://localhost"
PASSWORD = "open sesame, open sesame"
AXE = Path(__file__).with_name("axe").joinpath("axe.min.js").read_text(encoding="utf-8")
numbers = count(1)
expect.set_options(timeout=15_000)  # milliseconds, for a busy machine


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The URL of a running site with rate limits; its movies are shared by all tests."""
    with running_site(RATELIMIT_ENABLED="1") as site:
        yield f"http://127.0.0.1:{site.port}"


@pytest.fixture(scope="module")
def empty_site() -> Iterator[str]:
    """A site without movies."""
    with running_site() as site:
        yield f"http://127.0.0.1:{site.port}"


@pytest.fixture(scope="module")
def demo_site() -> Iterator[str]:
    """A site with the demo data."""
    with running_site(DEMO="1") as site:
        yield f"http://127.0.0.1:{site.port}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).is_file():
        reason = f"no Chromium at {CHROMIUM}: install it (Debian: apt-get install chromium), or say where in CHROMIUM"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


Open = Callable[..., Page]


@contextmanager
def window(
    browser: Browser, width: int = 1280, height: int = 800, *, scripts: bool = True, locale: str = "ko-KR", **more: Any
) -> Iterator[Page]:
    """Open a window without motion, which would change what is measured."""
    more = {"reduced_motion": "reduce"} | more
    viewport: ViewportSize = {"width": width, "height": height}
    with browser.new_context(viewport=viewport, java_script_enabled=scripts, locale=locale, **more) as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        yield page


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    """Return a function that opens pages of the site.

    The test fails if a page logs a warning or an error, unless `errors_expected`, or requests another host.
    """
    problems: list[str] = []
    with ExitStack() as windows:

        def open_(path: str = "/", *, errors_expected: bool = False, **options: Any) -> Page:
            page = windows.enter_context(window(browser, base_url=site, reduced_motion=None, **options))
            if not errors_expected:
                page.on(
                    "console",
                    lambda message: problems.append(message.text) if message.type in ("error", "warning") else None,
                )
                page.on("pageerror", lambda error: problems.append(str(error)))
            page.on(
                "request",
                lambda request: None if _is_own(request.url, site) else problems.append(f"requested {request.url}"),
            )
            page.goto(path)
            return page

        yield open_
    assert problems == []


def _is_own(address: str, site: str) -> bool:
    return urlsplit(address).scheme == "data" or urlsplit(address).netloc == urlsplit(site).netloc


@pytest.fixture(params=SIZES.values(), ids=SIZES.keys())
def visit(browser: Browser, demo_site: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return a function that opens the demo's pages at one of both sizes."""
    with ExitStack() as windows:

        def open_(path: str = "/", **options: Any) -> Page:
            page = windows.enter_context(window(browser, *request.param, base_url=demo_site, **options))
            page.goto(path)
            return page

        yield open_


def new_movie(page: Page, **fields: str) -> str:
    """Add a movie for one test by JSON; return the path of its page."""
    title = f"혼자 보는 영화 {next(numbers)} {page.viewport_size}"
    answer = page.request.post("/movies", data={"title": title, **fields})
    assert answer.status == 201
    return f"/movie/{answer.json()['id']}"


def new_review(page: Page, movie: str, content: str, author: str = "밤편지") -> int:
    body = {"movie_id": int(movie.rsplit("/", 1)[1]), "author": author, "content": content}
    answer = page.request.post("/reviews", data=body)
    assert answer.status == 201
    number: int = answer.json()["id"]
    return number


def new_title() -> str:
    return f"시험 영화 {next(numbers)}"


def add_movie(page: Page, title: str, **fields: str) -> str:
    """Add a movie with the form; return the URL of its page, which is then open."""
    page.goto("/#add")
    page.get_by_label("제목", exact=True).fill(title)
    for label, value in fields.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="영화 등록").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page.url.split("#")[0]


def write_review(page: Page, content: str, author: str = "밤편지") -> Locator:
    """Fill in the review form on the open page of a movie, and return it."""
    form = page.locator("#write")
    if not form.is_visible():
        page.get_by_role("link", name="리뷰 쓰기").click()
    form.get_by_label("닉네임").fill(author)
    form.get_by_label("리뷰", exact=True).fill(content)
    return form


def add_review(page: Page, content: str, author: str = "밤편지") -> None:
    """Post a review on the open page of a movie."""
    write_review(page, content, author).get_by_role("button", name="리뷰 올리기").click()
    expect(page.locator(".notice")).to_be_visible()


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    """A site with a password; `/movie/fail/<status>` fails with that status."""
    app = make_app(admin_password=PASSWORD, log_level="off", ratelimit_enabled=0)
    app.add_url_rule("/movie/fail/<int:status>", view_func=_fail)
    return app.test_client()  # without `with`: requests come from Playwright's greenlets


def _fail(status: int) -> str:
    raised = {
        429: RateLimited("too many", retry_after=9),
        500: RuntimeError("broken on purpose"),
        503: ModelBusy("busy"),
    }
    if status in raised:
        raise raised[status]
    abort(status)


def serve_in_process(client: FlaskClient, route: Route) -> None:
    """Answer a request of the browser with the app; the client keeps the cookies."""
    parts = urlsplit(route.request.url)
    answer = client.open(
        f"{parts.path}?{parts.query}",
        method=route.request.method,
        headers={"Accept": route.request.headers.get("accept", "*/*")},
    )
    headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
    route.fulfill(status=answer.status_code, headers=headers, body=answer.get_data())


def add_records(client: FlaskClient) -> None:
    movie = {"title": "벌새", "release_date": "2019-08-29", "genre": "드라마"}
    assert client.post("/movies", json=movie).status_code == 201
    for content in ("정말 최고예요", "너무 지루해요", "그냥 봤어요", "최고인데 지루해요", "최고예요 또 볼래요"):
        review = {"movie_id": 1, "author": "밤편지", "content": content}
        assert client.post("/reviews", json=review).status_code == 201
    admin = {"Authorization": f"Bearer {PASSWORD}"}
    assert client.patch("/reviews/2", json={"content": "조금 지루해요"}, headers=admin).status_code == 200
    assert client.delete("/reviews/5", headers=admin).status_code == 200


def violations(page: Page, *but: str) -> list[str]:
    """Return axe-core's violations on the open page: rule, element and advice; `but` are ignored rules."""
    page.evaluate(AXE)  # not a script tag: the site's own policy would refuse that
    rules = {rule: {"enabled": False} for rule in but}
    found = page.evaluate("rules => axe.run({ rules }).then(({violations}) => violations)", rules)
    return [
        f"{rule['id']}: {node['html'][:160]} - {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]
