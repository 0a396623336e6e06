"""Import and export."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.settings import ROOT
from tests.browser.conftest import PRAISE, SCRIPTS, Open, new_title

pytestmark = pytest.mark.browser


@SCRIPTS
def test_a_file_is_imported_and_exported(open_page: Open, tmp_path: Path, scripts: bool) -> None:
    title = new_title()
    table = tmp_path / "리뷰.csv"
    table.write_text(f"영화,닉네임,리뷰\n{title},밤편지,{PRAISE}\n{title},,{PRAISE}\n", encoding="cp949")
    page = open_page("/admin/data", scripts=scripts)
    page.get_by_label("파일").set_input_files(table)
    page.get_by_role("button", name="올려서 살펴보기").click()
    expect(page.get_by_role("listitem").filter(has_text=PRAISE[:20]).first).to_contain_text(title)
    page.get_by_role("button", name="가져오기").click()
    expect(page.locator("[data-job=done]")).to_contain_text("아무것도 가져오지 않았어요.")
    expect(page.locator("tbody")).to_contain_text("작성자 칸이 비어 있어요.")
    page.get_by_role("link", name="가져오기·내보내기로 돌아가기").click()
    page.get_by_label("파일").set_input_files(table)
    page.get_by_role("button", name="올려서 살펴보기").click()
    page.get_by_label("읽을 수 없는 줄은 빼고 나머지만 가져오기").check()
    page.get_by_role("button", name="가져오기").click()
    expect(page.locator("[data-job=done]")).to_contain_text("영화 1편과 리뷰 1개를 가져왔어요.")
    page.goto("/admin/data")
    with page.expect_download() as download:
        page.get_by_role("link", name="모두 내려받기").click()
    assert title in download.value.path().read_text(encoding="utf-8")


CASES = ROOT / "tests" / "services" / "import_export" / "cases"


@pytest.mark.parametrize("width", [1440, 390], ids=["wide", "phone"])
def test_columns_are_chosen_before_the_import(open_page: Open, width: int) -> None:
    page = open_page("/admin/data", width=width)
    page.get_by_label("파일").set_input_files(CASES / "naver-crawl.csv")
    page.get_by_role("button", name="올려서 살펴보기").click()
    expect(page.get_by_role("alert")).to_contain_text("필요한 열이 없어요: 제목 (title)")
    title = new_title()
    page.get_by_label("모든 리뷰의 영화").fill(title)
    page.get_by_role("button", name="고른 대로 다시 보기").click()
    rows = page.locator(".preview-rows li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(title)
    expect(rows.last).to_contain_text("리뷰 글이 없어요.")
    expect(page.locator("main")).to_contain_text("rating 열은 쓰지 않아요. 감평에서는 글이 곧 평점이에요.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="가져오기").press("Enter")
    expect(page.locator("[data-job=done]")).to_contain_text("영화 1편과 리뷰 1개를 가져왔어요.")
    expect(page.locator("[data-job=done]")).to_contain_text("파일의 2줄을 모두 살펴봤어요.")


def test_a_running_job_shows_progress(open_page: Open, tmp_path: Path) -> None:
    table = tmp_path / "many.csv"
    rows = "".join(f"오래 걸리는 영화,밤편지,{number}번째로 본 영화예요. {PRAISE}\n" for number in range(30_000))
    table.write_text(f"영화,닉네임,리뷰\n{rows}", encoding="utf-8")
    page = open_page("/admin/data")
    page.get_by_label("파일").set_input_files(table)
    page.get_by_role("button", name="올려서 살펴보기").click()
    page.get_by_role("button", name="가져오기").click()
    job = page.locator("[data-job=running]")
    try:
        for _ in range(3):
            with page.expect_response("**/admin/data/job"):
                pass
            expect(job).to_contain_text("이 화면을 닫아도 일은 이어져요.")
            expect(job.locator("progress + p")).not_to_be_empty()
            assert "null" not in job.inner_text()
    finally:
        page.get_by_role("button", name="그만두기").click()
    expect(page.locator("[data-job=stopped]")).to_contain_text("아무것도 가져오지 않았어요.")


def test_too_large_files_are_refused_before_the_upload(open_page: Open, tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    page = open_page("/admin/data")
    page.get_by_label("파일").set_input_files(large)
    said = page.get_by_label("파일").evaluate("input => input.validationMessage")
    assert said == "파일이 너무 커요. 64MB까지 올릴 수 있어요."
