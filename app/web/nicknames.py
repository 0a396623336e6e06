"""The right to edit what was written under a claimed nickname, taken to another browser by its passphrase."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import PasswordField, StringField

from app import schemas
from app.errors import FieldError, ValidationFailed
from app.i18n import lazy_gettext as _
from app.security.nickname_policy import prove_nickname
from app.services.nicknames import nickname_key
from app.web import error_messages
from app.web.flashes import flash_message
from app.web.forms import Form
from app.web.pages import catalogue
from app.web.rendering import render

blueprint = Blueprint("nicknames", __name__)


class NicknameForm(Form):
    """Asks for a nickname and its passphrase."""

    keeps_text = False
    author = StringField(_("닉네임"), render_kw={"required": True, "maxlength": schemas.AUTHOR_MAX})
    passphrase = PasswordField(
        _("암호"),
        render_kw={"required": True, "maxlength": schemas.PASSPHRASE_MAX, "autocomplete": "current-password"},
    )


@blueprint.get("/nickname")
def show() -> Response:
    return _show(NicknameForm())


@blueprint.post("/nickname")
def prove() -> BaseResponse:
    form = NicknameForm.from_request()
    if form.submit(_prove) is None:
        return _show(form)
    flash_message(error_messages.NICKNAME_PROVED)
    return redirect(url_for("web.home"), 303)


def _prove(data: dict[str, str]) -> bool:
    author, passphrase = data.get("author", "").strip(), data.get("passphrase", "")
    if not 0 < len(author) <= schemas.AUTHOR_MAX:
        raise ValidationFailed([FieldError("author", "blank", "must be a nickname")])
    if not 0 < len(passphrase) <= schemas.PASSPHRASE_MAX:
        raise ValidationFailed([FieldError("passphrase", "passphrase_wrong", "is not this nickname's passphrase")])
    prove_nickname(catalogue(), nickname_key(author), passphrase)
    return True


def _show(form: NicknameForm) -> Response:
    return render("nickname.html", form, form=form)
