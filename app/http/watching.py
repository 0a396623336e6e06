"""What each request came to, told to whoever watches: the log, the metrics. Gives every answer an `X-Request-ID`."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import getrandbits

from flask import Flask, Request, Response, g, request

UNKNOWN_ROUTE = "unknown"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answered request. `route` is the path's template and `method` one of HTTP's, so that both are few; `path`, as
    it was asked for, has no query; `seconds` ends with the answer's last header; `size` is the body's, in bytes, None
    while unknown; `client` the address as the site sees it."""

    request_id: str
    client: str
    method: str
    route: str
    path: str
    status: int
    seconds: float
    size: int | None


Watcher = Callable[[Answered], None]


def register(app: Flask, *watchers: Watcher, believe_ids: bool = False) -> None:
    """Tells `watchers` of every request. Comes before whatever else hangs itself on requests, to time that as well.

    An id tells requests apart and keeps no secret. With `believe_ids`, a request may bring its `X-Request-ID`: for a
    site whose proxy gives them."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        brought = request.headers.get("X-Request-ID", "") if believe_ids else ""
        g.request_id = brought if _ID.fullmatch(brought) else f"{getrandbits(64):016x}"

    @app.after_request
    def end(response: Response) -> Response:
        response.headers.add("X-Request-ID", g.request_id)
        answered = _answered(request._get_current_object(), response)  # type: ignore[attr-defined]
        for watch in watchers:
            watch(answered)
        return response


def _answered(request: Request, response: Response) -> Answered:
    return Answered(
        request_id=g.request_id,
        client=request.remote_addr or "",
        method=request.method if request.method in _METHODS else "other",
        route=request.url_rule.rule if request.url_rule else UNKNOWN_ROUTE,
        path=request.path,
        status=response.status_code,
        seconds=time.perf_counter() - g.began,
        size=response.calculate_content_length() if response.is_sequence else response.content_length,
    )
