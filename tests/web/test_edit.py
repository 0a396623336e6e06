"""Editing a movie and a review, by form and by JSON."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.models import AuditAction, Review
from app.services import ReviewService
from app.store import Store
from app.web import messages
from tests.web.conftest import AddMovie, Visitor, form_values, parse_html, text

DETAILS = {"title": "벌새", "release_date": "2019-08-29", "director": "김보라", "genre": "드라마", "poster_url": ""}


def test_a_movie_is_edited_by_form(visitor: Visitor, movie_id: int, service: ReviewService, store: Store) -> None:
    path = f"/movie/{movie_id}/edit"
    assert visitor.get(f"/movie/{movie_id}").select_one(f'a[href="{path}"]')
    typed = form_values(visitor.get(path), "main form")
    assert typed["title"] == "리틀 포레스트" and typed["release_date"] == "2018-02-28"
    answer = visitor.post(path, path, **DETAILS)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/movie/{movie_id}")
    movie = service.movie(movie_id)
    assert (movie.title, movie.director, movie.poster_url) == ("벌새", "김보라", "")
    assert text(visitor.get(f"/movie/{movie_id}").select_one(".notice")) == messages.MOVIE_EDITED
    assert store.audit_log()[0][0].action is AuditAction.EDIT_MOVIE


def test_an_edited_review_is_analyzed_again(
    visitor: Visitor, movie_id: int, review: Review, service: ReviewService
) -> None:
    path = f"/review/{review.id}/edit"
    assert not visitor.get(f"/movie/{movie_id}").select(".edited")
    page = visitor.get(path)
    assert text(page.select_one("#content")) == "최고예요"
    answer = visitor.post(path, path, author="밤편지", content="다시 보니 지루해요")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"/movie/{movie_id}")
    assert answer.headers["Location"].endswith(f"#review-{review.id}")
    now = service.review(review.id)
    assert (now.content, now.rating, now.created_at) == ("다시 보니 지루해요", pytest.approx(1.5), review.created_at)
    assert service.movie(movie_id).average_rating == pytest.approx(1.5)
    page = visitor.get(f"/movie/{movie_id}")
    assert text(page.select_one(".notice")) == messages.REVIEW_REANALYZED
    assert text(page.select_one(".edited")) == "수정됨 방금 전"
    assert page.select_one(".edited time")["datetime"] == now.edited_at


def test_an_unchanged_text_is_not_analyzed_again(
    visitor: Visitor, review: Review, service: ReviewService, analyzer: Any
) -> None:
    path = f"/review/{review.id}/edit"
    visitor.post(path, path, author="새벽달", content="최고예요\r\n")
    assert analyzer.seen == ["최고예요"]
    now = service.review(review.id)
    assert (now.author, now.rating, now.model) == ("새벽달", review.rating, review.model)
    assert now.edited_at
    assert text(visitor.get("/").select_one(".notice")) == messages.REVIEW_EDITED


def test_validation_errors_keep_the_input(
    visitor: Visitor, movie_id: int, review: Review, service: ReviewService
) -> None:
    for path, fields, name in (
        (f"/movie/{movie_id}/edit", {**DETAILS, "release_date": "2019-02-30"}, "release_date"),
        (f"/review/{review.id}/edit", {"author": "", "content": "길게 고친 글"}, "author"),
    ):
        page = parse_html(visitor.post(path, path, **fields), 422)
        assert page.select_one(f'main [name="{name}"][aria-invalid="true"]')
        kept = form_values(page, "main form")
        assert kept == kept | fields
    assert service.movie(movie_id).title == "리틀 포레스트"
    assert service.review(review.id) == review


def test_a_stale_form_and_a_busy_model_keep_the_text(
    visitor: Visitor, review: Review, service: ReviewService, analyzer: Any
) -> None:
    path = f"/review/{review.id}/edit"
    typed = {"author": "밤편지", "content": "길게 고친 글"}
    page = parse_html(visitor.client.post(path, data=typed), 400)
    assert text(page.select_one("#content")) == "길게 고친 글"
    analyzer.busy = True
    answer = visitor.post(path, path, **typed)
    assert text(parse_html(answer, 503).select_one("#content")) == "길게 고친 글"
    assert answer.headers["Retry-After"] == "2"
    assert service.review(review.id) == review


def test_the_second_of_two_editors_of_a_movie_sees_both_versions(
    visitor: Visitor, movie_id: int, service: ReviewService
) -> None:
    path = f"/movie/{movie_id}/edit"
    opened = form_values(visitor.get(path), "main form")
    assert visitor.post(path, path, **{**DETAILS, "title": "벌새", "director": ""}).status_code == 303
    typed = {**opened, **DETAILS, "genre": "가족"}
    page = parse_html(visitor.client.post(path, data={**typed, "title": ""}), 422)
    assert not page.select(".conflict")
    assert page.select_one(f'input[name="version"][value="{opened["version"]}"]')
    page = parse_html(visitor.client.post(path, data=typed), 409)
    assert text(page.select_one('[role="alert"]')) == messages.MOVIE_EDITED_MEANWHILE
    assert text(page.select_one(".conflict dl")) == "제목 벌새 개봉일 2019-08-29 감독 – 장르 드라마 포스터 주소 –"
    assert page.select_one('#genre[value="가족"]')
    assert service.movie(movie_id).genre == "드라마"
    typed["version"] = str(page.select_one('input[name="version"]')["value"])
    assert visitor.client.post(path, data=typed).status_code == 303
    assert service.movie(movie_id).genre == "가족"
    unchanged = {**typed, "version": opened["version"]}
    assert visitor.client.post(path, data=unchanged).status_code == 303


def test_a_movie_cannot_become_another(visitor: Visitor, movie_id: int, add_movie: AddMovie) -> None:
    other = add_movie("벌새", release_date="2019-08-29")
    path = f"/movie/{movie_id}/edit"
    page = parse_html(visitor.post(path, path, **DETAILS), 409)
    assert page.select_one(f'#title-error a[href="/movie/{other.id}"]')
    body = {"title": "벌새", "release_date": "2019-08-29"}
    assert visitor.client.patch(f"/movies/{movie_id}", json=body).status_code == 409


def test_patch_changes_the_given_fields(client: FlaskClient, movie_id: int, review: Review) -> None:
    answer = client.patch(f"/movies/{movie_id}", json={"genre": " 드라마, 요리 ", "id": 7})
    assert answer.status_code == 200
    assert answer.get_json()["genre"] == "드라마, 요리"
    assert (answer.get_json()["id"], answer.get_json()["director"]) == (movie_id, "임순례")
    assert client.patch(f"/movies/{movie_id}", json={}).get_json() == answer.get_json()
    answer = client.patch(f"/reviews/{review.id}", json={"content": "지루해요", "movie_id": 99, "rating": 10})
    now = answer.get_json()
    assert (now["sentiment_label"], now["author"], now["movie_id"]) == ("부정", "밤편지", movie_id)
    assert now["edited_at"] and now["created_at"] == review.created_at


@pytest.mark.parametrize("body", [{"title": ""}, {"title": None}, {"release_date": "2019-02-30"}, [], 7])
def test_patch_validates(client: FlaskClient, movie_id: int, body: Any) -> None:
    assert client.patch(f"/movies/{movie_id}", json=body).status_code == 422


def test_unknown_records_cannot_be_edited(client: FlaskClient, movie_id: int) -> None:
    assert client.patch("/movies/99", json={}).status_code == 404
    assert client.patch("/reviews/99", json={}).status_code == 404


def test_an_edit_of_a_deleted_review_keeps_the_text(visitor: Visitor, review: Review, service: ReviewService) -> None:
    path = f"/review/{review.id}/edit"
    typed = {"csrf_token": visitor.token(path), "author": "밤편지", "content": "길게 <고친> 글"}
    service.delete_review(review.id)
    page = parse_html(visitor.client.post(path, data=typed), 404)
    assert text(page.select_one("textarea[readonly]")) == "길게 <고친> 글"
    assert "지워진 리뷰" in text(page.select_one("h1"))


def test_an_edit_of_a_deleted_movie_keeps_the_details(
    visitor: Visitor, movie_id: int, service: ReviewService, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/movie/{movie_id}/edit"
    typed = {**DETAILS, "title": "<벌새>", "csrf_token": visitor.token(path)}

    def check() -> None:
        page = parse_html(visitor.client.post(path, data=typed), 404)
        assert "지워진 영화" in text(page.select_one("h1"))
        shown = {field["id"]: field["value"] for field in page.select("main input[readonly]")}
        assert shown == {name: value for name, value in typed.items() if value and name != "csrf_token"}

    def edit_deleted(*_: object, **__: object) -> None:
        service.delete_movie(movie_id)
        service.movie(movie_id)

    monkeypatch.setattr(service, "edit_movie", edit_deleted)  # deleted after the check of permissions
    check()
    check()
    page = parse_html(visitor.client.post(path, data={"csrf_token": typed["csrf_token"]}), 404)
    assert not page.select("main input[readonly]")


def test_an_edit_conflict_shows_both_versions(visitor: Visitor, review: Review, service: ReviewService) -> None:
    path = f"/review/{review.id}/edit"
    opened = form_values(visitor.get(path), "main form")
    assert visitor.post(path, path, author="밤편지", content="먼저 고친 글").status_code == 303
    typed = {**opened, "author": "밤편지", "content": "나중에 고친 글"}
    page = parse_html(visitor.client.post(path, data=typed), 409)
    assert text(page.select_one('[role="alert"]')) == messages.EDITED_MEANWHILE
    assert text(page.select_one(".conflict blockquote")) == "먼저 고친 글"
    assert text(page.select_one("#content")) == "나중에 고친 글"
    assert service.review(review.id).content == "먼저 고친 글"
    typed["version"] = str(page.select_one('input[name="version"]')["value"])
    assert visitor.client.post(path, data=typed).status_code == 303
    assert visitor.client.post(path, data=typed).status_code == 303  # the same edit again is none
    assert service.review(review.id).content == "나중에 고친 글"


def test_an_invalid_edit_of_a_changed_review_stays_a_conflict(
    visitor: Visitor, review: Review, service: ReviewService
) -> None:
    path = f"/review/{review.id}/edit"
    typed = {**form_values(visitor.get(path), "main form"), "content": ""}
    assert visitor.post(path, path, author="밤편지", content="먼저 고친 글").status_code == 303
    page = parse_html(visitor.client.post(path, data=typed), 422)
    typed = {**form_values(page, "main form"), "author": "밤편지", "content": "나중에 고친 글"}
    assert visitor.client.post(path, data=typed).status_code == 409
    assert service.review(review.id).content == "먼저 고친 글"
