"""What a visitor chooses for good: the language of the pages, light or dark. Each is kept in a cookie of its own."""

from collections.abc import Container

from flask import Blueprint, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from app.i18n import COOKIE, LANGUAGES
from app.web.admin import safe_next_path
from app.web.forms import PreferenceForm
from app.web.js_messages import script_texts

blueprint = Blueprint("preferences", __name__)
blueprint.add_app_template_global(generate_csrf, "csrf_token")  # every page has the switch, errors too
blueprint.add_app_template_global(script_texts)

THEMES = ("light", "dark")
_THEME_COOKIE = "theme"
_A_YEAR = 365 * 24 * 60 * 60


@blueprint.app_template_global()
def theme() -> str:
    """Return the theme that was chosen, one of `THEMES`; empty = as the visitor's system has it."""
    chosen = request.cookies.get(_THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


@blueprint.post("/language")
def choose_language() -> Response:
    """Set the cookie and go back to where the visitor was. Another language than ours is a 400."""
    chosen = _chosen("language", LANGUAGES)
    response = _back()
    response.set_cookie(COOKIE, chosen, max_age=_A_YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


@blueprint.post("/theme")
def choose_theme() -> Response:
    """Set the cookie, or delete it, and go back. The script writes the same cookie: it is no secret."""
    chosen = _chosen("theme", ("", *THEMES))
    response = _back()
    if chosen:
        response.set_cookie(_THEME_COOKIE, chosen, max_age=_A_YEAR, secure=request.is_secure, samesite="Lax")
    else:
        response.delete_cookie(_THEME_COOKIE)
    return response


def _chosen(name: str, possible: Container[str]) -> str:
    """Return what the posted form chooses. What is not possible is a 400, and so is another site's form."""
    chosen = request.form.get(name, "")
    if not PreferenceForm.from_request().has_valid_token() or chosen not in possible:
        abort(400)
    return chosen


def _back() -> Response:
    return redirect(safe_next_path(request.form.get("next", "")), 303)
