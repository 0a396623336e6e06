"""The visitor's choice of language and theme, each stored in a cookie."""

from collections.abc import Container

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from app.i18n import COOKIE, LANGUAGES
from app.web.admin import safe_next_path
from app.web.forms import Form

blueprint = Blueprint("preferences", __name__)

THEMES = ("light", "dark")
_THEME_COOKIE = "theme"
_A_YEAR = 365 * 24 * 60 * 60


@blueprint.app_template_global()
def theme() -> str:
    """Return the chosen theme, one of `THEMES`, or an empty string to follow the system's."""
    chosen = request.cookies.get(_THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


@blueprint.post("/language")
def choose_language() -> Response:
    """Set the cookie and redirect to the page before; 400 for an unknown language."""
    chosen = _chosen("language", LANGUAGES)
    response = _back()
    response.set_cookie(COOKIE, chosen, max_age=_A_YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


@blueprint.post("/theme")
def choose_theme() -> Response:
    """Set the cookie, or delete it for an empty choice, and redirect back. `static/app.js` sets the same cookie."""
    chosen = _chosen("theme", ("", *THEMES))
    response = _back()
    if chosen:
        response.set_cookie(_THEME_COOKIE, chosen, max_age=_A_YEAR, secure=request.is_secure, samesite="Lax")
    else:
        response.delete_cookie(_THEME_COOKIE)
    return response


def _chosen(name: str, possible: Container[str]) -> str:
    """Return the posted choice; 400 for an unknown one or an invalid CSRF token."""
    chosen = request.form.get(name, "")
    if not Form.from_request().has_valid_token() or chosen not in possible:
        abort(400)
    return chosen


def _back() -> Response:
    return redirect(safe_next_path(request.form.get("next", "")), 303)
