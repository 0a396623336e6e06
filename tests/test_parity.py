"""The same input by form and by JSON gives the same records or the same errors."""

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.schemas import MoviesQuery, ReviewsQuery
from app.services import ReviewService
from tests.conftest import MakeApp
from tests.web.conftest import Visitor, parse_html

MOVIES = [
    {"title": "괴물"},
    {"title": " 괴물\u200b", "release_date": "2006-07-27", "director": "봉준호", "genre": "SF"},
    {"title": "<script>", "poster_url": "https://example.com/a.jpg?b=1&c=2"},
    {"title": ""},
    {"title": "\u3164"},
    {"title": "가" * 201, "release_date": "2024-02-30"},
    {"title": "괴물", "poster_url": "javascript:alert(1)"},
    {"title": "괴\x00물", "director": "가" * 101, "genre": "가" * 51},
]
REVIEWS = [
    {"movie_id": 1, "author": "밤편지", "content": "최고예요\r\n정말로"},
    {"movie_id": 1, "author": " 밤편지 ", "content": "ㅋㅋㅋ 지루해요 😴"},
    {"movie_id": 1, "author": "밤편지", "content": "가" * 5000},
    {"movie_id": 1, "author": "밤편지", "content": "가" * 5001},
    {"movie_id": 1, "author": "", "content": " \n "},
    {"movie_id": 1, "author": "가" * 41, "content": "최고\x00"},
    {"movie_id": 0, "author": "밤편지", "content": "최고"},
    {"movie_id": 10**30, "author": "밤편지", "content": "최고"},
]


@pytest.fixture
def clients(make_app: MakeApp) -> tuple[FlaskClient, FlaskClient]:
    """Clients of two sites with one movie each."""
    clients = make_app().test_client(), make_app().test_client()
    for client in clients:
        client.post("/movies", json={"title": "리틀 포레스트"})
    return clients


def records(client: FlaskClient) -> Any:
    service: ReviewService = client.application.extensions["ReviewService"]
    movies = service.movies(MoviesQuery(sort="newest")).items
    reviews = [review for movie in movies for review in service.reviews(movie.id, ReviewsQuery()).items]
    return movies, [replace(review, created_at="") for review in reviews]


def fields_with_errors(answer: Any) -> set[str]:
    names = {str(control["name"]) for control in parse_html(answer).select('[name][aria-invalid="true"]')}
    return {"movie_id" if name == "movie" else name for name in names}  # a page has the title


@pytest.mark.parametrize(
    ("path", "fields"), [*(("/movie", movie) for movie in MOVIES), *(("/review", review) for review in REVIEWS)]
)
def test_a_form_and_json_have_the_same_result(
    clients: tuple[FlaskClient, FlaskClient], path: str, fields: dict[str, Any]
) -> None:
    form, json = Visitor(clients[0]).post(path, **fields), clients[1].post(f"{path}s", json=fields)
    if json.status_code == 201:
        assert form.status_code == 303
    else:
        assert (form.status_code, json.status_code) == (422, 422)
        assert fields_with_errors(form) == {item["loc"][1] for item in json.get_json()["detail"]}
    assert records(clients[0]) == records(clients[1])
