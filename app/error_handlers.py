"""Error handlers: exceptions become JSON `{"detail": ...}` or an error page, depending on the path."""

import logging
from math import ceil
from typing import Any

from flask import Flask, Response, current_app, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.exceptions import BadHost, HTTPException, RequestEntityTooLarge

from app.errors import (
    AlreadyExists,
    DuplicateSubmission,
    EditConflict,
    ModelBusy,
    NicknameRefused,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReviewedByOthers,
    StoreUnavailable,
    UndoExpired,
    ValidationFailed,
    first_line,
)
from app.i18n import lazy_gettext
from app.json_io import json_response

_log = logging.getLogger("gampyeong")

_PAGE_TEXTS = {
    400: (lazy_gettext("요청을 이해하지 못했어요"), lazy_gettext("주소나 입력한 내용을 확인하고 다시 시도해 주세요.")),
    401: (lazy_gettext("관리자만 할 수 있어요"), lazy_gettext("관리자로 로그인하면 이어서 할 수 있어요.")),
    403: (
        lazy_gettext("여기서는 할 수 없어요"),
        lazy_gettext("글을 쓴 사람이나 관리자만 할 수 있는 일이에요. 관리자라면 로그인해 주세요."),
    ),
    404: (lazy_gettext("찾을 수 없어요"), lazy_gettext("주소가 바뀌었거나, 이미 지워진 영화나 리뷰일 수 있어요.")),
    405: (lazy_gettext("이 방법으로는 열 수 없어요"), lazy_gettext("처음 화면으로 돌아가서 다시 시도해 주세요.")),
    409: (lazy_gettext("이미 있어요"), lazy_gettext("같은 영화가 이미 등록되어 있어요. 처음 화면에서 찾아보세요.")),
    410: (lazy_gettext("이제는 되돌릴 수 없어요"), lazy_gettext("지운 지 하루가 지났거나 이미 되돌린 일이에요.")),
    413: (lazy_gettext("보낸 내용이 너무 커요"), lazy_gettext("조금 줄여서 다시 보내 주세요.")),
    415: (lazy_gettext("읽을 수 없는 형식이에요"), lazy_gettext("다른 형식으로 다시 보내 주세요.")),
    422: (lazy_gettext("입력한 내용을 확인해 주세요"), lazy_gettext("주소에 잘못된 값이 들어 있어요.")),
    503: (
        lazy_gettext("지금은 조금 바빠요"),
        lazy_gettext("모델이 읽을 글이 밀려 있어요. 잠시 뒤에 다시 시도해 주세요."),
    ),
}
_UNAVAILABLE = (
    lazy_gettext("지금은 저장소에 닿지 않아요"),
    lazy_gettext("잠시 뒤에 다시 시도해 주세요. 이미 올린 글은 그대로 있어요."),
)
_NOT_THE_WRITER = (
    lazy_gettext("글을 쓴 브라우저에서만 할 수 있어요"),
    lazy_gettext(
        "고치고 지울 권한은 글을 쓴 브라우저의 쿠키에 있어요. 다른 기기에서 열었거나 쿠키를 지웠다면 그 권한도 없어요. "
        "관리자라면 로그인해 주세요."
    ),
)
_REVIEWED_BY_OTHERS = (
    lazy_gettext("이제는 관리자만 고칠 수 있어요"),
    lazy_gettext("다른 사람이 리뷰를 남긴 영화예요. 등록한 사람은 그 전까지만 정보를 고칠 수 있어요."),
)
_UNEXPECTED = (lazy_gettext("문제가 생겼어요"), lazy_gettext("우리 쪽 문제예요. 잠시 뒤에 다시 시도해 주세요."))

_DETAILS = {
    404: "there is nothing at this address",
    405: "this address does not take this method",
    500: "internal server error",
}


