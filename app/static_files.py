"""Static files, served from memory under URLs with a hash of their content.

`url_for("static", filename="style.css")` is `/static/style.css?v=<hash>`: browsers cache it for a year, and a changed
file has another URL. The files are read once, at start.
"""

import gzip
import mimetypes
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Response, abort, current_app, request

_CACHED = "public, max-age=31536000, immutable"
_MIN_SIZE = 512
"""Bytes below which compression has little effect."""


class StaticFile:
    """A file's content, and its gzip compression made on first use."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.version = blake2b(self.data, digest_size=8).hexdigest()
        is_text = self.type.startswith("text/") or self.type.endswith(("javascript", "json", "xml"))
        self.is_compressible = is_text and len(self.data) >= _MIN_SIZE

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.data, 9, mtime=0)

    def to_response(self) -> Response:
        """Return the file, compressed if accepted. It is cached for a year only at the URL of its version."""
        is_compressed = self.is_compressible and request.accept_encodings["gzip"] > 0
        response = current_app.response_class(self.compressed if is_compressed else self.data, mimetype=self.type)
        if self.is_compressible:
            response.headers["Vary"] = "Accept-Encoding"
        if is_compressed:
            response.headers["Content-Encoding"] = "gzip"
        response.set_etag(f"{self.version}-gzip" if is_compressed else self.version)
        response.headers["Cache-Control"] = _CACHED if request.args.get("v") == self.version else "no-cache"
        response.make_conditional(request, accept_ranges=not is_compressed, complete_length=len(self.data))
        return response


def register(app: Flask, folder: Path) -> None:
    """Serve the files in `folder` under `/static/`, and add their versions to their URLs."""
    files = {path.relative_to(folder).as_posix(): StaticFile(path) for path in folder.rglob("*") if path.is_file()}

    def serve(filename: str) -> Response:
        return (files.get(filename) or abort(404)).to_response()

    def add_version(endpoint: str, values: dict[str, object]) -> None:
        file = files.get(str(values.get("filename"))) if endpoint == "static" else None
        if file:
            values.setdefault("v", file.version)

    app.add_url_rule("/static/<path:filename>", "static", serve)
    app.add_url_rule("/robots.txt", "robots", lambda: serve("robots.txt"))
    app.url_defaults(add_version)
