"""The preview of an import, and the mapping of its columns."""

import io
import os
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from werkzeug.test import TestResponse

from app.store import Store
from app.web.import_export import EXPIRES_AFTER, MAX_FILES, Uploads
from tests.services.import_export.test_real_files import CASES, CASES_BY_NAME
from tests.web.conftest import Visitor, form_values, parse_html, text, wait
from tests.web.test_import_export import PAGE, result

PREVIEW = f"{PAGE}/preview"


def upload(visitor: Visitor, content: str | bytes, name: str = "reviews.csv") -> TestResponse:
    data = content.encode() if isinstance(content, str) else content
    return visitor.post(f"{PAGE}/upload", PAGE, file=(io.BytesIO(data), name))


def upload_case(visitor: Visitor, name: str) -> BeautifulSoup:
    assert upload(visitor, (CASES / name).read_bytes(), name).headers["Location"] == PREVIEW
    return visitor.get(PREVIEW)


def preview_values(page: BeautifulSoup) -> dict[str, str]:
    return form_values(page, "form.import-preview")


def send(visitor: Visitor, path: str, page: BeautifulSoup, **changes: str) -> TestResponse:
    return visitor.client.post(f"{PAGE}/{path}", data=preview_values(page) | changes)


def test_a_letterboxd_archive_is_previewed_and_imported(visitor: Visitor, app: Flask, store: Store) -> None:
    page = upload_case(visitor, "letterboxd-export.zip")
    rows = [text(row) for row in page.select(".preview-rows li")]
    assert len(rows) == 3
    assert "Parasite" in rows[0] and "2019" in rows[0] and "계단이 주인공인" in rows[0] and "2024년 1월 4일" in rows[0]
    assert "Rating 열은 쓰지 않아요. 감평에서는 글이 곧 평점이에요." in text(page.select_one(".losses"))
    assert not store.movies()
    assert send(visitor, "import", page).headers["Location"] == f"{PAGE}/job"
    assert "영화 3편과 리뷰 3개를 가져왔어요." in text(result(visitor, app).select_one("main"))
    assert "올린 파일이 더는 없어요." in text(visitor.get(PREVIEW, status=410).select_one("#file-error"))


def test_columns_are_mapped_and_remembered(visitor: Visitor, app: Flask, store: Store) -> None:
    table = "극,평가단,소감,기타\n괴물,밤편지,최고,5\n"
    upload(visitor, table)
    page = visitor.get(PREVIEW)
    assert "리뷰 글이 없는 파일이에요" in text(page.select_one("[role=alert]"))
    assert send(visitor, "import", page).status_code == 422
    chosen = {"column_title": "0", "column_author": "1", "column_content": "2"}
    page = parse_html(send(visitor, "preview", page, **chosen), 200)
    assert "최고" in text(page.select_one(".preview-rows")) and "밤편지" in text(page.select_one(".preview-rows"))
    assert not store.movies()
    send(visitor, "import", page)
    result(visitor, app)
    assert [(review.author, review.content) for review in store.all_reviews()] == [("밤편지", "최고")]
    upload(visitor, table.replace("최고", "지루해요"))
    assert {name: value for name, value in preview_values(visitor.get(PREVIEW)).items() if name in chosen} == chosen


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.csv", "제목,내용,".encode() + b"\xff\xfe\n" + "괴물,최고,1\n".encode()),
        ("array.json", rb'[{"title": "a", "content": "b", "\ud800": 1}]'),
    ],
)
def test_headings_that_are_no_text_are_shown_as_question_marks(
    visitor: Visitor, app: Flask, store: Store, name: str, content: bytes
) -> None:
    upload(visitor, content, name)
    page = visitor.get(PREVIEW)
    assert "쓰지 않은 열: ?" in text(page.select_one(".losses"))
    send(visitor, "import", page)
    assert "리뷰 1개를 가져왔어요." in text(result(visitor, app).select_one("main"))
    assert len(store.all_reviews()) == 1


def test_a_title_and_an_author_for_all_rows(visitor: Visitor, app: Flask, store: Store) -> None:
    page = upload_case(visitor, "naver-crawl.csv")
    assert "필요한 열이 없어요: 제목 (title)" in text(page.select_one("[role=alert]"))
    page = parse_html(send(visitor, "preview", page, title="괴물"))
    assert "익명" in text(page.select_one(".preview-rows"))
    send(visitor, "import", page, author="네이버")
    assert "리뷰 글이 없어요." in text(result(visitor, app).select_one("tbody"))
    assert [(review.author, store.movie(review.movie_id).title) for review in store.all_reviews()] == [
        ("네이버", "괴물")
    ]


