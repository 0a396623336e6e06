"""Parsing of JSON bodies, and JSON responses in unescaped UTF-8."""

import json
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response of a value, or of the bytes of a serialized one."""
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return current_app.response_class(body, status, headers, mimetype="application/json")


def json_body() -> Any:
    """Parse the request's body. Raise 415 for another content type, 400 for invalid JSON, 413 if it is too large."""
    if not request.is_json:
        raise UnsupportedMediaType("send JSON with the header Content-Type: application/json")
    data = request.get_data(cache=False)
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_reject_constant, parse_int=_parse_int)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse_int(digits: str) -> float:
    """Parse an integer; one with more digits than `int` accepts becomes infinity, which no field accepts."""
    return int(digits) if len(digits) < 1_000 else float("inf")
