"""Pages from templates, messages for the next page, and the cache of rendered fragments."""

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any

from flask import Response, current_app, flash, make_response, render_template, request, session
from markupsafe import Markup
from wtforms import Field

from app.errors import NotFound
from app.i18n import language
from app.web.forms import Form

MAX_FLASHES = 3
"""Maximum number of flashed messages in the cookie."""
CACHE_SIZE = 2_000  # fragments, of about 1 KB each


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
