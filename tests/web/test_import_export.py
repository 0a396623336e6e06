"""The import and export page, and its jobs."""

import io
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.errors import ModelBusy
from app.models import Label, ModelCard
from app.store import Store
from tests.conftest import MakeApp
from tests.fakes import FakeAnalyzer
from tests.web.conftest import Visitor, parse_html, text, wait

PAGE, JOB = "/admin/data", "/admin/data/job"
TABLE = "제목,작성자,내용\n괴물,밤편지,최고\n괴물,심야영화,지루해요\n"


def upload(visitor: Visitor, content: str | bytes, **fields: str) -> TestResponse:
    data = content.encode() if isinstance(content, str) else content
    file = FileStorage(io.BytesIO(data), "reviews.csv")
    values = {"csrf_token": visitor.token(PAGE), "file": file, **fields}
    # Encoded here, because the client does not close the temporary file of a large body.
    boundary, body = encode_multipart(values)
    content_type = f"multipart/form-data; boundary={boundary}"
    return visitor.client.post(f"{PAGE}/import", data=body, content_type=content_type)


def result(visitor: Visitor, app: Flask) -> BeautifulSoup:
    wait(app)
    return visitor.get(JOB)


def test_an_uploaded_table_is_imported(visitor: Visitor, app: Flask, store: Store) -> None:
    answer = upload(visitor, TABLE)
    assert (answer.status_code, answer.headers["Location"]) == (303, JOB)
    page = result(visitor, app)
    assert "영화 1편과 리뷰 2개를 가져왔어요." in text(page.select_one("[data-job=done]"))
    assert store.totals().review_count == 2
    upload(visitor, TABLE)
    assert "리뷰 2개는 이미 있어서 그대로 뒀어요." in text(result(visitor, app).select_one("main"))
    assert visitor.get(PAGE).select_one(f'.notice a[href="{JOB}"]')


def test_an_export_is_imported_by_another_site(visitor: Visitor, app: Flask, make_app: MakeApp) -> None:
    upload(visitor, TABLE)
    wait(app)
    answer = visitor.client.get(f"{PAGE}/catalogue.jsonl")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="gampyeong.jsonl"'
    other = make_app()
    upload(Visitor(other.test_client()), answer.data)
    wait(other)
    assert other.test_client().get(f"{PAGE}/catalogue.jsonl").data == answer.data


def test_reviews_and_corrections_are_exported(visitor: Visitor, app: Flask, store: Store) -> None:
    upload(visitor, TABLE)
    wait(app)
    store.set_correction(1, "somebody", Label.NEGATIVE)
    answer = visitor.client.get(f"{PAGE}/reviews.csv")
    assert (answer.mimetype, answer.data.count(b"\r\n")) == ("text/csv", 3)
    assert visitor.client.get(f"{PAGE}/corrections.tsv").data.count(b"\n") == 2


def test_bad_rows_are_listed_and_nothing_is_imported(visitor: Visitor, app: Flask, store: Store) -> None:
    bad = TABLE + ',밤편지,최고\n"=1",밤편지,<b>\x01\n'
    upload(visitor, bad)
    page = result(visitor, app)
    assert "아무것도 가져오지 않았어요." in text(page.select_one("[data-job=done]"))
    assert [text(row) for row in page.select("tbody tr")] == [
        "4제목 칸이 비어 있어요.",
        "5내용: 보이지 않는 제어 문자가 섞여 있어요.",
    ]
    assert not store.movies()
    upload(visitor, bad, skip_bad="y")
    assert "리뷰 2개를 가져왔어요" in text(result(visitor, app).select_one("main"))


def test_an_unreadable_file_is_an_error_of_the_job(visitor: Visitor, app: Flask) -> None:
    upload(visitor, "제목,글\n괴물,최고\n")
    told = text(result(visitor, app).select_one("[data-job=failed]"))
    assert "리뷰 글이 없는 파일이에요: 내용 (content) 열이 없어요. 있는 열: 제목, 글" in told


