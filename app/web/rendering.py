"""Pages from templates: filters, flashed messages and the cache of rendered fragments."""

import re
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from flask import Response, current_app, flash, make_response, render_template, request, session
from flask_babel import format_date, gettext, ngettext
from markupsafe import Markup
from wtforms import Field

from app.errors import NotFound
from app.i18n import language
from app.models import KST, Label, Page
from app.services.search import split_names
from app.web.forms import Form

MAX_FLASHES = 3
"""Maximum number of flashed messages in the cookie."""
CACHE_SIZE = 2_000  # fragments, of about 1 KB each
_PAGES_AROUND = 2
_MAX_LENGTH, _MAX_LINES = 500, 10  # characters and lines of a text that is shown completely
_HEAD_LENGTH, _HEAD_LINES = 320, 6  # of the head of a longer one
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")


def render(template: str, from_request: Form | None = None, **context: Any) -> Response:
    """Return the page, with the status and headers of the form that was posted, if any."""
    response = make_response(render_template(template, **context))
    if from_request:
        response.status_code = from_request.status
        if from_request.retry_after:
            response.headers["Retry-After"] = str(from_request.retry_after)
    return response


def show_lost_edit(error: NotFound, fields: Sequence[Field]) -> Response:
    """Return the page for a movie or review that was deleted during its edit, with the typed values.

    Raise `error` if nothing was typed.
    """
    typed = [field for field in fields if field.data]
    if not typed:
        raise error
    response = render("lost_edit.html", kind=error.kind, fields=typed)
    response.status_code = 404
    return response


def flash_message(text: str = "", **more: Any) -> None:
    """Flash a message for the next page: a text, and other JSON for the template."""
    session["_flashes"] = session.get("_flashes", [])[1 - MAX_FLASHES :]
    flash({"text": str(text), **more})  # type: ignore[arg-type]  # a message may be any JSON


def cached_fragment(template: str, macro: str, *arguments: Hashable) -> Markup:
    """Return the output of `macro` of `template` for `arguments`, cached.

    The macro may use only its arguments, translations and `url_for`, not the session, the caller's permissions or the
    time.
    """
    return _render_fragment(language(), request.script_root, template, macro, *arguments)


@lru_cache(CACHE_SIZE)
def _render_fragment(_language: str, _root: str, template: str, macro: str, *arguments: Hashable) -> Markup:
    fragment: Markup = getattr(current_app.jinja_env.get_template(template).module, macro)(*arguments)
    return fragment


def format_share(share: float) -> str:
    """Format 0.956 as "96%"; only 0 and 1 become "0%" and "100%"."""
    percent = round(share * 100)
    if 0 < share < 1:
        percent = min(max(percent, 1), 99)
    return f"{percent}%"


def format_time(iso: str) -> str:
    """Format a timestamp in Korean time, such as `2026년 11월 23일 00:32`."""
    moment = datetime.fromisoformat(iso).astimezone(KST)
    return f"{_format_day(moment, gettext('y년 M월 d일'))} {moment:%H:%M}"


def format_age(iso: str, now: datetime | None = None) -> str:
    """Format the age of a timestamp: 방금 전, 3분 전, 어제, 11월 3일, 2025년 11월 3일."""
    moment = datetime.fromisoformat(iso).astimezone(KST)
    now = (now or datetime.now(UTC)).astimezone(KST)
    seconds = (now - moment).total_seconds()
    days = (now.date() - moment.date()).days
    if seconds < 60:
        return gettext("방금 전")
    if seconds < 3_600:
        return ngettext("%(num)d분 전", "%(num)d분 전", int(seconds / 60))
    if days == 0:
        return ngettext("%(num)d시간 전", "%(num)d시간 전", int(seconds / 3_600))
    if days == 1:
        return gettext("어제")
    if days < 7:
        return ngettext("%(num)d일 전", "%(num)d일 전", days)
    return _format_day(moment, gettext("M월 d일") if moment.year == now.year else gettext("y년 M월 d일"))


def _format_day(moment: datetime, pattern: str) -> str:
    return str(format_date(moment, pattern, rebase=False))  # type: ignore[no-untyped-call]


def label_name(label: Label) -> str:
    """Translate 긍정 or 부정 into the page's language."""
    return gettext("긍정") if label == Label.POSITIVE else gettext("부정")


def collapse_blank_lines(text: str) -> str:
    """Replace several consecutive blank lines by one."""
    return _BLANK_LINES.sub("\n\n", text)


def excerpt(text: str) -> tuple[str, str]:
    """Split a long text after some lines, between two words if possible; the second part of a short text is empty."""
    if len(text) <= _MAX_LENGTH and text.count("\n") <= _MAX_LINES:
        return text, ""
    lines = text[:_HEAD_LENGTH].split("\n")
    head = "\n".join(lines[:_HEAD_LINES])
    if len(lines) <= _HEAD_LINES:
        end = max(head.rfind(" ", _HEAD_LENGTH // 2), head.rfind("\n", _HEAD_LENGTH // 2))
        head = head[:end] if end > 0 else head
    return head.rstrip(), text[len(head) :].lstrip(" \n")


def shorten(text: str, max_length: int = 40) -> str:
    """Cut `text` after `max_length` characters."""
    return text if len(text) <= max_length else f"{text[:max_length]}…"


def shorten_title(title: str) -> str:
    """Cut a title or name for a flashed message, as messages are stored in a cookie of 4 KB."""
    return shorten(title, 60)


def shown_pages(page: Page[Any]) -> list[int]:
    """Return the numbers of the pages to link: the first, the last, and those around the current one."""
    around = range(max(1, page.number - _PAGES_AROUND), min(page.last, page.number + _PAGES_AROUND) + 1)
    return sorted({1, page.last, *around})


FILTERS: dict[str, Callable[..., object]] = {
    "rating": "{:.1f}".format,
    "share": format_share,
    "percent": "{:.1%}".format,
    "count": "{:,}".format,
    "time": format_time,
    "age": format_age,
    "label": label_name,
    "excerpt": excerpt,
    "collapse_blank_lines": collapse_blank_lines,
    "shorten": shorten,
    "names": split_names,
    "shown_pages": shown_pages,
}
