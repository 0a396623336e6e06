"""Routes of reviews: adding from the home page and from a movie's page, a link to one, editing, deleting and reactions.

Reactions of readers are likes, and corrections of the label; one of each a browser.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NotFound
from app.models import Review
from app.schemas import CorrectionInput, ReviewInput, ReviewPatch, parse
from app.security import identity, permissions
from app.security.permissions import Permission
from app.security.rate_limits import RateLimitScope, check_rate_limit
from app.security.spam_protection import reject_duplicates
from app.services.search import nickname_key
from app.web import messages, pages
from app.web.forms import EditReviewForm, Form, ReviewForm
from app.web.pages import catalogue, resolve_movie
from app.web.rendering import flash_message, render, shorten_title, show_lost_edit

blueprint = Blueprint("reviews", __name__)

_LIKED, _CORRECTED = "liked", "corrected"  # in the session
_MAX_REMEMBERED = 50  # ids of reviews in a cookie of 4 KB; the store counts a browser once in any case


@blueprint.post("/review")
def add() -> BaseResponse:
    form = ReviewForm.from_request()
    review = form.submit(lambda data: _add(resolve_movie(form, data)))
    if review is None:
        return pages.home(review_form=form)
    return _redirect_to_new(review)


@blueprint.post("/movie/<int:id>/review")
def add_to(id: int) -> BaseResponse:
    form = ReviewForm.from_request()
    review = form.submit(lambda data: _add(data | {"movie_id": id}))
    if review:
        return _redirect_to_new(review)
    try:
        return pages.movie(id, form)
    except NotFound:  # deleted meanwhile
        form.movie_id.errors = []
        form.add_error("movie_id", messages.MOVIE_DELETED)
        return pages.home(review_form=form)


def _add(data: Mapping[str, Any]) -> Review:
    check_rate_limit(RateLimitScope.POSTS)
    review = parse(ReviewInput, data, strict=False)
    key = nickname_key(review.author)
    with reject_duplicates(review):
        permissions.require_nickname(catalogue(), key, review.author, review.passphrase)
        return catalogue().add_review(review, identity.owner_token(key))


def _redirect_to_new(review: Review) -> BaseResponse:
    """Redirect to the review, the newest on its movie's page, and flash its label, score and rating."""
    try:
        title = catalogue().movie(review.movie_id).title
    except NotFound:  # deleted meanwhile
        flash_message(messages.DELETED_MEANWHILE)
    else:
        flash_message(
            title=shorten_title(title),
            movie_id=review.movie_id,
            review_id=review.id,
            label=review.sentiment_label,
            score=review.sentiment_score,
            rating=review.rating,
            is_positive=review.is_positive,
            is_uncertain=review.is_uncertain,
        )
    return redirect(url_for("movies.show", id=review.movie_id, _anchor=f"review-{review.id}"), 303)


@blueprint.get("/review/<int:id>")
def show(id: int) -> BaseResponse:
    return redirect(pages.review_address(id, is_shared=True), 303)


@blueprint.route("/review/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> BaseResponse:
    try:
        return _edit(catalogue().review(id))
    except NotFound as error:
        return show_lost_edit(error, [EditReviewForm.from_request().content])


def _edit(old: Review) -> BaseResponse:
    permissions.require(Permission.EDIT_REVIEW, old.writer)
    form = EditReviewForm.from_request(obj=old)

    def edit(data: dict[str, str]) -> Review:
        check_rate_limit(RateLimitScope.POSTS)
        fields = data | {"spoiler": data.get("spoiler", "off")}  # browsers do not send unchecked boxes
        patch = parse(ReviewPatch, fields, strict=False)
        if patch.author != old.author:
            permissions.require_nickname(catalogue(), nickname_key(patch.author), patch.author)
        return catalogue().edit_review(old.id, patch, identity.actor(), version=data.get("version", ""))

    if review := form.submit(edit):
        text = messages.REVIEW_REANALYZED if review.content != old.content else messages.REVIEW_EDITED
        flash_message(text, review_id=review.id)
        return redirect(pages.review_address(review.id), 303)
    review = catalogue().review(old.id)
    if form.has_conflict or not form.version.data:
        form.version.data = review.version
    movie = catalogue().movie(review.movie_id)
    return render("edit.html", form, movie=movie, review=review, form=form)


@blueprint.route("/review/<int:id>/delete", methods=["GET", "POST"])
def delete(id: int) -> BaseResponse:
    review = catalogue().review(id)
    permissions.require(Permission.DELETE_REVIEW, review.writer)
    form = Form.from_request()
    if not form.has_valid_token():
        return render("delete.html", form, movie=catalogue().movie(review.movie_id), review=review, form=form)
    _, deletion = catalogue().delete_review(id, identity.actor())
    flash_message(gettext("%(author)s 님의 리뷰를 지웠어요.", author=shorten_title(review.author)), undo=deletion.id)
    return redirect(url_for("movies.show", id=review.movie_id, deleted=deletion.id), 303)


@blueprint.app_template_global()
def is_liked(review_id: int) -> bool:
    """Return whether this browser has liked the review, one of its last 50."""
    return review_id in session.get(_LIKED, [])


@blueprint.app_template_global()
def is_corrected(review_id: int) -> bool:
    """Return whether this browser has corrected the review, one of its last 50."""
    return review_id in session.get(_CORRECTED, [])


@blueprint.post("/review/<int:id>/like")
def like(id: int) -> BaseResponse:
    return _react(id, lambda _: _like(id))


@blueprint.post("/review/<int:id>/correction")
def correct(id: int) -> BaseResponse:
    return _react(id, lambda data: _correct(id, data.get("label", "")))


def _react(id: int, reaction: Callable[[dict[str, str]], str]) -> BaseResponse:
    """Store the reaction, flash its message and redirect to the review; on an error, return its movie's page."""
    review = catalogue().review(id)
    form = Form.from_request()
    message = form.submit(reaction)
    if message is None:
        flash_message(form.alert or messages.CANNOT_CORRECT)
        response = pages.movie(review.movie_id)
        response.status_code = form.status
        return response
    if message:
        flash_message(message)
    return redirect(pages.review_address(id), 303)


def _like(id: int) -> str:
    check_rate_limit(RateLimitScope.POSTS)
    catalogue().like(id, identity.ensure_writer_token())
    _remember(_LIKED, id)
    return ""


def _correct(id: int, label: str) -> str:
    """Store the reader's label, or delete it if empty, and return the message for them."""
    check_rate_limit(RateLimitScope.POSTS)
    corrected = parse(CorrectionInput, {"label": label}).label if label else None
    review = catalogue().set_correction(id, identity.ensure_writer_token(), corrected)
    if corrected is None or str(corrected) == review.sentiment_label:
        _remember(_CORRECTED, id, forget=True)
        return messages.UNCORRECTED
    _remember(_CORRECTED, id)
    return messages.CORRECTED


def _remember(key: str, review_id: int, *, forget: bool = False) -> None:
    others = [number for number in session.get(key, []) if number != review_id]
    session[key] = others if forget else [*others, review_id][-_MAX_REMEMBERED:]
