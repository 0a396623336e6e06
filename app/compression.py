"""Compression of pages and long lists.

The BREACH attack guesses a secret that is compressed together with input of an attacker, from response sizes. The only
secret on pages is the CSRF token, and other sites' requests do not carry the session cookie, which is `SameSite=Lax`.
"""

from flask import Flask
from flask_compress import Compress


def register(app: Flask) -> None:
    app.config.update(
        COMPRESS_MIMETYPES=[
            "text/html", "application/json", "image/svg+xml", "application/x-ndjson", "text/csv", "text/plain"
        ],
        COMPRESS_MIN_SIZE=1_024,  # bytes; a shorter response fits one packet anyway
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"],
        COMPRESS_ZSTD_LEVEL=3,
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,  # gzip
        COMPRESS_STREAMS=False,
    )  # fmt: skip
    Compress(app)
