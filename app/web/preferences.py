"""The visitor's choice of language and theme, each stored in a cookie."""

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from app.i18n import COOKIE, LANGUAGES
from app.web.admin import safe_next_path
from app.web.forms import Form

blueprint = Blueprint("preferences", __name__)

THEMES = ("light", "dark")
_THEME_COOKIE = "theme"
_CHOICES = {COOKIE: LANGUAGES, _THEME_COOKIE: ("", *THEMES)}
_A_YEAR = 365 * 24 * 60 * 60  # seconds


@blueprint.app_template_global()
def theme() -> str:
    """Return the chosen theme, one of `THEMES`, or an empty string to follow the system's."""
    chosen = request.cookies.get(_THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


@blueprint.post("/language", defaults={"name": COOKIE})
@blueprint.post("/theme", defaults={"name": _THEME_COOKIE})
def choose(name: str) -> Response:
    """Set the cookie and redirect to the page before; 400 for an unknown choice. An empty theme deletes the cookie.

    `static/app.js` sets the theme's cookie, too.
    """
    chosen = request.form.get(name, "")
    if not Form.from_request().has_valid_token() or chosen not in _CHOICES[name]:
        abort(400)
    response = redirect(safe_next_path(request.form.get("next", "")), 303)
    if chosen:
        http_only = name != _THEME_COOKIE
        response.set_cookie(name, chosen, max_age=_A_YEAR, secure=request.is_secure, httponly=http_only, samesite="Lax")
    else:
        response.delete_cookie(name)
    return response
