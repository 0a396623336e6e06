"""Pages and long lists travel packed; what is short does not, so that a small answer costs nothing more.

A secret beside what a caller chose, packed together, can be guessed from sizes (BREACH). The one on our pages is the
form's token, and another site's page cannot have them fetched with the visitor's cookie: it is `SameSite=Lax`.
"""

from flask import Flask, Response
from flask_compress import Compress

MIN_SIZE = 1_024
"""Bytes: below, packing saves no packet."""
TYPES = ("text/html", "application/json", "image/svg+xml", "application/x-ndjson", "text/csv", "text/plain")


def register(app: Flask) -> None:
    app.config.update(
        COMPRESS_REGISTER=False,  # asked below, and only for what is long enough
        COMPRESS_MIMETYPES=list(TYPES),
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["zstd", "br"],
        COMPRESS_ZSTD_LEVEL=3,
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,  # gzip
        COMPRESS_STREAMS=False,
    )
    packer = Compress(app)

    def pack(response: Response) -> Response:
        if response.is_streamed or response.mimetype not in TYPES or (response.content_length or 0) < MIN_SIZE:
            return response
        return packer.after_request(response)

    app.after_request(pack)
