"""Compression of pages and long lists.

The BREACH attack guesses a secret that is compressed together with input of an attacker, from response sizes. The only
secret on pages is the CSRF token, and other sites' requests do not carry the session cookie, which is `SameSite=Lax`.
"""

from flask import Flask, Response
from flask_compress import Compress

MIN_SIZE = 1_024
"""Bytes; a shorter response fits one packet anyway."""
TYPES = ("text/html", "application/json", "image/svg+xml", "application/x-ndjson", "text/csv", "text/plain")


def register(app: Flask) -> None:
    app.config.update(
        COMPRESS_REGISTER=False,  # called below, for long responses only
        COMPRESS_MIMETYPES=list(TYPES),
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["zstd", "br"],
        COMPRESS_ZSTD_LEVEL=3,
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,  # gzip
        COMPRESS_STREAMS=False,
    )
    extension = Compress(app)

    def compress(response: Response) -> Response:
        if response.is_streamed or response.mimetype not in TYPES or (response.content_length or 0) < MIN_SIZE:
            return response
        return extension.after_request(response)

    app.after_request(compress)