def test_a_column_can_be_left_out(visitor: Visitor, app: Flask, store: Store) -> None:
    page = upload_case(visitor, "storygraph.csv")
    assert "책을 쓴 사람" in text(page.select_one(".preview-rows"))
    send(visitor, "import", page, column_author="")
    result(visitor, app)
    assert store.all_reviews()[0].author == "익명"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("html.xls", "웹 페이지예요"),
        ("book.ods", "CSV로 저장해"),
        ("foreign.jsonl", "JSON Lines가 아니에요"),
    ],
)
def test_unreadable_files_are_refused_at_the_preview(visitor: Visitor, name: str, told: str) -> None:
    upload(visitor, (CASES / name).read_bytes(), name)
    assert told in text(visitor.get(PREVIEW, status=422).select_one("#file-error"))


@pytest.mark.parametrize("name", [path.name for path in sorted(CASES.iterdir())])
def test_every_file_is_previewed_or_refused_with_a_message(visitor: Visitor, name: str) -> None:
    upload(visitor, (CASES / name).read_bytes(), name)
    answer = visitor.client.get(PREVIEW)
    assert answer.status_code in (200, 422)
    assert parse_html(answer).select_one(".preview-rows li, [role=alert], #file-error")


@pytest.mark.parametrize("name", ["club.xlsx", "crawl.json.gz", "one-bad-byte-cp949.csv", "mysql-escapes.csv"])
def test_the_previewed_columns_are_imported(visitor: Visitor, app: Flask, store: Store, name: str) -> None:
    send(visitor, "import", upload_case(visitor, name), skip_bad="y")
    wait(app)
    assert [review.content for review in store.all_reviews()] == CASES_BY_NAME[name].texts


def test_cells_are_escaped(visitor: Visitor) -> None:
    upload(
        visitor,
        '제목,작성자,내용,"<script>alert(1)</script>"\n<script>x</script>,밤편지,"<svg onload=x><img src=x>별로",1\n',
    )
    page = visitor.get(PREVIEW)
    assert not page.select("main script, main img, main svg")
    assert "<svg onload=x>별로" in page.get_text()


def test_an_upload_belongs_to_one_browser(visitor: Visitor, app: Flask) -> None:
    page = upload_case(visitor, "pipe.csv")
    other = Visitor(app.test_client())
    assert other.client.get(PREVIEW).status_code == 410
    answer = other.client.post(f"{PAGE}/import", data=preview_values(page) | {"csrf_token": other.token()})
    assert answer.status_code == 410
    assert app.extensions["Jobs"].last is None


@pytest.mark.parametrize("column", ["99999999", "-1", "x", "٣", "7"])
def test_unknown_columns_are_ignored(visitor: Visitor, column: str) -> None:
    page = upload_case(visitor, "pipe.csv")
    assert send(visitor, "preview", page, column_genre=column).status_code == 200


def test_uploads_are_limited_and_expire(tmp_path: Path) -> None:
    ahead = [0]
    uploads = Uploads(tmp_path / "uploads", lambda: time.time() + ahead[0])

    def exists(token: str) -> bool:
        file = uploads.open(token)
        if file:
            file.close()
        return file is not None

    tokens = []
    for number in range(MAX_FILES + 1):
        tokens.append(uploads.add(io.BytesIO(b"x")))
        os.utime(tmp_path / "uploads" / tokens[-1], (time.time() - 60 + number,) * 2)
    assert [exists(token) for token in tokens] == [False] + [True] * MAX_FILES
    assert not exists("../" + tokens[-1]) and not exists("")
    ahead[0] = EXPIRES_AFTER
    assert not exists(tokens[-1])
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_file_with_bad_rows_is_kept(visitor: Visitor, app: Flask, store: Store) -> None:
    upload(visitor, "제목,작성자,내용\n괴물,밤편지,최고\n괴물,,최고\n")
    page = visitor.get(PREVIEW)
    send(visitor, "import", page)
    assert result(visitor, app).select_one(f'a[href="{PREVIEW}"]')
    assert not store.movies()
    send(visitor, "import", visitor.get(PREVIEW), skip_bad="y")
    assert not result(visitor, app).select_one(f'a[href="{PREVIEW}"]')
    assert store.totals().review_count == 1


def test_an_import_can_be_undone_from_its_page(visitor: Visitor, app: Flask, store: Store) -> None:
    send(visitor, "import", upload_case(visitor, "pipe.csv"))
    link = result(visitor, app).select_one('a[href^="/undo/"]')
    assert link
    page = visitor.get(str(link["href"]))
    assert "가져온 것을 되돌릴까요?" in text(page.select_one("h1"))
    answer = visitor.post(str(link["href"]), str(link["href"]))
    assert answer.headers["Location"] == "/admin/log"
    page = visitor.get("/admin/log")
    assert "가져온 것을 되돌렸어요: 영화 1편 · 리뷰 1개" in text(page.select_one("main"))
    assert not store.movies()
    assert visitor.post(str(link["href"])).status_code == 410
