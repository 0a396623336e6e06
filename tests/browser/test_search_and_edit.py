"""Finding, choosing, editing and switching, on a desktop and on a phone, with scripts and without."""

import re
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
PRAISE = "정말 재미있고 따뜻한 최고의 영화예요. 배우들 연기도 좋고 감동적이었어요"
BLAME = "지루하고 최악이에요. 돈과 시간이 아깝고 실망했어요"
_numbers = count(1)
Open = Callable[..., Page]


@pytest.fixture(params=SIZES.values(), ids=SIZES.keys())
def visit(browser: Browser, demo_site: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens the demo's pages at one of both sizes."""
    width, height = request.param
    contexts = []

    def open_(path: str = "/", *, scripts: bool = True, locale: str = "ko-KR") -> Page:
        context = browser.new_context(
            base_url=demo_site,
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            locale=locale,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()


def titles(page: Page) -> list[str]:
    return page.locator(".card h2").all_inner_texts()


def new_movie(page: Page) -> str:
    """Adds a movie for one test alone; the path of its page."""
    title = f"혼자 보는 영화 {next(_numbers)} {page.viewport_size}"
    answer = page.request.post("/movies", data={"title": title})
    assert answer.status == 201
    return f"/movie/{answer.json()['id']}"


def new_review(page: Page, movie: str, content: str) -> int:
    body = {"movie_id": int(movie.rsplit("/", 1)[1]), "author": "밤편지", "content": content}
    answer = page.request.post("/reviews", data=body)
    assert answer.status == 201
    number: int = answer.json()["id"]
    return number


@pytest.mark.parametrize("typed", ["ㄱㅅㅊ", "기생충", "봉준호 드라마", "기 생 충"])
def test_movies_are_found_while_one_types(visit: Open, typed: str) -> None:
    page = visit()
    page.locator("#q").press_sequentially(typed)
    expect(page.locator(".card h2").first).to_have_text("기생충")
    page.wait_for_function("new URLSearchParams(location.search).get('q') !== null")  # the address can be passed on
    page.reload()
    expect(page.locator(".card h2").first).to_have_text("기생충")
    page.locator("#q").press("Escape")
    expect(page.locator(".card h2").nth(1)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_result_of_an_edit_is_on_screen(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    movie = new_movie(page)
    numbers = [new_review(page, movie, f"{PRAISE} {number}") for number in range(8)]
    page.goto(f"/review/{numbers[0]}/edit")
    page.get_by_label("리뷰", exact=True).fill(BLAME)
    page.get_by_role("button", name="고친 글 올리기").click()
    expect(page.locator(".notice")).to_be_in_viewport()
    expect(page.locator(f"#review-{numbers[0]} .reading.negative")).to_be_in_viewport()


def test_back_leads_to_the_list_before_the_search(visit: Open) -> None:
    page = visit("/?sort=title")
    before = page.locator(".card h2").all_text_contents()
    page.locator("#q").press_sequentially("봉준호")
    expect(page).to_have_title("‘봉준호’ 찾기 · 감평")
    page.go_back()
    expect(page.locator("#q")).to_have_value("")
    expect(page.locator(".card h2")).to_have_text(before)
    assert page.url.endswith("/?sort=title")
    page.go_forward()
    expect(page).to_have_title("‘봉준호’ 찾기 · 감평")
    expect(page.locator("#q")).to_have_value("봉준호")


def test_the_first_movie_is_three_keys_away(visit: Open) -> None:
    page = visit()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="영화 목록으로 건너뛰기")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".card h2 a").first).to_be_focused()


def test_a_search_is_what_the_whole_page_speaks_of(visit: Open) -> None:
    page = visit()
    page.evaluate("scrollTo({ top: 900, behavior: 'instant' })")
    page.locator("#q").fill("봉준호")
    expect(page).to_have_title("‘봉준호’ 찾기 · 감평")
    expect(page.locator("#list-title")).to_be_in_viewport()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#q")).to_have_value("봉준호")


def test_movies_are_found_without_scripts(visit: Open) -> None:
    page = visit(scripts=False)
    page.locator("#q").fill("ㄱㅅㅊ")
    page.locator("#q").press("Enter")
    expect(page.locator(".card h2")).to_have_text(["기생충"])


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_genre_and_order_are_in_the_address(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    page.locator(".menu summary", has_text="장르 전체").click()
    page.get_by_role("link", name="SF", exact=True).click()
    page.get_by_role("link", name="가나다순").click()
    assert re.search(r"genre=SF", page.url) and "sort=title" in page.url
    found = titles(page)
    assert found == sorted(found) and len(found) > 1
    expect(page.locator(".pill[aria-current]")).to_contain_text(["가나다순"])


def test_a_slash_focuses_the_search(visit: Open) -> None:
    page = visit("/model")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()


def test_the_review_forms_movie_is_found_by_keyboard(visit: Open) -> None:
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


def test_the_review_forms_movie_is_found_without_scripts(visit: Open) -> None:
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


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_movie_is_edited(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    page.goto(new_movie(page))
    page.get_by_role("link", name="정보 고치기").click()
    page.get_by_label("제목", exact=True).fill("기생충")
    page.get_by_label("개봉일").fill("2019-05-30")
    page.get_by_role("button", name="저장").click()
    expect(page.locator(".field.wrong")).to_contain_text("이미 있어요")  # pointed at, not doubled
    page.get_by_label("감독").fill("아무개")
    title = f"고친 영화 {next(_numbers)} {page.viewport_size}"
    page.get_by_label("제목", exact=True).fill(title)
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".movie-facts")).to_contain_text("아무개")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_review_is_edited_and_read_again(visit: Open, scripts: bool) -> None:
    page = visit(scripts=scripts)
    movie = new_movie(page)
    number = new_review(page, movie, PRAISE)
    page.goto(movie)
    review = page.locator(f"#review-{number}")
    expect(review.locator(".reading.positive")).to_be_visible()
    review.get_by_role("link", name=re.compile("고치기")).click()
    expect(page.get_by_label("리뷰", exact=True)).to_have_value(PRAISE)
    page.get_by_label("리뷰", exact=True).fill(BLAME)
    page.get_by_role("button", name="고친 글 올리기").click()
    expect(review.locator(".reading.negative")).to_be_visible()
    expect(review).to_contain_text(BLAME)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_pages_speak_another_language_and_remember_it(visit: Open, scripts: bool) -> None:
    page = visit("/?sort=title", scripts=scripts)
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/?sort=title")
    page.goto("/no/such/page")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert not re.search("[가-힣]", page.locator("main").inner_text())


def test_the_browsers_language_is_spoken(visit: Open) -> None:
    page = visit("/", locale="en-GB")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#write-title, #add-title").first).to_be_attached()
    assert not re.search("[가-힣]", page.locator(".panel").inner_text())
