"""Static files: versions, caching and compression."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import static_files
from app.settings import ROOT
from tests.web.conftest import AddMovie, Visitor

GZIP = {"Accept-Encoding": "gzip"}
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def address(visitor: Visitor) -> str:
    """Where the pages' style is."""
    link = visitor.get("/").select_one('link[rel="stylesheet"]')
    assert link
    return str(link["href"])


def test_versioned_files_are_cached_for_a_year(visitor: Visitor) -> None:
    path = address(visitor)
    assert re.fullmatch(r"/static/style\.css\?v=[0-9a-f]{16}", path)
    answer = visitor.client.get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/css; charset=utf-8"
    assert answer.get_data() == (ROOT / "static" / "style.css").read_bytes()
    assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/static/style.css", "/static/style.css?v=0123456789abcdef"])
def test_other_versions_are_revalidated(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_changed_file_has_another_url(tmp_path: Path) -> None:
    addresses = []
    for content in ("a {}", "b {}"):
        (tmp_path / "style.css").write_text(content)
        app = Flask("app", static_folder=None)
        static_files.register(app, tmp_path)
        with app.test_request_context():
            addresses.append(app.url_for("static", filename="style.css"))
    assert len(set(addresses)) == 2


def test_static_files_are_compressed(visitor: Visitor) -> None:
    path = address(visitor)
    plain, packed = visitor.client.get(path), visitor.client.get(path, headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.get_data()) == plain.get_data()
    assert len(packed.get_data()) < len(plain.get_data()) / 3
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert int(packed.headers["Content-Length"]) == len(packed.get_data())
    again = visitor.client.get(path, headers=GZIP | {"If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304 and not again.get_data()


def test_missing_files_are_not_found(client: FlaskClient) -> None:
    for path in ("/static/nothing.css", "/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_pages_and_long_lists_are_compressed(client: FlaskClient, add_movie: AddMovie, encoding: str) -> None:
    for i in range(20):
        add_movie(f"영화 {i}")
    for path in ("/", "/movies", "/openapi.json"):
        answer = client.get(path, headers={"Accept-Encoding": encoding})
        assert answer.headers["Content-Encoding"] == encoding, path
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert len(answer.get_data()) < len(client.get(path).get_data()) / 2


def test_short_responses_are_not_compressed(client: FlaskClient, movie_id: int) -> None:
    for path in (f"/movies/{movie_id}", "/healthz", f"/reviews/{movie_id}"):
        answer = client.get(path, headers=BROWSER)
        assert "Content-Encoding" not in answer.headers
        assert answer.get_json() is not None
