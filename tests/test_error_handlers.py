"""Errors: JSON `{"detail": ...}` on JSON routes, a page on pages, never a traceback."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.error_handlers import error_response as error_page
from app.errors import AlreadyExists, StoreUnavailable, UndoExpired
from app.models import Sentiment
from app.store import Store
from app.web import messages
from tests.conftest import MakeApp
from tests.fakes import FakeAnalyzer
from tests.web.conftest import Visitor, parse_html, text

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
        (b'{"movie_id": ' + b"9" * 5_000 + b"}", "application/json", 422),  # more digits than Python converts
    ],
)
def test_malformed_bodies(client: FlaskClient, path: str, body: bytes, kind: str | None, status: int) -> None:
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
def test_unknown_ids_are_not_found(client: FlaskClient, path: str, id: str) -> None:
    check(client.get(path.format(id)), 404)
    check(client.delete(path.format(id)), 405 if path.endswith("rating") and id == "0" else 404)


@pytest.mark.parametrize("id", ["0", "-1", "99", "1" + "0" * 30, "9" * 5000, "text"])
def test_pages_of_unknown_ids_are_not_found(client: FlaskClient, movie_id: int, id: str) -> None:
    of_movie = ("", "/delete", "/edit", "/merge", "/poster.png", "/reviews.atom")
    of_review = ("", "/delete", "/edit", "/why", "/words")
    for path in [f"/movie/{id}{end}" for end in of_movie] + [f"/review/{id}{end}" for end in of_review]:
        assert client.get(path).status_code == 404
        assert client.post(path).status_code in (404, 405)
    assert client.get("/", query_string={"movie": id, "page": id, "sort": id}).status_code == 200


def test_unknown_paths_and_methods(client: FlaskClient) -> None:
    check(client.get("/nope"), 404)
    answer = client.put("/movies", json={})
    check(answer, 405)
    assert "POST" in answer.headers["Allow"]
    check(client.post("/reviews", json=REVIEW), 404)


def test_a_busy_model(client: FlaskClient, movie_id: int, analyzer: Any) -> None:
    analyzer.busy = True
    for path, body in (
        ("/reviews", REVIEW),
        ("/sentiment", {"text": "최고"}),
        ("/sentiment/batch", {"texts": ["최고"]}),
    ):
        answer = client.post(path, json=body)
        check(answer, 503)
        assert answer.headers["Retry-After"] == "2"


def failing(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


@pytest.mark.usefixtures("movie_id")
def test_a_store_that_cannot_be_written(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "add_review", failing(StoreUnavailable("the disk is full", retry_after=7)))
    answer = client.post("/reviews", json=REVIEW)
    assert check(answer, 503) == "the disk is full"
    assert answer.headers["Retry-After"] == "7"
    answer = Visitor(client).post("/review", **REVIEW)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    page = parse_html(answer)
    assert str(messages.UNAVAILABLE) in page.get_text()
    assert REVIEW["content"] in page.select("textarea")[0].get_text()


def test_a_store_that_cannot_be_reached(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "movies", failing(StoreUnavailable("the database is away")))
    assert check(client.get("/movies"), 503) == "the database is away"
    page = client.get("/")
    assert (page.status_code, page.headers["Retry-After"], page.mimetype) == (503, "2", "text/html")
    assert "저장소에 닿지 않아요" in page.get_data(as_text=True)


def test_conflicts_and_expired_changes(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/movies/twin", "twin", view_func=failing(AlreadyExists("movie", 1)))
    app.add_url_rule("/movies/late", "late", view_func=failing(UndoExpired(1)))
    assert check(client.get("/movies/twin"), 409) == "movie 1 is already there"
    assert check(client.get("/movies/late"), 410) == "change 1 cannot be undone any more"


def test_an_unexpected_failure_shows_no_detail(client: FlaskClient, movie_id: int, analyzer: Any) -> None:
    analyzer.broken = True
    answer = client.post("/reviews", json=REVIEW)
    assert check(answer, 500) == "internal server error"
    page = Visitor(client).post("/review", **REVIEW)
    assert (page.status_code, page.mimetype) == (500, "text/html")
    for body in (answer, page):
        assert "secret" not in body.get_data(as_text=True)
    assert client.get("/reviews/1").get_json() == []


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "application/json", ""])
def test_pages_are_for_page_paths_and_browsers(app: Flask, client: FlaskClient, accept: str) -> None:
    headers = {"Accept": accept}
    assert client.get("/movies/7", headers=headers).mimetype == "application/json"
    for path in ("/movie/7", "/movie/text", "/review/nope"):
        assert client.get(path, headers=headers).mimetype == "text/html"
    elsewhere = client.get("/nope", headers=headers)
    assert elsewhere.status_code == 404
    assert elsewhere.mimetype == ("text/html" if "html" in accept else "application/json")


def test_odd_paths_and_ranges(client: FlaskClient) -> None:
    check(client.get("/movies//1"), 404)
    assert client.get("/movies/").status_code == 200
    assert "'unsafe-inline'" in client.get("/docs/").headers["Content-Security-Policy"]
    page = client.get("/static/style.css", headers={"Range": "bytes=9999999-", "Accept": "text/html"})
    assert page.status_code == 416
    assert "우리 쪽 문제" not in page.get_data(as_text=True)


def test_link_headers_have_known_parameters_only(client: FlaskClient) -> None:
    link = client.get("/movies?per_page=5&q=" + "가" * 200 + "&x=" + "가" * 400).headers["Link"]
    assert "x=" not in link
    assert "per_page=5" in link


def test_unknown_paths_below_a_route_are_answered_like_it(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.rule == "/":
            continue
        is_page = not rule.endpoint.startswith("api.") or rule.endpoint.startswith("api.docs")
        for accept in ("text/html", "application/json"):
            answer = client.get(f"/{rule.rule.split('/')[1]}/no/such/path", headers={"Accept": accept})
            assert (answer.status_code, answer.mimetype) == (404, "text/html" if is_page else "application/json"), rule


def test_a_movie_deleted_while_its_review_is_analyzed(
    client: FlaskClient, movie_id: int, store: Store, analyzer: FakeAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze = analyzer.analyze

    def delete_and_analyze(texts: Sequence[str]) -> list[Sentiment]:
        store.delete_movie(movie_id)
        return analyze(texts)

    monkeypatch.setattr(analyzer, "analyze", delete_and_analyze)
    assert "movie 1" in check(client.post("/reviews", json=REVIEW), 404)
    assert store.totals().review_count == 0


def test_the_scheme_comes_from_trusted_proxies_only(make_app: MakeApp) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"}
    for proxies, secure in ((0, False), (1, True)):
        client = make_app(trusted_proxies=proxies, admin_password="열려라 참깨").test_client()
        answer = client.get("/", headers=headers)
        assert ("Secure" in answer.headers["Set-Cookie"]) is secure


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_error_page_has_a_title_and_links(app: Flask, status: int, language: str) -> None:
    with app.test_request_context("/movie/1", headers={"Accept": "text/html", "Accept-Language": language}):
        page = parse_html(error_page(status, "detail"))
    assert text(page.select_one("main .meta")) == str(status)
    assert len(text(page.select_one("h1"))) > 4 and page.title and "·" in page.title.get_text()
    ways = [str(way["href"]) for way in page.select(".error-actions a")]
    assert ways[-1] == "/"
    assert (ways[0] == "") == (status in (429, 500, 503))  # a retry
    assert ways[0].startswith("/login") == (status in (401, 403))
