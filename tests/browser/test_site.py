"""The main tasks of visitors, with and without scripts, by mouse and keyboard, in several widths."""

import base64
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BLAME, PRAISE, SCRIPTS, Open, add_movie, add_review, new_movie, new_review, new_title

pytestmark = pytest.mark.browser

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAIAAADwyuo0AAAAEElEQVR4nGP8zwACTGCSAQANHQEDgslx/wAAAABJRU5ErkJggg=="
)


def delete_movie(page: Page, path: str) -> None:
    """Delete a movie with a missing picture, which other tests' pages would request."""
    assert page.request.delete(path.replace("/movie/", "/movies/")).ok


def background_color(page: Page, selector: str) -> tuple[int, ...]:
    """Return the computed background color as RGB; needs scripts."""
    painted = page.locator(selector).first.evaluate("element => getComputedStyle(element).backgroundColor")
    return tuple(int(number) for number in painted.removeprefix("rgb(").removesuffix(")").split(","))


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (390, True), (390, False)])
def test_a_movie_is_added_reviewed_and_deleted(open_page: Open, width: int, scripts: bool) -> None:
    page = open_page("/", scripts=scripts, width=width)
    title = new_title()
    address = add_movie(page, title, 감독="임순례", 장르="드라마")
    expect(page.locator(".notice")).to_contain_text(f"‘{title}’ 영화를 등록했어요")
    expect(page.get_by_text("아직 평점이 없어요")).to_be_visible()

    add_review(page, PRAISE)
    expect(page.locator(".notice.positive")).to_contain_text("▲ 긍정")
    expect(page.locator(".review").first.locator(".sentiment.positive")).to_contain_text("긍정")

    add_review(page, BLAME, "심야영화")
    expect(page.locator(".notice.negative")).to_contain_text("▼ 부정")
    expect(page.locator(".review").first.locator(".sentiment.negative")).to_contain_text("부정")
    expect(page.locator(".review")).to_have_count(2)

    page.goto("/")
    card = page.locator(".card", has_text=title)
    expect(card.locator(".counts")).to_have_text("▲ 긍정 1 ▼ 부정 1")
    card.get_by_role("link").click()

    review = page.locator(".review").first
    review.locator("summary", has_text="삭제").click()
    expect(review.get_by_text("이 리뷰를 지울까요?")).to_be_visible()
    expect(page.locator(".review")).to_have_count(2)
    review.get_by_role("button", name="지우기").click()
    expect(page.locator(".notice")).to_contain_text("리뷰를 지웠어요")
    expect(page.locator(".review")).to_have_count(1)

    page.locator("summary", has_text="영화 삭제").click()
    expect(page.get_by_text("이 영화와 리뷰 1개를 모두 지울까요?")).to_be_visible()
    page.locator(".movie-facts").get_by_role("button", name="지우기").click()
    expect(page.locator(".notice")).to_contain_text("리뷰 1개를 지웠어요")
    expect(page.locator(".card", has_text=title)).to_have_count(0)
    assert page.request.get(address).status == 404


def test_sentiments_are_green_and_red(open_page: Open) -> None:
    page = open_page("/")
    page.goto(new_movie(page))
    add_review(page, PRAISE)
    red, green, _ = background_color(page, ".notice.positive")
    assert green > red
    add_review(page, BLAME)
    red, green, _ = background_color(page, ".notice.negative")
    assert red > green


def test_validation_errors_keep_the_input(open_page: Open) -> None:
    page = open_page("/", errors_expected=True)  # the browser's console mentions every 422
    page.goto(new_movie(page))
    page.get_by_label("닉네임").fill(" ")
    page.get_by_label("리뷰", exact=True).fill(PRAISE)
    page.get_by_role("button", name="리뷰 올리기").click()
    expect(page.get_by_role("alert")).to_contain_text("고칠 곳이 1군데 있어요")
    expect(page.get_by_label("닉네임")).to_be_focused()
    expect(page.get_by_label("닉네임")).to_have_accessible_description("닉네임을 적어 주세요.")
    expect(page.get_by_label("리뷰", exact=True)).to_have_value(PRAISE)


def test_a_text_is_analyzed_while_typing(open_page: Open) -> None:
    page = open_page("/")
    page.goto(new_movie(page))
    content = page.get_by_label("리뷰", exact=True)
    content.fill(PRAISE)
    expect(page.locator(".preview.positive")).to_contain_text("▲ 긍정")
    expect(page.locator(".counter")).to_have_text(f"{len(PRAISE)} / 5,000")
    content.fill(BLAME)
    expect(page.locator(".preview.negative")).to_contain_text("▼ 부정")
    content.fill("")
    expect(page.locator(".preview")).to_be_hidden()
    expect(page.locator(".review")).to_have_count(0)
    content.fill("🍿" * 5001)
    expect(page.locator(".counter.over")).to_have_text("5,001 / 5,000")


