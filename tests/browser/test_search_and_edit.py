"""Searching, choosing, editing and languages, on a desktop and on a phone, with and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BLAME, PRAISE, SCRIPTS, Open, new_movie, new_review, numbers

pytestmark = pytest.mark.browser


def titles(page: Page) -> list[str]:
    return page.locator(".card h2").all_inner_texts()


@pytest.mark.parametrize("typed", ["ㄱㅅㅊ", "기생충", "봉준호 드라마", "기 생 충"])
def test_search_while_typing(visit: Open, typed: str) -> None:
    page = visit()
    page.locator("#q").press_sequentially(typed)
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


def test_search_without_scripts(visit: Open) -> None:
    page = visit(scripts=False)
    page.locator("#q").fill("ㄱㅅㅊ")
    page.locator("#q").press("Enter")
    expect(page.locator(".card h2")).to_have_text(["기생충"])


@SCRIPTS
def test_genre_and_order_are_in_the_address(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    page.locator(".menu summary", has_text="장르 전체").click()
    page.get_by_role("link", name="SF", exact=True).click()
    page.get_by_role("link", name="가나다순").click()
    expect(page).to_have_url(re.compile("genre=SF.*sort=title|sort=title.*genre=SF"))
    found = titles(page)
    assert found == sorted(found) and len(found) > 1
    expect(page.locator(".pill[aria-current]")).to_contain_text(["가나다순"])


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


def test_the_movie_of_a_review_is_chosen_without_scripts(visit: Open) -> None:
    page = visit("/#write", scripts=False)
    form = page.locator("#write")
    form.get_by_label("영화").fill("의")  # in several titles
    form.get_by_label("닉네임").fill("밤편지")
    form.get_by_label("리뷰", exact=True).fill(PRAISE)
    form.get_by_role("button", name="리뷰 올리기").click()
    expect(form.get_by_role("radio").nth(1)).to_be_visible()
    expect(form.get_by_label("리뷰", exact=True)).to_have_value(PRAISE)
    form.get_by_role("radio", name=re.compile("8월의 크리스마스")).check()
    form.get_by_role("button", name="리뷰 올리기").click()
    expect(page.locator(".notice.positive")).to_contain_text("8월의 크리스마스")


@SCRIPTS
def test_a_movie_is_edited(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    page.goto(new_movie(page))
    page.get_by_role("link", name="정보 고치기").click()
    page.get_by_label("제목", exact=True).fill("기생충")
    page.get_by_label("개봉일").fill("2019-05-30")
    page.get_by_role("button", name="저장").click()
    expect(page.locator(".field.wrong")).to_contain_text("이미 있어요")
    page.get_by_label("감독").fill("아무개")
    title = f"고친 영화 {next(numbers)} {page.viewport_size}"
    page.get_by_label("제목", exact=True).fill(title)
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".movie-facts")).to_contain_text("아무개")


@SCRIPTS
def test_a_review_is_edited_and_analyzed_again(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    movie = new_movie(page)
    number = new_review(page, movie, PRAISE)
    for _ in range(7):
        new_review(page, movie, PRAISE)
    page.goto(movie)
    review = page.locator(f"#review-{number}")
    expect(review.locator(".sentiment.positive")).to_be_visible()
    review.get_by_role("link", name=re.compile("고치기")).click()
    expect(page.get_by_label("리뷰", exact=True)).to_have_value(PRAISE)
    page.get_by_label("리뷰", exact=True).fill(BLAME)
    page.get_by_role("button", name="고친 글 올리기").click()
    expect(page.locator(".notice")).to_be_in_viewport()
    expect(review.locator(".sentiment.negative")).to_be_in_viewport()
    expect(review).to_contain_text(BLAME)


@SCRIPTS
def test_the_chosen_language_is_remembered(visit: Open, scripts: bool) -> None:
    page = visit("/?sort=title", scripts=scripts)
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile(r"/\?sort=title$"))
    page.goto("/no/such/page")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert not re.search("[가-힣]", page.locator("main").inner_text())