def register(app: Flask) -> None:
    """Register the handlers on the app; those of a blueprint would miss routing's 404 and 405."""
    app.register_error_handler(NicknameRefused, lambda error: error_response(403, str(error)))
    app.register_error_handler(ValidationFailed, lambda error: error_response(422, invalid_detail(error)))
    app.register_error_handler(NotFound, lambda error: error_response(404, str(error)))
    app.register_error_handler(PermissionDenied, _denied)
    app.register_error_handler(
        ReviewedByOthers, lambda error: error_response(403, str(error), texts=_REVIEWED_BY_OTHERS)
    )
    app.register_error_handler(
        ModelBusy, lambda error: error_response(503, str(error), {"Retry-After": str(error.retry_after)})
    )
    app.register_error_handler(AlreadyExists, lambda error: error_response(409, str(error)))
    app.register_error_handler(EditConflict, lambda error: error_response(409, str(error)))
    app.register_error_handler(DuplicateSubmission, lambda error: error_response(409, str(error)))
    app.register_error_handler(UndoExpired, lambda error: error_response(410, str(error)))
    app.register_error_handler(StoreUnavailable, _unavailable)
    app.register_error_handler(RateLimited, _too_many)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def error_response(
    status: int, detail: Any, headers: dict[str, str] | None = None, texts: tuple[str, str] | None = None
) -> Response:
    """Return the error as JSON or as a page.

    `detail` is a string, or for 422 a list in FastAPI's form. `texts` are the page's title and message, by default
    those of the status.
    """
    if wants_page() and not isinstance(request.routing_exception, BadHost):  # `url_for` needs a valid host
        title, message = texts or _PAGE_TEXTS.get(status, _PAGE_TEXTS[400] if status < 500 else _UNEXPECTED)
        response = current_app.make_response(
            (render_template("error.html", status=status, title=title, message=message, login=_login(status)), status)
        )
    else:
        response = json_response({"detail": detail}, status)
    response.headers.update(headers or {})
    return response


def wants_page() -> bool:
    """Return whether to respond with a page: on page routes, and on unknown routes if `Accept` includes HTML.

    Unknown routes are those whose first segment is that of no route.
    """
    first = request.path.split("/")[1]
    endpoints = [rule.endpoint for rule in current_app.url_map.iter_rules() if rule.rule.split("/")[1] == first]
    if not endpoints or "static" in endpoints:
        return "text/html" in request.headers.get("Accept", "")
    return not any(endpoint.startswith("api.") and not endpoint.startswith("api.docs") for endpoint in endpoints)


def format_wait(seconds: int) -> str:
    """Format a waiting time, rounded up: `40초`, `3분`, `2시간`."""
    if seconds < 60:
        return ngettext("%(num)d초", "%(num)d초", max(1, seconds))
    if seconds <= 90 * 60:
        return ngettext("%(num)d분", "%(num)d분", ceil(seconds / 60))
    return ngettext("%(num)d시간", "%(num)d시간", ceil(seconds / 3_600))


def _too_many(error: RateLimited) -> Response:
    wait = gettext("요청이 너무 잦아요. %(wait)s 뒤에 다시 시도해 주세요.", wait=format_wait(error.retry_after))
    headers = {"Retry-After": str(error.retry_after)}
    return error_response(429, str(error), headers, (gettext("잠시 쉬었다 해 주세요"), wait))


def _denied(error: PermissionDenied) -> Response:
    texts = _NOT_THE_WRITER if error.is_writers else None
    if error.needs_login:
        return error_response(401, str(error), {"WWW-Authenticate": 'Bearer realm="gampyeong"'}, texts)
    return error_response(403, str(error), texts=texts)


def _login(status: int) -> str:
    """Return the URL of the login page, with the current page as `next`; empty if logging in does not help."""
    if status not in (401, 403):
        return ""
    next_url = request.path
    if request.method == "GET":
        next_url = request.full_path.removesuffix("?")
    elif not current_app.url_map.bind_to_environ(request.environ).test(request.path, "GET"):
        next_url = ""
    return url_for("admin.login", next=next_url or None)


def invalid_detail(error: ValidationFailed) -> list[dict[str, Any]]:
    """Return the validation errors in FastAPI's form: `loc`, `msg`, `type`."""
    details = []
    for item in error.errors:
        location: list[str | int] = [error.source]
        if item.field:
            location.append(item.field)
        if item.index is not None:
            location.append(item.index)
        details.append({"loc": location, "msg": item.message, "type": item.type})
    return details


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length
        return error_response(status, f"the request body is larger than {limit:,} bytes", headers)
    return error_response(status, _DETAILS.get(status) or error.description or error.name, headers)


def _unavailable(error: StoreUnavailable) -> Response:
    _log.warning("%s on %s %s: %s", error, request.method, request.path, first_line(error.__cause__ or error))
    return error_response(503, str(error), {"Retry-After": str(error.retry_after)}, _UNAVAILABLE)


def _unexpected(error: Exception) -> Response:
    _log.exception("unexpected failure on %s %s", request.method, request.path, exc_info=error)
    return error_response(500, _DETAILS[500])
