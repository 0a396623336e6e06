"""The question about a movie of the same title, and merging two movies, by form and by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PRAISE, Open, new_review, new_title, violations

pytestmark = pytest.mark.browser


def test_a_movie_of_the_same_title_is_asked_about(visit: Open) -> None:
    page = visit()
    title = new_title()
    answer = page.request.post("/movies", data={"title": title, "release_date": "2019-05-30", "director": "봉준호"})
    page.goto("/#add")
    page.locator("#title").fill(title)
    page.locator("#director").fill("봉준호 감독")
    page.locator("#title").press("Enter")
    expect(page.locator("#add [role=alert]")).to_contain_text("이 영화인가요?")
    similar = page.locator(".similar").get_by_role("link", name=title)
    expect(similar).to_be_focused()
    expect(similar).to_be_in_viewport()
    expect(similar).to_have_attribute("href", f"/movie/{answer.json()['id']}")
    expect(page.locator("#director")).to_have_value("봉준호 감독")
    assert violations(page) == []
    page.get_by_role("button", name="다른 영화로 등록").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".movie-facts")).to_contain_text("봉준호 감독")


def test_two_movies_are_merged_and_separated(visit: Open) -> None:
    page = visit()
    kept_title, other_title = new_title(), new_title()
    kept, other = (
        page.request.post("/movies", data={"title": name}).json()["id"] for name in (kept_title, other_title)
    )
    new_review(page, f"/movie/{other}", PRAISE)
    page.goto(f"/movie/{kept}/edit")
    field = page.locator("#movie")
    field.press_sequentially(other_title)
    expect(page.locator("#suggestions [role=option]").first).to_contain_text(other_title)
    field.press("ArrowDown")
    field.press("Enter")
    expect(page.locator("#suggestions")).to_be_hidden()
    page.get_by_role("button", name="합칠 영화 확인하기").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"‘{other_title}’ 영화를 ‘{kept_title}’에 합칠까요?")
    expect(page.locator("main")).to_contain_text("리뷰 1개를 옮겨요")
    page.get_by_role("button", name="합치기", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("리뷰 1개를 옮겼어요")
    expect(page.locator(".review")).to_have_count(1)
    page.goto(f"/movie/{other}#reviews")
    expect(page.get_by_role("heading", level=1)).to_have_text(kept_title)
    page.go_back()
    page.locator(".notice").get_by_role("button").click()
    expect(page.locator(".notice")).to_contain_text("합친 것을 되돌렸어요")
    page.goto(f"/movie/{other}")
    expect(page.get_by_role("heading", level=1)).to_have_text(other_title)
    expect(page.locator(".review")).to_have_count(1)


def test_the_date_of_a_heading_stays_on_one_line(visit: Open) -> None:
    page = visit(locale="en-GB")
    kept, other = (
        page.request.post("/movies", data={"title": new_title(), "release_date": day}).json()["id"]
        for day in ("2019-05-30", "2019-08-29")
    )
    for path, count in ((f"/movie/{kept}/merge", 1), (f"/movie/{kept}/merge?movie_id={other}", 2)):
        page.goto(path)
        dates = page.locator("h1 .unbroken")
        expect(dates).to_have_count(count)
        for width in range(120, 360, 10):
            page.locator("h1").evaluate("(heading, width) => { heading.style.width = `${width}px` }", width)
            assert dates.evaluate_all("dates => dates.map((date) => date.getClientRects().length)") == [1] * count
