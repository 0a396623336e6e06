"""Login and logout of the administrator."""

from contextlib import suppress
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField

from app.extensions import get_service
from app.i18n import lazy_gettext as _
from app.security import identity
from app.security.identity import SESSION_HOURS, AdminAuth
from app.web import messages
from app.web.forms import Form
from app.web.rendering import flash_message, render

blueprint = Blueprint("admin", __name__)


class LoginForm(Form):
    """The administrator's login."""

    keeps_text = False

    password = PasswordField(
        _("비밀번호"), render_kw={"required": True, "autocomplete": "current-password", "autofocus": True}
    )
    next = HiddenField()


@blueprint.get("/login")
def login() -> Response:
    return _show(LoginForm(next=safe_next_path(request.args.get("next", ""))))


@blueprint.post("/login")
def log_in() -> BaseResponse:
    form = LoginForm.from_request()
    if form.submit(lambda data: _check_login(form, data.get("password", ""))) is None:
        return _show(form)
    flash_message(messages.LOGGED_IN)
    return redirect(safe_next_path(request.form.get("next", "")), 303)


@blueprint.post("/logout")
def log_out() -> BaseResponse:
    form = LoginForm.from_request()
    if not form.has_valid_token():
        return _show(form)
    identity.log_out()
    flash_message(messages.LOGGED_OUT)
    return redirect(url_for("movies.home"), 303)


def safe_next_path(path: str) -> str:
    """Return `path` if it is a local path, else the home page's, to prevent open redirects."""
    with suppress(ValueError):
        is_local = path.startswith("/") and not path.startswith("//") and urlsplit(path)[:2] == ("", "")
        if is_local and path.isprintable() and "\\" not in path:
            return path
    return url_for("movies.home")


def _check_login(form: LoginForm, password: str) -> bool | None:
    if identity.log_in(password):
        return True
    form.status = 422
    form.add_error("password", messages.WRONG_PASSWORD)
    return None


def _show(form: LoginForm) -> Response:
    return render(
        "login.html",
        form,
        form=form,
        is_open=get_service(AdminAuth).open_mode,
        is_admin=identity.is_admin(),
        hours=SESSION_HOURS,
    )
