"""Common attacks: each is refused, or its text is stored and shown as text."""

import gzip
import re
import zlib
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.schemas import BODY_MAX
from app.store import Store
from tests.security.conftest import BEARER, post_review
from tests.web.conftest import Visitor, parse_html, text

MARKUP = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)", "{{ 7 * 7 }}{% raw %}${7*7} %(id)s %s 100% {0}", "</textarea><script>alert(1)</script>",
    "javascript:alert(1)", "<!--", "]]>", "&lt;b&gt;",
]  # fmt: skip
SQL = ["\\'; DELETE FROM reviews; --", "%' AND 1=0 UNION SELECT 1 --"]
UNICODE = [  # with a right-to-left override, zero width, a Cyrillic а, four-byte characters and joiners
    "\u202emoc.live\u202c 괴물", "괴\u200b물\u200d", "\u0430dmin", "🎬🍿👩‍👩‍👧‍👦" * 5, "Z̸͎̈a̵͂l̴g̶o̶",
]  # fmt: skip


@pytest.mark.parametrize("nasty", MARKUP + SQL + UNICODE)
def test_user_text_is_escaped_everywhere(admin: Visitor, store: Store, nasty: str) -> None:
    fields = {"title": f"가 {nasty}", "director": nasty, "genre": nasty[:50]}
    movie = admin.client.post("/movies", json=fields).get_json()
    review = admin.client.post(
        "/reviews", json={"movie_id": movie["id"], "author": nasty[:40], "content": f"최고 {nasty}"}
    ).get_json()
    if nasty in MARKUP:
        assert (movie["title"], review["author"], review["content"]) == (f"가 {nasty}", nasty[:40], f"최고 {nasty}")
    admin.client.delete(f"/reviews/{post_review(admin.client, movie['id'], nasty)}")
    movie_page, review_page = f"/movie/{movie['id']}", f"/review/{review['id']}"
    paths = ["/", "/admin/log", movie_page, f"{movie_page}/delete", f"{movie_page}/edit"]
    paths += [f"{review_page}/why", f"{review_page}/delete"]
    paths += [f"/?{urlencode({name: nasty[:50]})}" for name in ("q", "genre", "movie")]
    form = {**dict.fromkeys(("title", "release_date", "poster_url", "movie_id", "author"), nasty), "content": ""}
    answers = [admin.client.get(path) for path in paths] + [admin.post(path, **form) for path in ("/movie", "/review")]
    answers.append(admin.client.get(f"/{quote(nasty)}", headers={"Accept": "text/html"}))
    for page in map(parse_html, answers):
        assert page.select("main")
        assert not page.select("script:not([src]), [onerror], [onload], [onmouseover], iframe, object, base")
        assert not page.select('[href^="javascript:" i], [src^="javascript:" i], [href^="data:" i]')
    shown = text(admin.get(f"/movie/{movie['id']}").select_one("h1"))
    assert shown == " ".join(movie["title"].split())
    assert store.totals().review_count == 1


