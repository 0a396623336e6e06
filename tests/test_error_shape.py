"""Every failure has one shape: JSON `{"detail": ...}` on JSON routes, a page on pages, never a trace."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

REVIEW = {"movie_id": 1, "author": "밤편지", "content": "최고예요"}
HUGE = b'{"title": "' + b"a" * 10_000_000 + b'"}'


def check(answer: Any, status: int) -> Any:
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    body = answer.get_json()
    assert list(body) == ["detail"]
    assert "Traceback" not in answer.get_data(as_text=True)
    return body["detail"]


@pytest.mark.parametrize("path", ["/movies", "/reviews", "/sentiment", "/sentiment/batch"])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"title": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"title=a", "application/x-www-form-urlencoded", 415),
        (b"", None, 415),
        (HUGE, "application/json", 413),
        (b"null", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'[{"title": "a"}]', "application/json", 422),
        (b'"text"', "application/json", 422),
        (b"7", "application/json", 422),
        (b"{}", "application/json", 422),
    ],
)
def test_bodies(client: FlaskClient, path: str, body: bytes, kind: str | None, status: int) -> None:
    detail = check(client.post(path, data=body, content_type=kind), status)
    if status == 422:
        assert all(set(item) == {"loc", "msg", "type"} and item["loc"][0] == "body" for item in detail)
    else:
        assert isinstance(detail, str)
    assert client.get("/movies").get_json() == []


def test_a_422_names_field_rule_and_limit(client: FlaskClient, movie_id: int) -> None:
    detail = check(client.post("/reviews", json={**REVIEW, "content": "가" * 5001}), 422)
    assert detail == [
        {"loc": ["body", "content"], "msg": "must have at most 5000 characters, has 5001", "type": "string_too_long"}
    ]
    detail = check(client.get("/movies?page=none"), 422)
    assert detail[0]["loc"] == ["query", "page"]


@pytest.mark.parametrize("id", ["0", "-1", "1" + "0" * 30, "9" * 5000, "text", "1.5", "%00", "٣"])
@pytest.mark.parametrize("path", ["/movies/{}", "/movies/{}/average_rating", "/reviews/{}"])
def test_ids_that_name_nothing(client: FlaskClient, path: str, id: str) -> None:
    check(client.get(path.format(id)), 404)
    check(client.delete(path.format(id)), 405 if path.endswith("rating") and id == "0" else 404)


@pytest.mark.parametrize("id", [0, -1, 10**30, "text", "1", None, 1.5])
def test_movie_ids_of_reviews(client: FlaskClient, id: Any) -> None:
    check(client.post("/reviews", json={**REVIEW, "movie_id": id}), 422)


def test_unknown_paths_and_methods(client: FlaskClient) -> None:
    check(client.get("/nope"), 404)
    answer = client.put("/movies", json={})
    check(answer, 405)
    assert "POST" in answer.headers["Allow"]
    check(client.post("/reviews", json=REVIEW), 404)


def test_busy(client: FlaskClient, movie_id: int, analyzer: Any) -> None:
    analyzer.busy = True
    for path, body in (
        ("/reviews", REVIEW),
        ("/sentiment", {"text": "최고"}),
        ("/sentiment/batch", {"texts": ["최고"]}),
    ):
        answer = client.post(path, json=body)
        check(answer, 503)
        assert answer.headers["Retry-After"] == "2"


def test_a_failure_leaks_nothing(client: FlaskClient, movie_id: int, analyzer: Any) -> None:
    analyzer.broken = True
    answer = client.post("/reviews", json=REVIEW)
    assert check(answer, 500) == "internal server error"
    assert "secret" not in answer.get_data(as_text=True)
    assert client.get("/reviews/1").get_json() == []


def test_the_store_takes_markup_as_text(client: FlaskClient) -> None:
    nasty = "<script>alert(1)</script>"
    answer = client.post("/movies", json={"title": nasty, "director": nasty, "genre": nasty})
    assert answer.status_code == 201
    assert answer.get_json()["title"] == nasty
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "application/json", ""])
def test_who_gets_a_page(app: Flask, client: FlaskClient, accept: str) -> None:
    headers = {"Accept": accept}
    assert client.get("/movies/7", headers=headers).mimetype == "application/json"
    for path in ("/movie/7", "/movie/text", "/review/nope"):
        assert client.get(path, headers=headers).mimetype == "text/html"
    elsewhere = client.get("/nope", headers=headers)
    assert elsewhere.status_code == 404
    assert elsewhere.mimetype == ("text/html" if "html" in accept else "application/json")
