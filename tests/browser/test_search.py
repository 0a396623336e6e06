"""Searching and choosing movies while typing, on a desktop and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


def test_search_while_typing(visit: Open) -> None:
    page = visit()
    page.locator("#q").press_sequentially("ㄱㅅㅊ")
    expect(page.locator(".card h2").first).to_have_text("기생충")
    page.wait_for_function("new URLSearchParams(location.search).get('q') !== null")
    page.reload()
    expect(page.locator(".card h2").first).to_have_text("기생충")
    page.locator("#q").press("Escape")
    expect(page.locator(".card h2").nth(1)).to_be_visible()


def test_back_returns_to_the_list_before_the_search(visit: Open) -> None:
    page = visit("/?sort=title")
    before = page.locator(".card h2").all_text_contents()
    page.locator("#q").press_sequentially("봉준호")
    expect(page).to_have_title("‘봉준호’ 찾기 · 감평")
    page.go_back()
    expect(page.locator("#q")).to_have_value("")
    expect(page.locator(".card h2")).to_have_text(before)
    expect(page).to_have_url(re.compile(r"/\?sort=title$"))
    page.go_forward()
    expect(page).to_have_title("‘봉준호’ 찾기 · 감평")
    expect(page.locator("#q")).to_have_value("봉준호")


def test_skip_links_lead_to_the_list(visit: Open) -> None:
    page = visit()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="영화 목록으로 건너뛰기")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".card h2 a").first).to_be_focused()


def test_a_search_updates_title_scroll_position_and_language_form(visit: Open) -> None:
    page = visit()
    page.evaluate("scrollTo({ top: 900, behavior: 'instant' })")
    page.locator("#q").fill("봉준호")
    expect(page).to_have_title("‘봉준호’ 찾기 · 감평")
    expect(page.locator("#list-title")).to_be_in_viewport()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#q")).to_have_value("봉준호")


def test_the_movie_of_a_review_is_chosen_by_keyboard(visit: Open) -> None:
    page = visit("/#write")
    movie = page.get_by_role("combobox", name="영화")
    movie.press_sequentially("ㅎㅇㅈ")
    expect(page.get_by_role("option", name=re.compile("헤어질 결심"))).to_be_visible()
    movie.press("ArrowDown")
    expect(page.locator('[role="option"][aria-selected="true"]')).to_have_count(1)
    movie.press("Enter")
    expect(movie).to_have_value("헤어질 결심")
    expect(page.get_by_role("listbox")).to_be_hidden()
    movie.fill("벌")
    expect(page.get_by_role("option", name=re.compile("벌새"))).to_be_visible()
    movie.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
