"""JSON in and out: UTF-8 with real Korean, and a body that must be JSON."""

from typing import Any

from flask import Response, current_app, json, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`body`, a JSON-able value or the bytes of a finished document, as the answer."""
    data = (
        body
        if isinstance(body, bytes)
        else json.dumps(body, ensure_ascii=False, sort_keys=False, separators=(",", ":"))
    )
    return current_app.response_class(data, status, headers, mimetype="application/json")


def json_body() -> Any:
    """Return the request's JSON. Raises 415 for another content type, 400 for invalid JSON, 413 if it is too large."""
    if not request.is_json:
        raise UnsupportedMediaType("send JSON with the header Content-Type: application/json")
    data = request.get_data(cache=False)
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_int=_parse_int)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {_reason(error)}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse_int(digits: str) -> float:
    """Parse an integer. One with more digits than Python reads becomes infinity, which no field accepts."""
    return int(digits) if len(digits) < 1_000 else float("inf")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
