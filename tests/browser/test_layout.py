"""Layout: menus, buttons, focus, scaling and print. The pages come from an app in this process."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page

from tests.browser.conftest import IN_PROCESS, PASSWORD, Open, add_records, serve_in_process, window

pytestmark = pytest.mark.browser


@pytest.fixture
def open_in_process(browser: Browser, client: FlaskClient) -> Iterator[Open]:
    """Return a function that opens a page of a site with reviews; `css` is set on the root element."""
    add_records(client)
    with ExitStack() as windows:

        def open_(path: str, *size: int, css: str = "") -> Page:
            page = windows.enter_context(window(browser, *size))
            page.context.route("**/*", lambda route: serve_in_process(client, route))
            page.goto(IN_PROCESS + path)
            if css:
                page.evaluate("css => document.documentElement.style.cssText = css", css)
            return page

        yield open_


def box(item: Locator) -> dict[str, float]:
    found = item.bounding_box()
    assert found
    return dict(found)


@pytest.mark.parametrize("width", [1280, 320])
def test_the_theme_menu_covers_the_page(open_in_process: Open, width: int) -> None:
    page = open_in_process("/", width)
    before = box(page.locator(".top"))["height"]
    page.locator(".theme summary").click()
    menu = box(page.locator(".theme > form"))
    assert box(page.locator(".top"))["height"] == before
    assert menu["x"] >= 0 and menu["x"] + menu["width"] <= width
    assert page.locator(".theme > form").evaluate("form => getComputedStyle(form).boxShadow") != "none"
    assert page.locator(".theme ul").evaluate("list => getComputedStyle(list).boxShadow") == "none"


def test_the_login_button_is_below_its_field(open_in_process: Open) -> None:
    page = open_in_process("/login")
    field, button = box(page.locator("#password")), box(page.locator(".confirm button"))
    assert button["y"] >= field["y"] + field["height"]
    assert button["height"] < 50


def test_focused_elements_are_not_behind_the_bar(open_in_process: Open) -> None:
    page = open_in_process("/movie/1", 390, 700)
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
def test_text_scales_with_the_browsers_font_size(open_in_process: Open, width: int) -> None:
    for path in ("/", "/movie/1", "/review/1/why"):
        page = open_in_process(path, width, css="font-size: 24px")  # the largest that browsers offer by name
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "22.5px"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("width", [1280, 390])
def test_an_opened_form_does_not_move_its_button(open_in_process: Open, width: int) -> None:
    page = open_in_process("/movie/1", width)
    asked = page.locator(".review").nth(1).locator(".correct summary")
    asked.scroll_into_view_if_needed()
    before = box(asked)
    asked.click()
    form = box(page.locator(".correct details[open] .choices"))
    assert box(asked) == before
    assert form["y"] >= before["y"] + before["height"]
    assert before["height"] >= 24
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_touch_targets_are_at_least_24_pixels_high(open_in_process: Open) -> None:
    page = open_in_process("/movie/1", 390)
    for item in page.locator(".review .review-links a, .review .by a, .correct summary").all():
        assert box(item)["height"] >= 24


def test_an_empty_site_has_one_primary_button(open_in_process: Open, client: FlaskClient) -> None:
    assert client.delete("/movies/1", headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 200
    page = open_in_process("/", 390)
    assert not page.locator(".actions").is_visible()
    assert page.locator(".primary:visible").all_inner_texts() == ["영화 등록"]


def test_the_print_layout(open_in_process: Open) -> None:
    page = open_in_process("/movie/1")
    page.emulate_media(media="print")
    assert not page.locator(".correct summary").first.is_visible()
    assert {box(page.locator(part))["x"] for part in (".brand", ".hero", ".bottom p")} == {0.0}


@pytest.mark.parametrize("width", [390, 720, 880])
def test_the_bar_does_not_cover_the_footer(open_in_process: Open, width: int) -> None:
    for path in ("/", "/movie/1"):
        page = open_in_process(path, width)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        footer = box(page.locator(".bottom nav"))
        assert footer["y"] + footer["height"] <= box(page.locator(".actions"))["y"], path


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_chart_labels_are_10_to_14_pixels(open_in_process: Open, width: int) -> None:
    page = open_in_process("/movie/1", width)
    for label in page.locator(".charts text").all():
        size = label.evaluate("label => label.getScreenCTM().a * parseFloat(getComputedStyle(label).fontSize)")
        assert 10 <= size <= 14


@pytest.mark.parametrize("width", [1280, 390])
def test_numbers_and_buttons_of_tables_stay_on_one_line(open_in_process: Open, width: int) -> None:
    page = open_in_process("/model", width)
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


def test_the_drawn_poster_does_not_show_behind_a_picture(open_in_process: Open) -> None:
    page = open_in_process("/")
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
