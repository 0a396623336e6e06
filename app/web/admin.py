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
from app.models import Movie
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
