"""Routes of movies: the list with its live search, a movie's page, adding, editing and deleting."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NotFound
from app.models import Movie
from app.schemas import QUERY_MAX, MovieInput, MoviePatch, parse
from app.security import identity, permissions
from app.security.permissions import Permission
from app.security.rate_limits import RateLimitScope, check_rate_limit
from app.web import messages, pages, posters, reviews
from app.web.forms import EditMovieForm, Form, MovieChoiceForm, MovieForm
from app.web.pages import MAX_GENRES, MAX_MATCHES, catalogue
from app.web.rendering import flash_message, render, shorten_title, show_lost_edit

blueprint = Blueprint("movies", __name__)
blueprint.add_url_rule("/", "home", pages.home)
blueprint.add_url_rule("/list", "list_movies", pages.movie_list)

POSTER_MAX_AGE = 24 * 60 * 60  # seconds


@blueprint.get("/suggestions")
def suggest_movies() -> Response:
    """Return suggestions for a partly typed title."""
    typed = request.args.get("q", "").strip()[:QUERY_MAX]
    found = catalogue().suggest(typed, MAX_MATCHES) if typed else []
    return jsonify(
        [{name: getattr(movie, name) for name in ("id", "title", "release_date", "director")} for movie in found]
    )


@blueprint.post("/movie")
def add() -> BaseResponse:
    form = MovieForm.from_request()
    movie = form.submit(lambda data: _add(form, data))
    if movie is None:
        return pages.home(movie_form=form)
    title = shorten_title(movie.title)
    if form.content.data:
        flash_message(gettext("‘%(title)s’ 영화를 등록했어요.", title=title))
        return reviews.add_to(movie.id)
    flash_message(gettext("‘%(title)s’ 영화를 등록했어요. 첫 리뷰를 남겨 보세요.", title=title))
    return redirect(url_for("movies.show", id=movie.id), 303)


def _add(form: MovieForm, data: Mapping[str, Any]) -> Movie | None:
    """Add the movie, unless there are similar ones that the visitor has not seen yet: the form then shows them."""
    check_rate_limit(RateLimitScope.POSTS)
    movie = parse(MovieInput, data, strict=False)
    similar = catalogue().similar_movies(movie)
    if {str(other.id) for other in similar} <= set(data.get("confirmed", "").split()):
        return catalogue().add_movie(movie, identity.owner_token())
    form.show_similar(similar)
    return None


@blueprint.get("/movie/<int:id>")
def show(id: int) -> BaseResponse:
    """Return the movie's page, or a redirect to that of the movie into which it was merged."""
    try:
        return pages.movie(id)
    except NotFound:
        return pages.redirect_merged(id, "movies.show")


@blueprint.get("/movie/<int:id>/poster.png")
def show_poster(id: int) -> Response:
    """Return the drawn poster as a PNG for link previews, which do not support SVG."""
    response = Response(posters.png(catalogue().movie(id).title), mimetype="image/png")
    response.cache_control.public = True
    response.cache_control.max_age = POSTER_MAX_AGE
    return response


@blueprint.route("/movie/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> BaseResponse:
    try:
        return _edit(catalogue().movie(id))
    except NotFound as error:
        return show_lost_edit(error, EditMovieForm.from_request().movie_fields())


def _edit(movie: Movie) -> BaseResponse:
    writers = permissions.require_movie_edit(catalogue(), movie)
    form = EditMovieForm.from_request(obj=movie)

    def edit(data: dict[str, str]) -> Movie:
        check_rate_limit(RateLimitScope.POSTS)
        patch, version = parse(MoviePatch, data, strict=False), data.get("version", "")
        return catalogue().edit_movie(movie.id, patch, identity.actor(), writers=writers, version=version)

    if form.submit(edit):
        flash_message(messages.MOVIE_EDITED)
        return redirect(url_for("movies.show", id=movie.id), 303)
    movie = catalogue().movie(movie.id)
    if form.has_conflict or not form.version.data:
        form.version.data = movie.version
    genres, choice = catalogue().movie_list().genres[:MAX_GENRES], MovieChoiceForm()
    return render("edit.html", form, movie=movie, review=None, form=form, genres=genres, choice=choice)


@blueprint.route("/movie/<int:id>/delete", methods=["GET", "POST"])
def delete(id: int) -> BaseResponse:
    permissions.require(Permission.DELETE_MOVIE)
    movie = catalogue().movie(id)
    form = Form.from_request()
    if not form.has_valid_token():
        return render("delete.html", form, movie=movie, review=None, form=form)
    deleted, deletion = catalogue().delete_movie(id, identity.actor())
    title = shorten_title(deleted.title)
    flash_message(
        ngettext(
            "‘%(title)s’ 영화와 리뷰 %(count)s개를 지웠어요.",
            "‘%(title)s’ 영화와 리뷰 %(count)s개를 지웠어요.",
            deleted.review_count,
            title=title,
            count=f"{deleted.review_count:,}",
        )
        if deleted.review_count
        else gettext("‘%(title)s’ 영화를 지웠어요.", title=title),
        undo=deletion.id,
    )
    return redirect(url_for("movies.home", deleted=deletion.id), 303)
