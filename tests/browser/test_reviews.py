"""Reading and writing reviews, on a desktop and on a phone, with and without scripts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from app.web.pages import REVIEWS_A_PAGE
from tests.browser.conftest import BLAME, PRAISE, SCRIPTS, Open, new_movie, new_review, write_review

pytestmark = pytest.mark.browser

OpenReviewed = Callable[..., tuple[Page, str, list[int]]]


@pytest.fixture
def reviewed(visit: Open) -> OpenReviewed:
    """Return a function that opens a new movie with reviews; it returns the page, the path and the reviews' ids."""

    def open_(count: int = 6, **options: bool) -> tuple[Page, str, list[int]]:
        page = visit(**options)
        movie = new_movie(page)
        ids = [new_review(page, movie, f"{PRAISE if i % 2 else BLAME} {i}") for i in range(count)]
        page.goto(movie)
        return page, movie, ids

    return open_


@SCRIPTS
def test_a_reviews_address_scrolls_to_it(reviewed: OpenReviewed, scripts: bool) -> None:
    page, movie, ids = reviewed(REVIEWS_A_PAGE + 2, scripts=scripts)
    page.goto(f"/review/{ids[0]}")  # the oldest is not on the first page
    expect(page).to_have_url(re.compile(rf"page=2&review={ids[0]}#review-{ids[0]}$"))
    expect(page.locator(f"#review-{ids[0]}")).to_be_in_viewport()
    if scripts:
        expect(page.locator(f"#review-{ids[0]}")).to_be_focused()


def test_words_are_highlighted_in_place(reviewed: OpenReviewed) -> None:
    page, movie, ids = reviewed(1)
    review = page.locator(f"#review-{ids[0]}")
    before = review.locator(".content").inner_text()
    why = review.get_by_role("link", name=re.compile("왜 이 평점인가요"))
    why.click()
    expect(review.locator("mark.negative").first).to_be_visible()
    assert page.url.endswith(movie)
    back = review.get_by_role("link", name="원래 글로 보기 밤편지 님의 리뷰", expanded=True)
    back.click()
    expect(why).to_have_attribute("aria-expanded", "false")
    expect(review.locator("mark")).to_have_count(0)
    assert review.locator(".content").inner_text() == before


def test_times_have_a_tooltip_in_local_time(reviewed: OpenReviewed) -> None:
    page, _, _ = reviewed(1)
    expect(page.locator(".review time")).to_have_text("방금 전")
    expect(page.locator(".review time")).to_have_attribute("title", re.compile(r"\d{4}년 \d+월 \d+일.*\d+:\d\d"))


def test_the_preview_highlights_words(visit: Open) -> None:
    page = visit()
    page.goto(new_movie(page))
    write_review(page, "배우들 연기는 훌륭한데 이야기가 너무 지루해요")
    expect(page.locator(".preview mark.negative").first).to_be_visible()
    write_review(page, "what a movie this is")
    expect(page.locator(".preview")).to_contain_text("한국어")


def test_a_draft_is_kept_until_it_is_posted(visit: Open) -> None:
    page = visit()
    movie = new_movie(page)
    page.goto(movie)
    write_review(page, PRAISE)
    page.reload()
    content = page.locator("#content")
    expect(content).to_have_value(PRAISE)
    page.goto(new_movie(page))
    expect(content).to_have_value("")  # another movie, another draft
    page.goto(movie)
    write_review(page, PRAISE)
    page.get_by_role("button", name="리뷰 올리기").click()
    expect(page.locator(".notice")).to_be_visible()
    page.goto(movie)
    expect(content).to_have_value("")


def test_a_draft_keeps_the_chosen_movie(visit: Open) -> None:
    page = visit("/#write")
    form = page.locator("#write")
    form.get_by_label("리뷰", exact=True).fill(PRAISE)
    movie = page.get_by_role("combobox", name="영화")
    movie.press_sequentially("ㄱㅅ")
    expect(page.get_by_role("option").first).to_contain_text("기생충")
    movie.press("ArrowDown")
    movie.press("Enter")
    chosen = form.locator("[name=movie_id]").input_value()
    page.reload()
    expect(movie).to_have_value("기생충")
    assert form.locator("[name=movie_id]").input_value() == chosen != ""


def test_two_tabs_have_two_drafts(visit: Open) -> None:
    page = visit()
    movie = new_movie(page)
    page.goto(movie)
    write_review(page, PRAISE)
    other = page.context.new_page()
    other.goto(movie)
    write_review(other, BLAME)
    other.get_by_role("button", name="리뷰 올리기").click()
    expect(other.locator(".notice.negative")).to_be_attached()
    other.goto(movie)
    expect(other.locator("#content")).to_have_value("")
    page.reload()
    expect(page.locator("#content")).to_have_value(PRAISE)


def test_going_back_after_a_post_clears_the_form(visit: Open) -> None:
    page = visit()
    movie = new_movie(page)
    page.goto(movie)
    write_review(page, PRAISE)
    page.get_by_role("button", name="리뷰 올리기").click()
    expect(page.locator(".notice.positive")).to_be_attached()
    page.go_back()
    content, counter = page.locator("#content"), page.locator("[data-counter]")
    expect(content).to_have_value("")
    expect(counter).to_have_text("0 / 5,000")
    write_review(page, BLAME)
    page.goto("/model")
    page.go_back()
    expect(content).to_have_value(BLAME)  # a draft that was not posted
    expect(counter).to_have_text(f"{len(BLAME)} / 5,000")
    expect(page.locator(".preview.negative")).to_be_attached()


@SCRIPTS
def test_a_post_scrolls_to_the_new_review(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    page.goto(new_movie(page))
    write_review(page, PRAISE)
    page.get_by_role("button", name="리뷰 올리기").click()
    expect(page.locator(".notice.positive")).to_be_in_viewport()
    review = page.locator(".review").first
    expect(review).to_be_in_viewport()
    assert page.url.endswith(f"#{review.get_attribute('id')}")
    if scripts:
        expect(review).to_be_focused()


HIGHLIGHTED = (
    "[...document.querySelectorAll('.review')].filter(e => getComputedStyle(e).animationName != 'none').map(e => e.id)"
)


@pytest.mark.parametrize("side_panel", [False, True], ids=["movie-page", "home-page"])
def test_a_new_review_is_highlighted_once(browser: Browser, demo_site: str, side_panel: bool) -> None:
    with browser.new_context(base_url=demo_site, locale="ko-KR") as context:
        page = context.new_page()
        movie = new_movie(page)
        new_review(page, movie, BLAME)
        page.goto(f"/?movie={movie.rsplit('/')[-1]}" if side_panel else movie)
        write_review(page, PRAISE)
        page.get_by_role("button", name="리뷰 올리기").click()
        page.wait_for_url(re.compile(f"{movie}#review-"))
        new = page.locator(".review").first
        expect(new.locator(".sentiment.positive")).to_be_in_viewport()
        assert page.evaluate(HIGHLIGHTED) == [new.get_attribute("id")]
        page.goto("/model")
        page.go_back()
        expect(page.locator(".review")).to_have_count(2)
        assert page.evaluate(HIGHLIGHTED) == []
        page.reload()
        expect(page.locator(".notice")).to_have_count(0)
        assert page.evaluate(HIGHLIGHTED) == []
        page.goto("/model")
        page.go_back()
        expect(page.locator(".review")).to_have_count(2)
        assert page.evaluate(HIGHLIGHTED) == []
