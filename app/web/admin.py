"""The administrator's pages: logging in and out."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField

from app.http import caller
from app.http.administrator import SESSION_HOURS, Administrator
from app.http.context import installed
from app.http.language import lazy_gettext as _
from app.web import messages
from app.web.forms import Form
from app.web.notices import tell
from app.web.rendering import render

blueprint = Blueprint("admin", __name__)


class LoginForm(Form):
    """Asks for the administrator's password."""

    keeps_text = False

    password = PasswordField(
        _("비밀번호"), render_kw={"required": True, "autocomplete": "current-password", "autofocus": True}
    )
    next = HiddenField()


@blueprint.get("/login")
def login() -> Response:
    return _show(LoginForm(next=own_path(request.args.get("next", ""))))


@blueprint.post("/login")
def log_in() -> BaseResponse:
    form = LoginForm.posted()
    if form.submit(lambda data: _try(form, data.get("password", ""))) is None:
        return _show(form)
    tell(messages.LOGGED_IN)
    return redirect(own_path(request.form.get("next", "")), 303)


@blueprint.post("/logout")
def log_out() -> BaseResponse:
    form = LoginForm.posted()
    if not form.is_genuine():
        return _show(form)
    caller.log_out()
    tell(messages.LOGGED_OUT)
    return redirect(url_for("web.home"), 303)


def own_path(path: str) -> str:
    """`path` if it leads to a page of this site, else the home page's: a link may not send a visitor elsewhere."""
    return path if path.isprintable() and "\\" not in path and _is_own(path) else url_for("web.home")


def _is_own(path: str) -> bool:
    if not path.startswith("/") or path.startswith("//"):
        return False
    try:
        parts = urlsplit(path)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc


def _try(form: LoginForm, password: str) -> bool | None:
    if caller.log_in(password):
        return True
    form.status = 422
    form.complain("password", messages.NOT_THE_PASSWORD)
    return None


def _show(form: LoginForm) -> Response:
    return render(
        "login.html",
        form,
        form=form,
        is_open=installed(Administrator).is_everybody,
        is_admin=caller.is_admin(),
        hours=SESSION_HOURS,
    )
