"""The HTML routes that change what is there: a movie's details, and a review by its writer."""

from hashlib import blake2b

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NotFound
from app.models import Movie, Review
from app.schemas import MoviePatch, ReviewPatch, parse
from app.security import identity, permissions
from app.security.nickname_policy import require_nickname
from app.security.permissions import Permission
from app.security.rate_limits import RateLimitScope, check_rate_limit
from app.services.nicknames import nickname_key
from app.web import confirm_pages, error_messages, pages
from app.web.flashes import flash_message
from app.web.forms import EditMovieForm, EditReviewForm
from app.web.pages import catalogue
from app.web.rendering import render

blueprint = Blueprint("editing", __name__)


@blueprint.get("/movie/<int:id>/edit")
def show_movie(id: int) -> Response:
    permissions.require(Permission.EDIT_MOVIE)
    return confirm_pages.edit_movie(catalogue().movie(id))


@blueprint.post("/movie/<int:id>/edit")
def edit_movie(id: int) -> BaseResponse:
    permissions.require(Permission.EDIT_MOVIE)
    movie = catalogue().movie(id)
    form = EditMovieForm.from_request()

    def edit(data: dict[str, str]) -> Movie:
        check_rate_limit(RateLimitScope.POSTS)
        return catalogue().edit_movie(id, parse(MoviePatch, data, strict=False), identity.actor())

    if form.submit(edit) is None:
        return confirm_pages.edit_movie(movie, form)
    flash_message(error_messages.MOVIE_EDITED)
    return redirect(url_for("web.show_movie", id=id), 303)


@blueprint.get("/review/<int:id>/edit")
def show_review(id: int) -> Response:
    review = catalogue().review(id)
    permissions.require(Permission.EDIT_REVIEW, review.writer)
    return confirm_pages.edit_review(catalogue().movie(review.movie_id), review, version=version_of(review))


@blueprint.post("/review/<int:id>/edit")
def edit_review(id: int) -> BaseResponse:
    form = EditReviewForm.from_request()
    try:
        return _edit_review(id, form)
    except NotFound:
        if not request.form.get("content"):
            raise
        return _show_lost(form)


def version_of(review: Review) -> str:
    """Return a token of the review's text and author, which another edit changes."""
    return blake2b(f"{review.author}\n{review.spoiler}\n{review.content}".encode(), digest_size=8).hexdigest()


def _edit_review(id: int, form: EditReviewForm) -> BaseResponse:
    old = catalogue().review(id)
    permissions.require(Permission.EDIT_REVIEW, old.writer)

    def edit(data: dict[str, str]) -> Review:
        check_rate_limit(RateLimitScope.POSTS)
        fields = data | {"spoiler": data.get("spoiler", "off")}  # a box that is not ticked is not sent
        patch = parse(ReviewPatch, fields, strict=False)
        if patch.author != old.author:
            require_nickname(catalogue(), nickname_key(patch.author), patch.author)
        return catalogue().edit_review(id, patch, identity.actor())

    version = version_of(old)
    if form.version.data and form.version.data != version and form.has_valid_token():
        form.conflict()
        return confirm_pages.edit_review(catalogue().movie(old.movie_id), old, form, version)
    review = form.submit(edit)
    if review is None:
        return confirm_pages.edit_review(catalogue().movie(old.movie_id), old, form, version)
    flash_message(
        error_messages.REVIEW_READ_AGAIN if review.content != old.content else error_messages.REVIEW_EDITED,
        review_id=id,
    )
    return redirect(pages.review_address(id), 303)


def _show_lost(form: EditReviewForm) -> Response:
    """Return the page of a review that was deleted while it was edited, with what was typed."""
    response = render("lost_edit.html", content=form.content.data)
    response.status_code = 404
    return response