def test_a_double_click_posts_once(open_page: Open) -> None:
    page = open_page("/")
    page.goto(new_movie(page))
    page.get_by_label("닉네임").fill("밤편지")
    page.get_by_label("리뷰", exact=True).fill(PRAISE)
    page.get_by_role("button", name="리뷰 올리기").dblclick()
    expect(page.locator(".notice")).to_be_visible()
    expect(page.locator(".review")).to_have_count(1)
    expect(page.get_by_label("닉네임")).to_have_value("밤편지")  # remembered for the next one


def test_keyboard_navigation(open_page: Open) -> None:
    page = open_page("/")
    title = new_title()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="본문으로 건너뛰기")).to_be_focused()
    expect(page.get_by_role("link", name="본문으로 건너뛰기")).to_be_in_viewport()
    add_movie(page, title)
    page.keyboard.press("/")
    expect(page.get_by_label("영화 찾기")).to_be_focused()
    page.keyboard.type(title)
    page.keyboard.press("Enter")
    card = page.get_by_role("link", name=title, exact=True)
    card.focus()
    page.keyboard.press("Enter")
    page.get_by_label("닉네임").focus()
    page.keyboard.type("밤편지")
    page.keyboard.press("Tab")
    page.keyboard.type(BLAME)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.negative")).to_be_visible()
    page.locator(".review summary", has_text="삭제").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_text("이 리뷰를 지울까요?")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("리뷰를 지웠어요")


@SCRIPTS
def test_a_failed_picture_shows_the_drawn_poster(open_page: Open, site: str, scripts: bool) -> None:
    page = open_page("/", scripts=scripts, errors_expected=True)  # a missing picture is noted in the console
    path = new_movie(page, poster_url=f"{site}/no-such-picture.jpg")
    page.goto(path)
    poster = page.locator(".hero .poster")
    try:
        expect(page.locator(".hero .poster-title")).to_be_visible()
        shown = poster.screenshot()
        poster.evaluate("poster => poster.querySelectorAll('img').forEach(img => img.style.visibility = 'hidden')")
        assert poster.screenshot() == shown
    finally:
        delete_movie(page, path)


@SCRIPTS
def test_a_picture_fills_the_poster(open_page: Open, site: str, scripts: bool) -> None:
    page = open_page("/", scripts=scripts)
    page.route("**/picture.png", lambda route: route.fulfill(body=PICTURE, content_type="image/png"))
    path = new_movie(page, poster_url=f"{site}/picture.png")
    page.goto(path)
    try:
        expect(page.locator(".hero .poster img")).to_be_visible()
        assert page.locator(".hero .poster img").bounding_box() == page.locator(".hero .poster").bounding_box()
    finally:
        delete_movie(page, path)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_window(open_page: Open, width: int) -> None:
    page = open_page("/", width=width)
    word = "W" * 200
    movie = new_movie(page, title=word, director="W" * 100, genre="W" * 50)
    for content in (f"{PRAISE} {word}", f"{BLAME} {'가' * 4000}", "🍿" * 600, "رائع " * 40):
        new_review(page, movie, content, "W" * 40)
    for path in (movie, f"{movie}/delete", "/", f"/?q={word}", "/?sort=title"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    delete_movie(page, movie)


@SCRIPTS
def test_forms_open_and_close_on_a_phone(open_page: Open, scripts: bool) -> None:
    page = open_page("/", width=390, scripts=scripts)
    new_movie(page)
    page.reload()
    form: Any = page.locator("#write")
    expect(form).to_be_hidden()
    page.get_by_role("link", name="리뷰 쓰기").click()
    expect(form).to_be_visible()
    expect(form).to_be_in_viewport()
    form.get_by_role("link", name="닫기").click()
    expect(form).to_be_hidden()
    page.get_by_role("link", name="영화 등록").click()
    expect(page.locator("#add")).to_be_in_viewport()


@pytest.mark.parametrize("width", [1280, 360], ids=["wide", "phone"])
def test_the_words_page_highlights_words(open_page: Open, width: int) -> None:
    page = open_page("/", width=width)
    review = new_review(page, new_movie(page), "배우들 연기는 정말 훌륭한데 이야기가 너무 지루하고 뻔해서 실망했어요")
    page.goto(f"/review/{review}/why")
    expect(page.locator("mark.positive", has_text="훌륭한데")).to_contain_text("▲")
    expect(page.locator("mark.negative", has_text="지루하고")).to_contain_text("▼")
    assert background_color(page, "mark.positive.weight-3, mark.positive.weight-4") != background_color(
        page, "mark.negative.weight-3, mark.negative.weight-4"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="리뷰로 돌아가기").click()
    expect(page.locator("#reviews")).to_be_visible()


@SCRIPTS
def test_the_theme_is_chosen_by_keyboard(open_page: Open, scripts: bool) -> None:
    page = open_page("/", scripts=scripts)
    page.locator(".theme summary").focus()
    page.keyboard.press("Enter")
    button = page.locator(".theme [value=dark]")
    expect(button).to_have_accessible_name("어둡게")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.goto("/model")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    if scripts:
        assert background_color(page, "body") == (20, 18, 16)
