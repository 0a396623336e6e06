"""Where things stand on a page: menus over it, buttons below their fields, nothing behind a bar.

The browser gets the pages from an app in this process.
"""

import base64
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page

from tests.browser.test_accessibility_of_failures import PASSWORD, SITE, _answer, _fill, client  # noqa: F401  # a fixture

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
    field, button = box(page.locator("#password")), box(page.locator(".confirm button"))
    assert button["y"] >= field["y"] + field["height"]
    assert button["height"] < 50


def test_nothing_that_has_the_focus_is_behind_the_bar(look: Look) -> None:
    page = look("/movie/1", 390, 700)
    top = box(page.locator(".actions"))["y"]
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.reviews') === null"):
            continue
        seen += 1
        held = page.evaluate("document.activeElement.getBoundingClientRect().bottom")
        assert held <= top, page.evaluate("document.activeElement.textContent")
    assert seen > 10


@pytest.mark.parametrize("width", [1280, 390])
def test_type_grows_with_the_readers_own_size(look: Look, width: int) -> None:
    for path in ("/", "/movie/1", "/review/1/why"):
        page = look(path, width, css="font-size: 24px")  # the largest that browsers offer by name
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "22.5px"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("width", [1280, 390])
def test_what_opens_stays_under_the_pointer(look: Look, width: int) -> None:
    page = look("/movie/1", width)
    asked = page.locator(".review").nth(1).locator(".correct summary")
    asked.scroll_into_view_if_needed()
    before = box(asked)
    asked.click()
    form = box(page.locator(".correct details[open] .choices"))
    assert box(asked) == before
    assert form["y"] >= before["y"] + before["height"]
    assert before["height"] >= 24


def test_links_below_a_review_are_big_enough_for_a_finger(look: Look) -> None:
    page = look("/movie/1", 390)
    for item in page.locator(".review .ask-why a, .review .by a, .correct summary").all():
        assert box(item)["height"] >= 24


def test_an_empty_site_has_one_form_and_one_button_that_stands_out(look: Look, client: FlaskClient) -> None:  # noqa: F811
    assert client.delete("/movies/1", headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 200
    page = look("/", 390)
    assert not page.locator(".actions").is_visible()
    assert page.locator(".primary:visible").all_inner_texts() == ["영화 등록"]


def test_paper_has_no_questions_on_it_and_one_margin(look: Look) -> None:
    page = look("/movie/1")
    page.emulate_media(media="print")
    assert not page.locator(".correct summary").first.is_visible()
    assert {box(page.locator(part))["x"] for part in (".brand", ".hero", ".bottom p")} == {0.0}


@pytest.mark.parametrize("width", [390, 720, 880])
def test_the_bar_of_actions_covers_no_footer(look: Look, width: int) -> None:
    for path in ("/", "/movie/1"):
        page = look(path, width)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        footer = box(page.locator(".bottom nav"))
        assert footer["y"] + footer["height"] <= box(page.locator(".actions"))["y"], path


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_labels_of_charts_stay_as_large_as_small_text(look: Look, width: int) -> None:
    page = look("/movie/1", width)
    for label in page.locator(".charts text").all():
        size = label.evaluate("label => label.getScreenCTM().a * parseFloat(getComputedStyle(label).fontSize)")
        assert 10 <= size <= 14


@pytest.mark.parametrize("width", [1280, 390])
def test_numbers_and_buttons_of_tables_stay_on_one_line(look: Look, width: int) -> None:
    page = look("/model", width)
    page.evaluate(
        """() => {
            const table = document.createElement("table");
            table.innerHTML = "<tr><td class='number'>123,456</td><td></td><td><button>되돌리기</button></td></tr>";
            table.rows[0].cells[1].textContent = "이 줄은 아주 길게 까닭을 적은 줄이에요. ".repeat(20);
            document.querySelector(".prose").append(table);
        }"""
    )
    for part in ("td.number", "td button"):
        lines = page.locator(f".prose table {part}").last.evaluate(
            """part => {
                const range = document.createRange();
                range.selectNodeContents(part);
                return range.getClientRects().length;
            }"""
        )
        assert lines == 1, part


def test_no_dark_drawing_shows_at_the_corners_of_a_light_poster(look: Look) -> None:
    page = look("/")
    page.evaluate(
        """async () => {
            const poster = document.querySelector(".poster");
            const sheet = Object.assign(document.createElement("canvas"), { width: 2, height: 3 });
            const picture = document.createElement("img");
            sheet.getContext("2d").fillStyle = "#fff";
            sheet.getContext("2d").fillRect(0, 0, 2, 3);
            picture.src = sheet.toDataURL();
            await picture.decode();
            poster.append(picture);
            for (const colour of ["sky", "ground", "a", "b", "c"]) poster.style.setProperty(`--${colour}`, "#000");
            poster.style.boxShadow = "none";
            document.body.style.background = "#fff";
        }"""
    )
    place = box(page.locator(".poster").first)
    picture = page.screenshot(clip={"x": place["x"], "y": place["y"], "width": 12, "height": 12})
    darkest = page.evaluate(
        """async (png) => {
            const picture = new Image();
            picture.src = `data:image/png;base64,${png}`;
            await picture.decode();
            const sheet = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
            sheet.drawImage(picture, 0, 0);
            return Math.min(...sheet.getImageData(0, 0, picture.width, picture.height).data);
        }""",
        base64.b64encode(picture).decode(),
    )
    assert darkest > 240  # smoothed against the page