def test_an_upload_without_a_file_is_an_error(visitor: Visitor) -> None:
    page = parse_html(visitor.post(f"{PAGE}/import", PAGE), 422)
    assert text(page.select_one("#file-error")) == "가져올 파일을 골라 주세요."


def test_a_stale_form_starts_nothing(visitor: Visitor, app: Flask) -> None:
    for path in ("import", "rescore"):
        page = parse_html(visitor.client.post(f"{PAGE}/{path}", data={"csrf_token": "old"}), 400)
        assert page.select_one("[role=alert]")
    assert app.extensions["Jobs"].last is None


def test_the_body_limit_of_uploads_is_larger(store: Store, make_app: MakeApp) -> None:
    app = make_app(store, import_max=5)
    visitor = Visitor(app.test_client())
    rows = [f"괴물,{number},{'가' * 5_000}\n" for number in range(400)]  # 15 kB each
    assert upload(visitor, "제목,작성자,내용\n" + "".join(rows[:300])).status_code == 303
    wait(app)
    assert store.totals().review_count == 300
    page = parse_html(upload(visitor, "제목,작성자,내용\n" + "".join(rows)), 413)
    assert text(page.select_one("#file-error")) == "파일이 너무 커요. 5MB까지 올릴 수 있어요."
    assert visitor.client.post("/movies", json={"title": "가" * 2_000_000}).status_code == 413
    page = parse_html(visitor.client.post("/admin/data/rescore", data={"x": "x" * 300_000}), 413)
    assert text(page.h1) == "보낸 내용이 너무 커요"


class Slow(FakeAnalyzer):
    """Is busy while `busy` is set."""

    def analyze(self, texts: Any) -> Any:
        if self.busy:
            raise ModelBusy("the model is busy", retry_after=0)
        return super().analyze(texts)


@pytest.fixture
def analyzer() -> Slow:
    return Slow()


def test_a_running_job_shows_progress_and_can_be_stopped(
    visitor: Visitor, app: Flask, analyzer: Slow, store: Store
) -> None:
    analyzer.busy = True
    upload(visitor, TABLE)
    page = visitor.get(JOB)
    assert page.select_one("[data-job=running] progress")
    assert page.select_one("noscript meta[http-equiv=refresh]")
    page = parse_html(upload(visitor, TABLE), 409)
    assert "아직 끝나지 않은 일이 있어요." in text(page.select_one("[role=alert]"))
    assert visitor.post(f"{JOB}/stop", JOB).status_code == 303
    assert "아무것도 가져오지 않았어요." in text(result(visitor, app).select_one("[data-job=stopped]"))
    assert not store.movies()
    analyzer.busy = False
    upload(visitor, TABLE)
    wait(app)
    assert store.totals().review_count == 2


def test_an_unexpected_failure_shows_no_detail(visitor: Visitor, app: Flask, analyzer: Slow) -> None:
    analyzer.broken = True
    upload(visitor, TABLE)
    page = result(visitor, app)
    assert "서버 기록에 까닭이 남아 있어요." in text(page.select_one("[data-job=failed]"))
    assert "secret" not in page.get_text()


def test_rescoring_with_a_new_model(visitor: Visitor, app: Flask, analyzer: Slow, store: Store) -> None:
    upload(visitor, TABLE)
    wait(app)
    assert not visitor.get(PAGE).select(f'form[action="{PAGE}/rescore"]')
    analyzer.card = ModelCard("new", id="new@1")
    assert "리뷰 2개는 지금과 다른 모델이 읽었어요." in text(visitor.get(PAGE).select_one("main"))
    assert visitor.post(f"{PAGE}/rescore", PAGE).headers["Location"] == JOB
    assert "리뷰 2개를 다시 읽었어요." in text(result(visitor, app).select_one("[data-job=done]"))
    assert store.models() == {"new@1": 2}


def test_the_pages_without_a_job(visitor: Visitor) -> None:
    assert "하고 있는 일이 없어요." in text(visitor.get(JOB).select_one("main"))
    assert "다시 시작하면 모두 사라져요" in text(visitor.get(PAGE).select_one("main"))
