"""Generated requests to every route and form: no 500, and no change to others' records."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.factory import create_app
from app.settings import Settings
from app.store import open_store
from tests.fakes import FakeAnalyzer
from tests.security.conftest import PASSWORD, post_review
from tests.web.conftest import wait

store = open_store()
open_settings = Settings(secret_key="tests", instance_dir=str(Path(gettempdir(), "unused")), ratelimit_enabled=0)
app = create_app(replace(open_settings, admin_password=PASSWORD), store=store, analyzer=FakeAnalyzer())
open_app = create_app(open_settings, store=open_store(), analyzer=FakeAnalyzer())
RULES = sorted(
    {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) | {"PUT"}
        if not rule.rule.startswith("/docs/")
    }
)
NAMES = ["title", "author", "content", "movie_id", "release_date", "director", "genre", "poster_url", "text", "texts"]
NAMES.append("label")
KEYS = ["id", "movie_id", "review_id", "reader", "rating", "model", "created_at", "sentiment_label", *NAMES]
NAMES += ["q", "sort", "page", "per_page", "next", "password", "csrf_token", "website", "language", "order", "movie"]
TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
VALUE = st.one_of(
    TEXT,
    st.sampled_from(
        ["", "1", "0", "-1", "9" * 19, "9" * 400, "긍정", "<b>", "' --", "\x00", "\ud800", "../..", "가" * 6_000]
    ),
)
ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), VALUE),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(VALUE, inner, max_size=4)),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXT), VALUE, max_size=8)
EXAMPLES = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
STARTS = ["http://", "//", "/", "/\\", "", "xn--", "["]
PIECES = ["[", "]", ":", "xn--", "a", ".", "localhost", "@", "/", "?", "%5B", "1", "é"]
ADDRESS = st.builds(str.__add__, st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES), max_size=3).map("".join))
HEADERS = ["Host", "Origin", "Referer", "Cookie", "Authorization", "Accept", "Range", "If-None-Match", "Content-Type"]
HEADER = st.one_of(ADDRESS, ADDRESS, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
SEGMENT = st.one_of(st.just("1"), VALUE.filter(lambda value: value not in (".", "..")))


@pytest.fixture(scope="module")
def others_review() -> Any:
    """Add a movie and a review by another browser; return their values."""
    with app.test_client() as client:
        client.post("/movies", json={"title": "리틀 포레스트", "genre": "드라마"})
        post_review(client, 1, "처음엔 심심했는데 볼수록 따뜻해요")
    return others_records()


def others_records() -> Any:
    movie, review = store.movie(1), store.review(1)
    return movie.title, movie.genre, movie.director, replace(review, correction_count=0, like_count=0)


def encodable(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").get_data(as_text=True))
    assert found
    return found[1]


@given(
    rule=st.sampled_from(RULES),
    segment=SEGMENT,
    query=FIELDS,
    form=st.one_of(st.none(), FIELDS),
    body=st.one_of(st.none(), ANY, FIELDS, st.binary(max_size=60)),
    has_valid_token=st.booleans(),
)
@settings(EXAMPLES, max_examples=400)
def test_no_request_fails_or_changes_others_records(
    others_review: Any, rule: tuple[str, str], segment: str, query: Any, form: Any, body: Any, has_valid_token: bool
) -> None:
    method, pattern = rule
    path = re.sub(r"<[^>]*>", lambda _: quote(encodable(segment)) or "x", pattern)
    sent: dict[str, Any] = {"query_string": {encodable(name): encodable(value) for name, value in query.items()}}
    with app.test_client() as client:
        if form is not None:
            sent["data"] = {encodable(name): encodable(value) for name, value in form.items()}
            if has_valid_token:
                sent["data"]["csrf_token"] = token(client)
        elif isinstance(body, bytes):
            sent |= {"data": body, "content_type": "application/json"}
        else:
            sent["json"] = body
        answer = client.open(path, method=method, **sent)
        assert answer.status_code < 500, (method, path)
        assert "Content-Security-Policy" in answer.headers
    assert others_records() == others_review


@given(
    rule=st.sampled_from(RULES),
    headers=st.dictionaries(st.sampled_from(HEADERS), HEADER, min_size=1, max_size=3),
    is_open=st.booleans(),
)
@settings(EXAMPLES, max_examples=400)
def test_no_header_causes_a_failure(rule: tuple[str, str], headers: dict[str, str], is_open: bool) -> None:
    method, pattern = rule
    environ = EnvironBuilder(re.sub(r"<[^>]*>", "1", pattern), method=method, headers=headers).get_environ()
    _, status, record = run_wsgi_app(open_app if is_open else app, environ)  # a client would read the host's name
    assert status < "500", (method, pattern)
    assert "Content-Security-Policy" in record


@given(next_page=ADDRESS, path=st.sampled_from(["/login", "/theme", "/language"]))
@settings(EXAMPLES, max_examples=150)
def test_redirects_stay_on_this_site(next_page: str, path: str) -> None:
    with app.test_client() as client:
        assert client.get("/login", query_string={"next": next_page}).status_code == 200
        sent = {"csrf_token": token(client), "next": next_page, "password": PASSWORD, "theme": "dark", "language": "en"}
        answer = client.post(path, data=sent)
        assert answer.status_code == 303
        assert re.match(r"/(?![/\\])", answer.headers["Location"])


@given(
    head=st.one_of(st.just({}), st.fixed_dictionaries({"version": VALUE}), ANY),
    rows=st.lists(st.one_of(ANY, st.dictionaries(st.sampled_from([*KEYS, "?"]), st.one_of(ANY, VALUE))), max_size=3),
    kind=st.sampled_from(["movie", "review", "correction", "end", "\ud800"]),
)
@settings(EXAMPLES, max_examples=100)
def test_no_import_breaks_the_job_page(head: Any, rows: list[Any], kind: str) -> None:
    first = {"format": "gampyeong", "version": 1} | head if isinstance(head, dict) else head
    lines = [first, *({"kind": kind} | row if isinstance(row, dict) else row for row in rows)]
    content = "\n".join(map(json.dumps, lines)).encode()
    with open_app.test_client() as client:
        file = (io.BytesIO(content), "all.jsonl")
        answer = client.post("/admin/data/import", data={"csrf_token": token(client), "file": file})
        assert answer.status_code == 303
        wait(open_app)
        assert client.get("/admin/data/job").status_code == 200


@given(
    fields=FIELDS,
    path=st.sampled_from(["/movie", "/review", "/movie/1/review", "/login", "/review/1/edit", "/movie/1/edit"]),
)
@settings(EXAMPLES, max_examples=150)
def test_a_refused_form_is_a_page(others_review: Any, fields: Any, path: str) -> None:
    with app.test_client() as client:
        typed = {encodable(name): encodable(value) for name, value in fields.items()} | {"csrf_token": "stale"}
        answer = client.post(path, data=typed)
        assert answer.status_code in (400, 401, 403)
        assert answer.mimetype == "text/html"
    assert others_records() == others_review
