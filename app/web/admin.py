"""The administrator's pages: login, the audit log, and merging two movies.

Writers, too, may undo their own deletions.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField

from app.errors import FieldError, NotFound, ValidationFailed
from app.extensions import get_service
from app.i18n import lazy_gettext as _
from app.models import UNDO_HOURS, AuditAction, AuditEntry, Movie
from app.schemas import MovieChoice, PageQuery, parse
from app.security import identity, permissions
from app.security.identity import SESSION_HOURS, AdminAuth
from app.security.permissions import Permission
from app.services.jobs import Jobs
from app.web import messages
from app.web.forms import Form, MovieChoiceForm, MovieForm
from app.web.pages import catalogue, read_query, resolve_movie, review_address
from app.web.rendering import flash_message, render, shorten_title

blueprint = Blueprint("admin", __name__)

CHANGES_A_PAGE = 50
_ACTIONS = {
    AuditAction.EDIT_MOVIE: _("영화 수정"),
    AuditAction.DELETE_MOVIE: _("영화 삭제"),
    AuditAction.EDIT_REVIEW: _("리뷰 수정"),
    AuditAction.DELETE_REVIEW: _("리뷰 삭제"),
    AuditAction.UNDO: _("되돌림"),
    AuditAction.IMPORT: _("가져오기"),
    AuditAction.RESCORE: _("다시 읽기"),
    AuditAction.MERGE_MOVIES: _("영화 합치기"),
}
_TOKEN_LENGTH_SHOWN = 6
_MAX_ID_LENGTH = 17


class LoginForm(Form):
    """The administrator's login."""

    keeps_text = False

    password = PasswordField(
        _("비밀번호"), render_kw={"required": True, "autocomplete": "current-password", "autofocus": True}
    )
    next = HiddenField()


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> BaseResponse:
    form = LoginForm.from_request(next=safe_next_path(request.args.get("next", "")))
    if not form.submit(_log_in):
        return _show_login(form)
    flash_message(messages.LOGGED_IN)
    return redirect(safe_next_path(request.form.get("next", "")), 303)


@blueprint.post("/logout")
def log_out() -> BaseResponse:
    form = LoginForm.from_request()
    if not form.has_valid_token():
        return _show_login(form)
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


def _log_in(data: Mapping[str, str]) -> bool:
    if not identity.log_in(data.get("password", "")):
        raise ValidationFailed([FieldError("password", "password_wrong", "is not the administrator's password")])
    return True


def _show_login(form: LoginForm) -> Response:
    return render(
        "login.html",
        form,
        form=form,
        is_open=get_service(AdminAuth).open_mode,
        is_admin=identity.is_admin(),
        hours=SESSION_HOURS,
    )


@blueprint.route("/movie/<int:id>/merge", methods=["GET", "POST"])
def merge(id: int) -> BaseResponse:
    """Return the choice of the other movie or, once it is chosen, what a merge changes; a POST merges them."""
    permissions.require(Permission.MERGE_MOVIES)
    movie = catalogue().movie(id)
    choice, form = MovieChoiceForm(request.args), Form.from_request()
    if request.method != "POST" and request.args.keys().isdisjoint(("movie", "movie_id")):
        return render("merge.html", movie=movie, form=choice)
    try:
        other = _other_movie(movie, choice)
    except ValidationFailed as error:
        choice.status, choice.missing_title = 422, ""
        if request.method == "POST" and not form.has_valid_token():
            choice.status, choice.alert = form.status, form.alert
        for item in error.errors:
            choice.add_error("movie_id", messages.explain_choice(item))
        return render("merge.html", choice, movie=movie, form=choice)
    entry = form.submit(lambda _: catalogue().merge_movies(id, other.id, identity.actor()))
    if entry is None:
        merged, fields = movie.filled_from(other), MovieForm().movie_fields()
        return render("merge.html", form, movie=movie, other=other, merged=merged, fields=fields, form=form)
    flash_message(
        ngettext(
            "‘%(title)s’ 영화를 합치고 리뷰 %(count)s개를 옮겼어요.",
            "‘%(title)s’ 영화를 합치고 리뷰 %(count)s개를 옮겼어요.",
            other.review_count,
            title=shorten_title(other.title),
            count=f"{other.review_count:,}",
        ),
        undo=entry.id,
    )
    return redirect(url_for("movies.show", id=id, deleted=entry.id), 303)


