"""What a visitor chooses for good: the language of the pages. Kept in a cookie of its own."""

from flask import Blueprint, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from app.http.language import COOKIE, LANGUAGES
from app.web.admin import own_path
from app.web.forms import LanguageForm
from app.web.script_texts import script_texts

blueprint = Blueprint("preferences", __name__)
blueprint.add_app_template_global(generate_csrf, "form_token")  # every page has the switch, errors too
blueprint.add_app_template_global(script_texts)

_A_YEAR = 365 * 24 * 60 * 60


@blueprint.post("/language")
def choose_language() -> Response:
    """Sets the cookie and goes back to where the visitor was. Another language than ours is a 400."""
    chosen = request.form.get("language", "")
    if not LanguageForm.posted().is_genuine() or chosen not in LANGUAGES:
        abort(400)
    response = redirect(own_path(request.form.get("next", "")), 303)
    response.set_cookie(COOKIE, chosen, max_age=_A_YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response
