"""Forms that add movies and reviews, and their errors."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app import schemas
from app.models import Movie
from app.schemas import MoviesQuery, ReviewsQuery
from app.services import ReviewService
from app.web import messages
from tests.web.conftest import AddMovie, Visitor, form_values, parse_html, text


def all_movies(service: ReviewService) -> list[Movie]:
    return service.movies(MoviesQuery()).items


def error_beside(page: Any, name: str) -> str:
    """Return the error beside a field, after checking that the field refers to it."""
    control = page.select_one(f'main [name="{name.removesuffix("_id")}"]')  # a movie's id is found by its title
    assert control["aria-invalid"] == "true"
    assert f"{name}-error" in control["aria-describedby"].split()
    return text(page.select_one(f"#{name}-error"))


def test_adding_a_movie_redirects_to_its_page(visitor: Visitor, service: ReviewService) -> None:
    answer = visitor.post("/movie", title=" 벌새 ", release_date="2019-08-29", director="김보라", genre="드라마")
    (movie,) = all_movies(service)
    assert (movie.title, movie.release_date, movie.director, movie.genre) == ("벌새", "2019-08-29", "김보라", "드라마")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/movie/{movie.id}"
    page = visitor.get(f"/movie/{movie.id}")
    assert "‘벌새’ 영화를 등록했어요" in text(page.select_one(".notice"))
    assert page.select_one(f'form[action="/movie/{movie.id}/review"]')
    assert not visitor.get("/").select(".notice")


def test_an_existing_movie_is_linked_in_the_error(visitor: Visitor, movie_id: int, service: ReviewService) -> None:
    page = parse_html(visitor.post("/movie", title="리틀포레스트", release_date="2018-02-28", director="임순례"), 409)
    assert str(messages.MOVIE_EXISTS) in error_beside(page, "title")
    assert page.select_one(f'#title-error a[href="/movie/{movie_id}"]')
    control = page.select_one('main [name="director"]')
    assert control and control["value"] == "임순례"
    assert len(all_movies(service)) == 1


@pytest.mark.parametrize(
    ("content", "mood", "verdict", "sure"),
    [
        ("정말 최고예요", "positive", "▲ 긍정 8.5", "긍정일 가능성 85%"),
        ("너무 지루해요", "negative", "▼ 부정 1.5", "부정일 가능성 85%"),
        ("그냥 봤어요", "uncertain", "△ 긍정 5.5", "판단이 어려워요"),
    ],
)
def test_the_sentiment_of_a_new_review_is_shown(
    visitor: Visitor, movie_id: int, content: str, mood: str, verdict: str, sure: str
) -> None:
    for path, page, extra in (
        ("/review", "/", {"movie_id": movie_id}),
        (f"/movie/{movie_id}/review", f"/movie/{movie_id}", {}),
    ):
        answer = visitor.post(path, page, author="밤편지", content=content, **extra)
        location = str(answer.headers["Location"])
        assert (answer.status_code, location.split("#")[0]) == (303, f"/movie/{movie_id}")
        notice = visitor.get(location).select_one(".notice")
        assert notice and mood in notice["class"]
        assert text(notice) == f"{verdict} ‘리틀 포레스트’에 리뷰를 올렸어요. {sure}"


@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({}, "title", "영화 제목을 적어 주세요."),
        ({"title": "가" * 201}, "title", "200자까지 쓸 수 있어요. 지금은 201자예요."),
        ({"title": "벌\x00새"}, "title", "줄바꿈이나 보이지 않는 제어 문자는 쓸 수 없어요."),
        ({"title": "벌새", "release_date": "2019-02-30"}, "release_date", "달력에 있는 날짜를"),
        ({"title": "벌새", "poster_url": "javascript:alert(1)"}, "poster_url", "http:// 또는 https://로"),
        ({"title": "벌새", "poster_url": "https://a.kr/" + "a" * 2000}, "poster_url", "2,000자까지"),
    ],
)
def test_movie_errors_are_beside_their_field(
    visitor: Visitor, service: ReviewService, fields: dict[str, str], name: str, message: str
) -> None:
    page = parse_html(visitor.post("/movie", **fields), 422)
    assert error_beside(page, name).startswith(message)
    assert page.select_one('#add.is-open [role="alert"]')
    assert page.select_one(f"#{name}")["autofocus"] == ""
    assert all_movies(service) == []
    for typed, value in fields.items():
        assert page.select_one(f"#{typed}")["value"] == value


@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"author": "", "content": "최고"}, "author", "닉네임을 적어 주세요."),
        ({"author": "가" * 41, "content": "최고"}, "author", "40자까지 쓸 수 있어요. 지금은 41자예요."),
        ({"author": "밤편지", "content": " \n\u3164 "}, "content", "리뷰를 적어 주세요."),
        ({"author": "밤편지", "content": "가" * 5001}, "content", "5,000자까지 쓸 수 있어요. 지금은 5,001자예요."),
        ({"author": "밤편지", "content": "최고\x1b[31m"}, "content", "화면에 보이지 않는 제어 문자가"),
    ],
)
def test_review_errors_are_beside_their_field(
    visitor: Visitor, movie_id: int, analyzer: Any, fields: dict[str, str], name: str, message: str
) -> None:
    for path, page in (("/review", "/"), (f"/movie/{movie_id}/review", f"/movie/{movie_id}")):
        shown = parse_html(visitor.post(path, page, movie_id=movie_id, **fields), 422)
        assert error_beside(shown, name).startswith(message)
        assert shown.select_one("#author")["value"] == fields["author"]
        typed = shown.select_one("#content").get_text()
        assert typed.removeprefix("\r\n") == fields["content"]
        assert shown.title and text(shown.title).startswith("확인해 주세요")
    assert analyzer.seen == []


@pytest.mark.parametrize("movie", ["", "0", "-1", "x", "1" + "0" * 30])
def test_a_review_needs_a_movie(visitor: Visitor, movie_id: int, movie: str) -> None:
    page = parse_html(visitor.post("/review", movie_id=movie, author="밤편지", content="최고"), 422)
    assert error_beside(page, "movie_id") == "어떤 영화의 리뷰인지 골라 주세요."


def test_the_chosen_movie_is_kept_after_an_error(visitor: Visitor, movie_id: int, add_movie: AddMovie) -> None:
    add_movie("벌새")
    page = parse_html(visitor.post("/review", movie_id=movie_id, author="", content=""))
    chosen = {name: page.select_one(f'#write [name="{name}"]')["value"] for name in ("movie", "movie_id")}
    assert chosen == {"movie": "리틀 포레스트", "movie_id": str(movie_id)}
    assert text(page.select_one('#write [role="alert"]')) == "고칠 곳이 2군데 있어요."


@pytest.mark.parametrize("left", [0, 1])
def test_a_review_of_a_deleted_movie_keeps_the_text(
    visitor: Visitor, movie_id: int, service: ReviewService, add_movie: AddMovie, left: int
) -> None:
    for number in range(left):
        add_movie(f"벌새 {number}")
    token = visitor.token(f"/movie/{movie_id}")
    service.delete_movie(movie_id)
    fields = {"csrf_token": token, "author": "밤편지", "content": "오래 쓴 글"}
    for path in (f"/movie/{movie_id}/review", "/review"):
        page = parse_html(visitor.client.post(path, data={**fields, "movie_id": movie_id}), 422)
        assert error_beside(page, "movie_id") == messages.MOVIE_DELETED
        assert "오래 쓴 글" in text(page.select_one("#content"))


def test_a_busy_model_keeps_the_text(visitor: Visitor, movie_id: int, analyzer: Any, service: ReviewService) -> None:
    analyzer.busy = True
    for path, page in (("/review", "/"), (f"/movie/{movie_id}/review", f"/movie/{movie_id}")):
        answer = visitor.post(path, page, movie_id=movie_id, author="밤편지", content="오래 쓴 글")
        shown = parse_html(answer)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert text(shown.select_one('[role="alert"]')) == messages.BUSY
        assert "오래 쓴 글" in text(shown.select_one("#content"))
    assert service.reviews(movie_id, ReviewsQuery()).total == 0


@pytest.mark.parametrize("token", [None, "", "forged", "IjAwIg.aaaa.bbbb"])
def test_a_form_without_a_csrf_token_keeps_the_input(
    visitor: Visitor, movie_id: int, service: ReviewService, token: str | None
) -> None:
    extra = {} if token is None else {"csrf_token": token}
    review = {"author": "밤편지", "content": "오래 쓴 글"}
    for path, fields in (
        ("/movie", {"title": "벌새", "director": "김보라"}),
        ("/review", {**review, "movie_id": str(movie_id)}),
        (f"/movie/{movie_id}/review", review),
    ):
        page = parse_html(visitor.client.post(path, data={**fields, **extra}), 400)
        assert text(page.select_one('[role="alert"]')) == messages.STALE_FORM
        kept = form_values(page, f'main form[action="{path}"]')
        assert kept == kept | fields
        assert visitor.client.post(path, data=kept).status_code == 303
    assert len(all_movies(service)) == 2
    assert service.reviews(movie_id, ReviewsQuery()).total == 2


def test_json_bodies_are_refused_as_forms(client: FlaskClient, service: ReviewService) -> None:
    answer = client.post("/movie", json={"title": "x"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert all_movies(service) == []


def test_html_limits_match_the_schemas(visitor: Visitor, movie_id: int) -> None:
    page = visitor.get("/")
    limits = {control["name"]: control.get("maxlength") for control in page.select("main [maxlength]")}
    assert limits == {
        "title": str(schemas.TITLE_MAX),
        "release_date": str(schemas.DATE_MAX),
        "director": str(schemas.DIRECTOR_MAX),
        "genre": str(schemas.GENRE_MAX),
        "poster_url": str(schemas.POSTER_URL_MAX),
        "movie": str(schemas.TITLE_MAX),
        "author": str(schemas.AUTHOR_MAX),
        "passphrase": str(schemas.PASSPHRASE_MAX),
        "content": str(schemas.CONTENT_MAX),
    }
    assert page.select_one("#q")["maxlength"] == str(schemas.QUERY_MAX)
    required = [control["name"] for control in page.select("main [required]")]
    assert required == ["movie", "author", "content", "title"]
    assert page.select_one("#poster_url")["type"] == "url"


@pytest.mark.parametrize("day", ["2019", "2019-05", "2019-05-30"])
def test_a_release_date_may_be_a_year_or_a_month(visitor: Visitor, service: ReviewService, day: str) -> None:
    address = visitor.post("/movie", title="기생충", release_date=day).headers["Location"]
    assert all_movies(service)[0].release_date == day
    assert day.replace("-", ".") in text(visitor.get(address).select_one(".meta"))
    assert visitor.get("/movie/1/edit").select_one(f'#release_date[value="{day}"]')


def test_unread_messages_do_not_fill_the_cookie(visitor: Visitor, service: ReviewService) -> None:
    token = visitor.token()
    for number in range(30):
        title = f"{number} " + "가" * 190
        assert visitor.client.post("/movie", data={"title": title, "csrf_token": token}).status_code == 303
    assert len(visitor.cookie()) < 3_000
    assert len(visitor.get("/").select(".notice")) == 3


def test_get_of_a_post_route_is_an_error_page(visitor: Visitor) -> None:
    assert text(visitor.get("/review", 405).h1) == "이 방법으로는 열 수 없어요"