def _other_movie(movie: Movie, choice: MovieChoiceForm) -> Movie:
    """Return the movie chosen by `movie_id` or its typed title.

    Raise `ValidationFailed` if it is `movie` itself, does not exist, or the title matches no movie or several.
    """
    data = request.form.to_dict()
    if request.method != "POST":
        data = resolve_movie(choice, request.args.to_dict(), without=movie.id)
    chosen = parse(MovieChoice, data, strict=False).movie_id
    if chosen != movie.id:
        with suppress(NotFound):
            return catalogue().movie(chosen)
    raise ValidationFailed([FieldError("movie_id", "movie_unfit", "must be another movie")])


@blueprint.get("/admin/log")
def show_log() -> Response:
    permissions.require(Permission.READ_LOG)
    page = catalogue().audit_log(read_query(PageQuery, per_page=CHANGES_A_PAGE))
    return render(
        "audit_log.html",
        page=page,
        address=lambda number: url_for("admin.show_log", page=number),
        actions=_ACTIONS,
        name=actor_label,
        hours=UNDO_HOURS,
    )


@blueprint.route("/undo/<int:id>", methods=["GET", "POST"])
def undo(id: int) -> BaseResponse:
    change = _own_change(id)
    form = Form.from_request()
    if form.has_valid_token():
        if change.action is not AuditAction.IMPORT or not get_service(Jobs).is_running:
            catalogue().undo(id, identity.actor())
            return redirect(_flash_undone(change), 303)
        form.status, form.alert = 409, str(messages.JOB_RUNNING)
    return render("undo.html", form, change=change, form=form, actions=_ACTIONS)


def deletion_notices(shown: list[Any]) -> list[dict[str, Any]]:
    """Return a message that offers to undo the deletion in the query string, so that it survives a reload.

    Empty if a `shown` message offers it already, or if it cannot be undone by this caller.
    """
    number = request.args.get("deleted", "")
    if not (number.isascii() and number.isdecimal() and len(number) <= _MAX_ID_LENGTH):
        return []
    if any(message.get("undo") for message in shown):
        return []
    change = catalogue().audit_entry(int(number))
    if change is None or not change.undoable or not permissions.is_allowed(Permission.UNDO, change.who):
        return []
    text = f"{_ACTIONS[change.action]}: {shorten_title(change.summary)}"
    return [{"text": text, "undo": change.id}]


blueprint.add_app_template_global(deletion_notices)


def actor_label(who: str) -> str:
    """Return the name of an actor in the log."""
    if not who:
        return gettext("누구나 (열린 모드)")
    if who == identity.ADMIN:
        return gettext("관리자")
    return gettext("글쓴이 %(mark)s…", mark=who[:_TOKEN_LENGTH_SHOWN])


def _own_change(id: int) -> AuditEntry:
    """Return the entry. Raise `PermissionDenied` unless the caller is its actor or the administrator."""
    change = catalogue().audit_entry(id)
    if change is None:
        permissions.require(Permission.UNDO)
        raise NotFound("change", id)
    permissions.require(Permission.UNDO, change.who)
    return change


def _flash_undone(change: AuditEntry) -> str:
    """Flash a message about the undone entry and return the URL that shows the restored item."""
    if change.action is AuditAction.IMPORT:
        flash_message(gettext("가져온 것을 되돌렸어요: %(summary)s", summary=change.summary))
        return url_for("admin.show_log")
    if change.action is AuditAction.MERGE_MOVIES:
        flash_message(gettext("합친 것을 되돌렸어요: %(summary)s", summary=shorten_title(change.summary)))
        return url_for("movies.show", id=change.movie_id)
    if change.review_id:
        author = shorten_title(catalogue().review(change.review_id).author)
        flash_message(gettext("%(author)s 님의 리뷰를 되돌렸어요.", author=author), review_id=change.review_id)
        return review_address(change.review_id)
    flash_message(gettext("‘%(title)s’ 영화를 되돌렸어요.", title=shorten_title(change.summary)))
    return url_for("movies.show", id=change.movie_id)
