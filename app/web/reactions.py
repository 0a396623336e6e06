"""Readers' reactions to a review: a like, and a correction of its label; one of each a browser."""

from flask import Blueprint, redirect, session
from werkzeug.wrappers import Response as BaseResponse

from app.models import CorrectedLabel, Review
from app.schemas import CorrectionInput, parse
from app.security import identity
from app.security.rate_limits import RateLimitScope, check_rate_limit
from app.web import messages, pages
from app.web.forms import Form
from app.web.pages import catalogue
from app.web.rendering import flash_message

blueprint = Blueprint("reactions", __name__)
blueprint.add_app_template_global(lambda: CorrectedLabel.NEITHER, "neither_label")

_LIKED, _CORRECTED = "liked", "corrected"  # in the session
_MAX_REMEMBERED = 50  # ids of reviews in a cookie of 4 KB; the store counts a browser once in any case


@blueprint.app_template_global()
def is_liked(review_id: int) -> bool:
    """Return whether this browser has liked the review, one of its last 50."""
    return review_id in _remembered(_LIKED)


@blueprint.app_template_global()
def is_corrected(review_id: int) -> bool:
    """Return whether this browser has corrected the review, one of its last 50."""
    return review_id in _remembered(_CORRECTED)


@blueprint.post("/review/<int:id>/like")
def like(id: int) -> BaseResponse:
    review = catalogue().review(id)
    form = Form.from_request()
    return _respond(review, form, form.submit(lambda _: _like(review)))


@blueprint.post("/review/<int:id>/correction")
def correct(id: int) -> BaseResponse:
    review = catalogue().review(id)
    form = Form.from_request()
    message = form.submit(lambda data: _correct(review, data.get("label", "")))
    if message:
        flash_message(message)
    return _respond(review, form, message)


def _respond(review: Review, form: Form, done: object | None) -> BaseResponse:
    """Redirect to the review, or return its movie's page with the form's error if nothing was done."""
    if done is not None:
        return redirect(pages.review_address(review.id), 303)
    flash_message(form.alert or messages.CANNOT_CORRECT)
    response = pages.movie(review.movie_id)
    response.status_code = form.status
    return response


def _like(review: Review) -> bool:
    check_rate_limit(RateLimitScope.POSTS)
    catalogue().like(review.id, identity.ensure_writer_token())
    _remember(_LIKED, review.id)
    return True


def _correct(review: Review, label: str) -> str:
    """Store the reader's label, or delete it if empty, and return the message for them."""
    check_rate_limit(RateLimitScope.POSTS)
    corrected = parse(CorrectionInput, {"label": label}).label if label else None
    catalogue().set_correction(review.id, identity.ensure_writer_token(), corrected)
    if corrected is None or str(corrected) == review.sentiment_label:
        _remember(_CORRECTED, review.id, forget=True)
        return messages.UNCORRECTED
    _remember(_CORRECTED, review.id)
    return messages.CORRECTED


def _remember(key: str, review_id: int, *, forget: bool = False) -> None:
    others = [number for number in _remembered(key) if number != review_id]
    session[key] = others if forget else [*others, review_id][-_MAX_REMEMBERED:]


def _remembered(key: str) -> list[int]:
    found = session.get(key)
    return [number for number in found if isinstance(number, int)] if isinstance(found, list) else []