def test_pages_load_their_own_scripts_only(visitor: Visitor, movie_id: int) -> None:
    review_id = post_review(visitor.client, movie_id, "최고예요 " * 200)
    own = (f"/movie/{movie_id}", f"/review/{review_id}/delete", f"/review/{review_id}/edit")
    for path in ("/", "/model", "/login", "/nothing", "/docs", "/static/nothing", *own):
        answer = visitor.client.get(path, headers={"Accept": "text/html"})
        policy = answer.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "frame-ancestors 'none'", "script-src 'self'"):
            assert part in policy
        assert ("'unsafe-inline'" in policy) is (path == "/docs")
        assert "unsafe-eval" not in policy
        page = BeautifulSoup(answer.get_data(), "html.parser")
        assert not page.select("script:not([src]), style, [style]")
        assert all(re.match(r"/(static|docs)/", str(tag["src"])) for tag in page.select("script[src]"))
        assert not [name for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")]


@pytest.mark.parametrize(
    "path", ["/", "/movies", "/nothing", "/static/style.css", "/healthz", "/movies/7", "/login", "/docs"]
)
def test_responses_have_security_headers(app: Flask, path: str) -> None:
    for base, has_hsts in (("http://localhost", False), ("https://localhost", True)):
        headers = app.test_client().get(path, base_url=base).headers
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
        assert headers["Referrer-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert ("Strict-Transport-Security" in headers) is has_hsts
        assert "Server" not in headers or "Werkzeug" not in headers["Server"]


BREAKS = ["\r\nSet-Cookie: admin=1", "%0d%0aSet-Cookie:%20admin=1", "\nX: y", "\u2028X: y", "\x00"]


@pytest.mark.parametrize("trick", BREAKS)
def test_line_breaks_add_no_headers(admin: Visitor, movie_id: int, trick: str) -> None:
    quoted = quote(trick)
    paths = [f"/login?next=/{quoted}", f"/movies?per_page=1&q={quoted}", f"/{quoted}", f"/movie/{quoted}"]
    answers = [admin.client.get(path) for path in [*paths, f"/?q={quoted}&movie={quoted}&sort={quoted}"]]
    answers += [
        admin.post("/movie", title=f"가{trick}"),
        admin.post("/login", "/login", password="x", next=f"/{trick}"),
        admin.post("/language", language=trick, next=f"/{trick}"),
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert "X" not in answer.headers
        assert not [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("admin")]
        assert all("\n" not in value and "\r" not in value for value in answer.headers.values())


@pytest.mark.parametrize("path", [
    "/static/../app/settings.py", "/static/..%2fapp/settings.py", "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/....//app/settings.py", "/static//etc/passwd", "/static/%00", "/static/style.css%00.png",
    "/docs/../app/settings.py", "/docs/..%5capp", "/model/..%2f..%2fconfig.png", "/model/%2e%2e.png",
    "/movie/1/../../admin/log", "/admin/./log", "/ADMIN/LOG", "/admin//log", "/admin/log/", "/admin/log%2f",
    "/movies/1;admin", "/movie/1%20", "/movie/１",
])  # fmt: skip
def test_path_traversal_is_refused(visitor: Visitor, movie_id: int, path: str) -> None:
    answer = visitor.client.get(path)
    assert answer.status_code in (400, 401, 404, 308)
    assert "root:" not in answer.get_data(as_text=True)
    assert "SENTIMENT_MODEL" not in answer.get_data(as_text=True)
    location = answer.headers.get("Location", "/")
    assert not location.startswith("//") and "evil" not in location


@pytest.mark.parametrize("path", ["/movies", "/sentiment/batch", "/movie"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "x"])
def test_compressed_request_bodies_are_refused(visitor: Visitor, path: str, encoding: str) -> None:
    bomb = gzip.compress(b"0" * 10_000_000) if "gzip" in encoding else zlib.compress(b"0" * 10_000_000)
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    assert visitor.client.post(path, data=bomb, headers=headers).status_code == 415


PART = b"--x\r\nContent-Disposition: form-data; name=title\r\n\r\n%b"


@pytest.mark.parametrize(("kind", "body"), [
    ("application/json", b'{"title": "' + b"a" * BODY_MAX + b'"}'),
    ("application/x-www-form-urlencoded", b"title=" + b"a" * BODY_MAX),
    ("multipart/form-data; boundary=x", PART % (b"a" * BODY_MAX)),
    ("multipart/form-data; boundary=x", (PART % b"1\r\n") * 2_000 + b"--x--\r\n"),
    ("application/x-www-form-urlencoded", b"title=" + b"a" * 600_000),
])  # fmt: skip
def test_too_large_request_bodies_are_refused(visitor: Visitor, store: Store, kind: str, body: bytes) -> None:
    path = "/movies" if kind == "application/json" else "/movie"
    answer = visitor.client.post(path, data=body, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (413, "application/json" if path == "/movies" else "text/html")
    assert store.totals().movie_count == 0


@pytest.mark.parametrize("body", [
    b"&" * 200_000, b"&".join(b"f%d=1" % number for number in range(30_000)), b"title=%ff%fe&csrf_token=%00",
    b"title" + b"[a]" * 10_000 + b"=1",
])  # fmt: skip
def test_malformed_forms_are_refused(visitor: Visitor, body: bytes) -> None:
    answer = visitor.client.post("/movie", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("body", [
    b'{"a":' * 50_000, b"[" * 200_000, b'{"title": 1e999}', b'{"title":' + b"9" * 100_000 + b"}",
    rb'{"title": "\ud800"}', rb'{"title": "\udc00\ud800"}', b'{"title": "\xed\xa0\x80"}', b'{"title": "\xff"}',
])  # fmt: skip
def test_deep_and_large_json_and_lone_surrogates_are_refused(visitor: Visitor, store: Store, body: bytes) -> None:
    assert visitor.client.post("/movies", data=body, content_type="application/json").status_code in (400, 422)
    assert store.totals().movie_count == 0


def test_repeats_and_overrides_are_ignored(visitor: Visitor, stranger: Visitor, movie_id: int, store: Store) -> None:
    written = post_review(stranger.client, movie_id)
    token = visitor.token()
    form = f"csrf_token={token}&csrf_token=x&title=%EA%B0%80&title=%EB%82%98"
    answer = visitor.client.post("/movie", data=form, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 303
    assert store.movie(movie_id + 1).title == "가"
    body = b'{"movie_id": 1, "movie_id": 999, "author": "a", "author": "b", "content": "c", "writer": "x", "id": 1}'
    assert visitor.client.post("/reviews", data=body, content_type="application/json").status_code == 404
    review = {"movie_id": movie_id, "author": "a", "content": "b", "id": written}
    review["writer"] = store.review(written).writer
    fresh = visitor.client.post("/reviews", json=review).get_json()
    assert fresh["id"] != written
    assert store.review(fresh["id"]).writer != store.review(written).writer
    for trick in (f"/reviews/{written}?id={fresh['id']}", f"/reviews/{written}?_method=GET"):
        assert visitor.client.delete(trick).status_code == 403
    override = {"X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/admin/log", "X-Forwarded-User": "admin"}
    assert visitor.client.post("/reviews", json=review, headers=override).status_code == 201
    assert store.review(written)


def test_bidirectional_text_is_isolated(visitor: Visitor, movie_id: int) -> None:
    post_review(visitor.client, movie_id, "최고 \u202e다니합천추", author="\u202e님자리관")
    item = visitor.get(f"/movie/{movie_id}").select_one(".review")
    assert item
    assert item.select_one(".by bdi")
    assert item.select_one('.text[dir="auto"]')


def routes(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, re.sub(r"<[^>]*>", "1", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def test_forms_need_a_csrf_token(app: Flask, admin: Visitor, movie_id: int, store: Store) -> None:
    post_review(admin.client, movie_id)
    before = snapshot(store)
    fields = {"title": "x", "author": "x", "content": "x", "movie_id": "1", "label": "긍정", "confirm": "1"}
    for method, path in routes(app):
        if method == "POST" and not path.startswith(("/movies", "/reviews", "/sentiment", "/language")):
            redirects = path == "/admin/data/job/stop"  # it shows the job again
            status = admin.client.post(path, data=fields).status_code
            assert status in ((303,) if redirects else (400, 404, 410)), path
    assert snapshot(store) == before


def test_admin_routes_need_a_login(app: Flask, visitor: Visitor, admin: Visitor, movie_id: int) -> None:
    token = visitor.token()
    for method, path in routes(app):
        if path.startswith("/admin") or path == "/metrics":
            answer = visitor.client.open(path, method=method, data={"csrf_token": token})
            assert answer.status_code == 401, (method, path)
            method = "HEAD" if method == "GET" else method
            answer = visitor.client.open(path, method=method, headers={"Authorization": "x"})
            assert answer.status_code == 401, (method, path)
            expected = {410} if path == "/admin/data/preview" else {200} if method == "HEAD" else {303, 422}
            assert admin.client.open(path, method=method, data={"csrf_token": admin.token()}).status_code in expected
            assert visitor.client.open(path, method=method, headers=BEARER).status_code not in (401, 403)


def test_a_bearer_password_does_not_replace_the_csrf_token(app: Flask, movie_id: int, store: Store) -> None:
    answer = app.test_client().post(f"/movie/{movie_id}/delete", headers=BEARER)
    assert answer.status_code == 400
    assert store.totals().movie_count == 1


def snapshot(store: Store) -> Any:
    return store.movies(), store.all_reviews(), store.totals()
