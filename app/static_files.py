"""Scripts, styles and pictures of the site, kept in memory under addresses that hold what they are made of.

`url_for("static", filename="style.css")` is `/static/style.css?v=<hash>`: browsers keep that for a year, and a changed
file has another address. Read once, at the start: the site is started again to show a changed file.
"""

import gzip
import mimetypes
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Response, abort, current_app, request

from app.extensions import get_service, register_service

_KEPT = "public, max-age=31536000, immutable"
_WORTH_PACKING = 512
"""Bytes below which a packed file is hardly smaller."""


class StaticFile:
    """A file's bytes, as they are and packed (gzip, which every browser takes; made when first asked for, once)."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.version = blake2b(self.data, digest_size=8).hexdigest()
        is_text = self.type.startswith("text/") or self.type.endswith(("javascript", "json", "xml"))
        self.packs = is_text and len(self.data) >= _WORTH_PACKING

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.data, 9, mtime=0)

    def answer(self) -> Response:
        """Return the file, compressed if accepted. It is cached for a year only at the URL of its version."""
        is_packed = self.packs and request.accept_encodings["gzip"] > 0
        response = current_app.response_class(self.packed if is_packed else self.data, mimetype=self.type)
        if self.packs:
            response.headers["Vary"] = "Accept-Encoding"
        if is_packed:
            response.headers["Content-Encoding"] = "gzip"
        response.set_etag(f"{self.version}-gzip" if is_packed else self.version)
        response.headers["Cache-Control"] = _KEPT if request.args.get("v") == self.version else "no-cache"
        response.make_conditional(request, accept_ranges=not is_packed, complete_length=len(self.data))
        return response


class StaticFiles:
    """Every file of the static folder, by its name there."""

    def __init__(self, folder: Path) -> None:
        files = [path for path in folder.rglob("*") if path.is_file()]
        self._assets = {path.relative_to(folder).as_posix(): StaticFile(path) for path in files}

    def get(self, name: str) -> StaticFile | None:
        return self._assets.get(name)


def register(app: Flask, folder: Path) -> None:
    """Serve the files in `folder` under `/static/`, and add their versions to their URLs."""
    assets = StaticFiles(folder)
    register_service(app, assets)
    app.add_url_rule("/static/<path:filename>", "static", _answer)
    app.add_url_rule("/robots.txt", "robots", lambda: _answer("robots.txt"))

    def add_version(endpoint: str, values: dict[str, object]) -> None:
        asset = assets.get(str(values.get("filename"))) if endpoint == "static" else None
        if asset:
            values.setdefault("v", asset.version)

    app.url_defaults(add_version)


def _answer(filename: str) -> Response:
    return (get_service(StaticFiles).get(filename) or abort(404)).answer()
