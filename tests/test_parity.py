"""The same input by form and by JSON gives the same records or the same errors."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from app.schemas import MoviesQuery, ReviewsQuery
from app.services import ReviewService
from app.settings import Settings
from tests.fakes import FakeAnalyzer
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


class Site:
    """A site with one movie."""

    def __init__(self, folder: Path) -> None:
        self.app = create_app(Settings(secret_key="tests", instance_dir=str(folder)), analyzer=FakeAnalyzer())
        self.client: FlaskClient = self.app.test_client()
        self.client.post("/movies", json={"title": "리틀 포레스트"})

    def records(self) -> Any:
        service: ReviewService = self.app.extensions["ReviewService"]
        movies = service.movies(MoviesQuery(sort="newest")).items
        reviews = [review for movie in movies for review in service.reviews(movie.id, ReviewsQuery()).items]
        return movies, [replace(review, created_at="") for review in reviews]

    def post_form(self, path: str, data: dict[str, Any]) -> Any:
        return Visitor(self.client).post(path, **data)


@pytest.fixture
def sites(tmp_path: Path) -> tuple[Site, Site]:
    return Site(tmp_path), Site(tmp_path)


def fields_with_errors(answer: Any) -> set[str]:
    names = {str(control["name"]) for control in parse_html(answer).select('[name][aria-invalid="true"]')}
    return {"movie_id" if name == "movie" else name for name in names}  # a page has the title


def compare(sites: tuple[Site, Site], form: Any, json: Any) -> None:
    if json.status_code == 201:
        assert form.status_code == 303
    else:
        assert (form.status_code, json.status_code) == (422, 422)
        assert fields_with_errors(form) == {item["loc"][1] for item in json.get_json()["detail"]}
    assert sites[0].records() == sites[1].records()


@pytest.mark.parametrize("movie", MOVIES)
def test_movies_by_form_and_json(sites: tuple[Site, Site], movie: dict[str, Any]) -> None:
    by_form, by_json = sites
    compare(sites, by_form.post_form("/movie", movie), by_json.client.post("/movies", json=movie))


@pytest.mark.parametrize("review", REVIEWS)
def test_reviews_by_form_and_json(sites: tuple[Site, Site], review: dict[str, Any]) -> None:
    by_form, by_json = sites
    compare(sites, by_form.post_form("/review", review), by_json.client.post("/reviews", json=review))
