"""A reader likes a review, once a browser and review."""

from flask import Blueprint, redirect, session
from werkzeug.wrappers import Response as BaseResponse

from app.security import identity
from app.security.rate_limits import RateLimitScope, check_rate_limit
from app.web import error_messages, pages
from app.web.flashes import flash_message
from app.web.forms import Form
from app.web.pages import catalogue

blueprint = Blueprint("likes", __name__)

_LIKED = "liked"
_MAX_LIKED = 50  # ids in a cookie of 4 KB; the store counts a browser once in any case


class LikeForm(Form):
    """A button: holds nothing but the token."""


@blueprint.app_template_global()
def is_liked(review_id: int) -> bool:
    """Return whether this browser has liked the review lately."""
    return review_id in _liked()


@blueprint.post("/review/<int:id>/like")
def like(id: int) -> BaseResponse:
    review = catalogue().review(id)
    form = LikeForm.from_request()
    done = form.submit(lambda _: _like(review.id))
    if done is None:
        flash_message(form.alert or error_messages.CANNOT_CORRECT)
        response = pages.movie(review.movie_id)
        response.status_code = form.status
        return response
    return redirect(pages.review_address(id), 303)


def _like(review_id: int) -> bool:
    check_rate_limit(RateLimitScope.POSTS)
    catalogue().like(review_id, identity.ensure_writer_token())
    session[_LIKED] = [*(number for number in _liked() if number != review_id), review_id][-_MAX_LIKED:]
    return True


def _liked() -> list[int]:
    found = session.get(_LIKED)
    return [number for number in found if isinstance(number, int)] if isinstance(found, list) else []
