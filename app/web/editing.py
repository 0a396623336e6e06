"""The HTML routes that change what is there: a movie's details, and a review by its writer."""

from hashlib import blake2b

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NotFound
from app.http import caller, policy
from app.http.limits import Count, count
from app.http.policy import Deed
from app.inputs import MoviePatch, ReviewPatch, read
from app.models import Movie, Review
from app.web import asking, messages, pages
from app.web.forms import EditMovieForm, EditReviewForm
from app.web.notices import tell
from app.web.pages import catalogue
from app.web.rendering import render

blueprint = Blueprint("editing", __name__)


@blueprint.get("/movie/<int:id>/edit")
def show_movie(id: int) -> Response:
    policy.require(Deed.EDIT_MOVIE)
    return asking.edit_movie(catalogue().movie(id))


@blueprint.post("/movie/<int:id>/edit")
def edit_movie(id: int) -> BaseResponse:
    policy.require(Deed.EDIT_MOVIE)
    movie = catalogue().movie(id)
    form = EditMovieForm.posted()

    def edit(data: dict[str, str]) -> Movie:
        count(Count.POSTS)
        return catalogue().edit_movie(id, read(MoviePatch, data, strict=False), caller.who())

    if form.submit(edit) is None:
        return asking.edit_movie(movie, form)
    tell(messages.MOVIE_EDITED)
    return redirect(url_for("web.show_movie", id=id), 303)


@blueprint.get("/review/<int:id>/edit")
def show_review(id: int) -> Response:
    review = catalogue().review(id)
    policy.require(Deed.EDIT_REVIEW, review.writer)
    return asking.edit_review(catalogue().movie(review.movie_id), review, version=version_of(review))


@blueprint.post("/review/<int:id>/edit")
def edit_review(id: int) -> BaseResponse:
    form = EditReviewForm.posted()
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
    policy.require(Deed.EDIT_REVIEW, old.writer)

    def edit(data: dict[str, str]) -> Review:
        count(Count.POSTS)
        fields = data | {"spoiler": data.get("spoiler", "off")}  # a box that is not ticked is not sent
        return catalogue().edit_review(id, read(ReviewPatch, fields, strict=False), caller.who())

    version = version_of(old)
    if form.version.data and form.version.data != version and form.is_genuine():
        form.conflict()
        return asking.edit_review(catalogue().movie(old.movie_id), old, form, version)
    review = form.submit(edit)
    if review is None:
        return asking.edit_review(catalogue().movie(old.movie_id), old, form, version)
    tell(messages.REVIEW_READ_AGAIN if review.content != old.content else messages.REVIEW_EDITED, review_id=id)
    return redirect(pages.review_address(id), 303)


def _show_lost(form: EditReviewForm) -> Response:
    """Return the page of a review that was deleted while it was edited, with what was typed."""
    response = render("lost_edit.html", content=form.content.data)
    response.status_code = 404
    return response
