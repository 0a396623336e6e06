"""The HTML routes that change what is there: a movie's details, and a review by its writer."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.http import caller, policy
from app.http.limits import Count, count
from app.http.policy import Deed
from app.inputs import MoviePatch, ReviewPatch, read
from app.models import Movie, Review
from app.web import asking, messages, pages
from app.web.forms import EditMovieForm, EditReviewForm
from app.web.notices import tell
from app.web.pages import catalogue

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
    return asking.edit_review(catalogue().movie(review.movie_id), review)


@blueprint.post("/review/<int:id>/edit")
def edit_review(id: int) -> BaseResponse:
    old = catalogue().review(id)
    policy.require(Deed.EDIT_REVIEW, old.writer)
    form = EditReviewForm.posted()

    def edit(data: dict[str, str]) -> Review:
        count(Count.POSTS)
        return catalogue().edit_review(id, read(ReviewPatch, data, strict=False), caller.who())

    review = form.submit(edit)
    if review is None:
        return asking.edit_review(catalogue().movie(old.movie_id), old, form)
    tell(messages.REVIEW_READ_AGAIN if review.content != old.content else messages.REVIEW_EDITED)
    return redirect(pages.review_address(id), 303)
