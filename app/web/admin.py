"""The administrator's login, and merging two movies: the choice of the other one, its confirmation, the merge."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField

from app.errors import FieldError, NotFound, ValidationFailed
from app.extensions import get_service
from app.i18n import lazy_gettext as _
from app.models import AuditEntry, Movie
from app.schemas import MovieChoice, parse
from app.security import identity, permissions
from app.security.identity import SESSION_HOURS, AdminAuth
from app.security.permissions import Permission
from app.web import messages
from app.web.filters import shorten_title
from app.web.forms import Form, MovieChoiceForm, MovieForm
from app.web.pages import catalogue, resolve_movie
from app.web.rendering import flash_message, render

blueprint = Blueprint("admin", __name__)


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


@blueprint.get("/movie/<int:id>/merge")
def choose_other(id: int) -> Response:
    """Return the confirmation for the movie in the query string, or the form to choose one."""
    permissions.require(Permission.MERGE_MOVIES)
    movie = catalogue().movie(id)
    form = MovieChoiceForm(request.args)
    if request.args.keys().isdisjoint(("movie", "movie_id")):
        return _show_choice(movie, form)
    try:
        other = _other_movie(movie, resolve_movie(form, request.args.to_dict(), without=id))
    except ValidationFailed as error:
        form.status = 422
        return _refuse_choice(movie, form, error)
    return _confirm_merge(movie, other, Form())


@blueprint.post("/movie/<int:id>/merge")
def merge(id: int) -> BaseResponse:
    permissions.require(Permission.MERGE_MOVIES)
    movie = catalogue().movie(id)
    form = Form.from_request()

    def merge(data: Mapping[str, str]) -> tuple[Movie, AuditEntry]:
        other = _other_movie(movie, data)
        return other, catalogue().merge_movies(id, other.id, identity.actor())

    merged = form.submit(merge)
    if merged is None:
        return _show_again(movie, form)
    other, entry = merged
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


def _other_movie(movie: Movie, data: Mapping[str, str]) -> Movie:
    """Return the movie chosen by `movie_id`. Raise `ValidationFailed` if it is `movie` itself or does not exist."""
    chosen = parse(MovieChoice, data, strict=False).movie_id
    if chosen != movie.id:
        with suppress(NotFound):
            return catalogue().movie(chosen)
    raise ValidationFailed([FieldError("movie_id", "movie_unfit", "must be another movie")])


def _show_again(movie: Movie, form: Form) -> Response:
    """Return the confirmation with the error, or the choice if the posted one is invalid."""
    try:
        return _confirm_merge(movie, _other_movie(movie, request.form.to_dict()), form)
    except ValidationFailed as error:
        choice = MovieChoiceForm()
        choice.status, choice.alert = form.status, "" if form.status == 422 else form.alert
        return _refuse_choice(movie, choice, error)


def _refuse_choice(movie: Movie, form: MovieChoiceForm, error: ValidationFailed) -> Response:
    """Return the choice with the error beside its field."""
    form.missing_title = ""
    for item in error.errors:
        form.add_error("movie_id", messages.explain_choice(item))
    return _show_choice(movie, form)


def _show_choice(movie: Movie, form: MovieChoiceForm) -> Response:
    return render("merge.html", form, movie=movie, other=None, form=form)


def _confirm_merge(movie: Movie, other: Movie, form: Form) -> Response:
    merged = movie.filled_from(other)
    return render(
        "merge.html", form, movie=movie, other=other, merged=merged, form=form, fields=MovieForm().movie_fields()
    )
