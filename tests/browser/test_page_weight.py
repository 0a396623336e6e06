"""Page weight and layout shifts. Load times depend on the machine: see `python -m benchmarks.pages`."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from benchmarks.pages import BYTES_GOAL, CARDS, PAGES, WIDTHS, fill, visit

pytestmark = pytest.mark.browser

MAX_SHIFT = 0.01  # layout shift; Chromium calls 0.1 good


@pytest.fixture(scope="module")
def full_site(demo_site: str) -> str:
    fill(urlsplit(demo_site).port or 80)
    return demo_site


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
@pytest.mark.parametrize("path", PAGES.values())
def test_pages_are_light_and_stand_still(browser: Browser, full_site: str, path: str, width: int) -> None:
    seen = visit(browser, full_site + path, width)  # on a slow connection
    assert 0 < seen.size < BYTES_GOAL
    assert seen.paint > 0
    assert seen.shift < MAX_SHIFT


def test_the_home_page_holds_all_its_cards(browser: Browser, full_site: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(full_site)
        assert page.locator(".card").count() == CARDS


def test_the_reviews_tools_do_not_move_when_the_last_of_them_come(browser: Browser, full_site: str) -> None:
    with browser.new_context(viewport={"width": WIDTHS["phone"], "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{full_site}/movie/1")
        whole = page.locator(".reviews-head > .tools").bounding_box()
        page.evaluate("document.querySelectorAll('.menu, .pill + .pill').forEach((node) => node.remove())")
        half_arrived = page.locator(".reviews-head > .tools").bounding_box()
        assert whole and half_arrived
        assert (whole["x"], whole["y"]) == (half_arrived["x"], half_arrived["y"])
