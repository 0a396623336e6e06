"""Forms where the store moves under the visitor's hands, or holds more than a page shows."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from app.catalogue import Catalogue
from app.inputs import MovieInput


def post(client: FlaskClient, path: str, page: str, data: dict[str, Any] | None = None) -> Any:
    form = BeautifulSoup(client.get(page).get_data(), "html.parser").select_one('input[name="csrf_token"]')
    assert form
    return client.post(path, data={**(data or {}), "csrf_token": form["value"]})


def test_the_chosen_movie_stays_chosen_among_many(client: FlaskClient, catalogue: Catalogue) -> None:
    for number in range(1, 601):
        catalogue.add_movie(MovieInput(title=f"영화 {number:04}"))
    answer = post(client, "/review", "/?sort=title", {"movie_id": "530", "author": "", "content": "최고"})
    assert answer.status_code == 422
    chosen = BeautifulSoup(answer.get_data(), "html.parser").select_one('#write [name="movie_id"]')
    assert chosen
    assert chosen["value"] == "530"


@pytest.mark.parametrize("id", ["0", "-1", "1" + "0" * 30, "text", "9" * 5000])
def test_absurd_ids_are_not_found(client: FlaskClient, movie_id: int, id: str) -> None:
    for path in (f"/movie/{id}/delete", f"/review/{id}/delete", f"/movie/{id}"):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code in (404, 405)
    answer = client.get("/", query_string={"movie": id, "page": id, "sort": id})
    assert answer.status_code == 200


def test_a_review_for_movie_0_gets_one_sentence(client: FlaskClient, movie_id: int) -> None:
    answer = post(client, "/movie/0/review", "/", {"author": "밤편지", "content": "최고예요"})
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "그 사이에 지워진 영화예요" in text
    assert "어떤 영화의 리뷰인지" not in text
    assert "최고예요" in text


def test_of_two_deletes_the_second_finds_nothing(client: FlaskClient, movie_id: int) -> None:
    assert post(client, f"/movie/{movie_id}/delete", f"/movie/{movie_id}/delete").status_code == 303
    assert post(client, f"/movie/{movie_id}/delete", "/").status_code == 404
