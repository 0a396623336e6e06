"""Where things stand on a page: menus over it, buttons below their fields, nothing behind a bar.

The browser gets the pages from an app in this process.
"""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page

from tests.browser.test_accessible_corners import SITE, _answer, _fill, client  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
Look = Callable[..., Page]


@pytest.fixture
def look(browser: Browser, client: FlaskClient) -> Iterator[Look]:  # noqa: F811
    """Opens a page of a site that has one movie with reviews; `css` is put on the root element."""
    _fill(client)
    contexts = []

    def open_(path: str, width: int = 1280, height: int = 800, css: str = "") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="ko-KR", reduced_motion="reduce"
        )
        contexts.append(context)
        context.route("**/*", lambda route: _answer(client, route))
        page = context.new_page()
        page.goto(SITE + path)
        if css:
            page.evaluate("css => document.documentElement.style.cssText = css", css)
        return page

    yield open_
    for context in contexts:
        context.close()


def box(item: Locator) -> dict[str, float]:
    found = item.bounding_box()
    assert found
    return dict(found)


@pytest.mark.parametrize("width", [1280, 320])
def test_the_theme_menu_opens_over_the_page(look: Look, width: int) -> None:
    page = look("/", width)
    before = box(page.locator(".top"))["height"]
    page.locator(".theme summary").click()
    menu = box(page.locator(".theme > form"))
    assert box(page.locator(".top"))["height"] == before
    assert menu["x"] >= 0 and menu["x"] + menu["width"] <= width
    assert page.locator(".theme > form").evaluate("form => getComputedStyle(form).boxShadow") != "none"
    assert page.locator(".theme ul").evaluate("list => getComputedStyle(list).boxShadow") == "none"


def test_the_login_has_its_button_below_its_field(look: Look) -> None:
    page = look("/login")
    field, button = box(page.locator("#password")), box(page.locator(".question button"))
    assert button["y"] >= field["y"] + field["height"]
    assert button["height"] < 50
