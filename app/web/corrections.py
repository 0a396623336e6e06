"""A reader says that the model read a review wrongly, or takes that back; one word a browser a review."""

from flask import Blueprint, redirect, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.models import CorrectedLabel, Review
from app.schemas import CorrectionInput, parse
from app.security import identity
from app.security.rate_limits import RateLimitScope, check_rate_limit
from app.web import error_messages, pages
from app.web.flashes import flash_message
from app.web.forms import Form
from app.web.pages import REVIEWS_A_PAGE, catalogue

blueprint = Blueprint("corrections", __name__)

_MINE = "corrected"
_MAX_MINE = 50  # ids in a cookie of 4 KB; who corrects more can still say it again, not take it back


class CorrectionForm(Form):
    """Says what a review is; holds nothing but the token, as its buttons carry the label."""


def is_mine(review_id: int) -> bool:
    """Whether this browser has corrected the review lately."""
    return review_id in _mine()


blueprint.add_app_template_global(is_mine, "corrected_by_me")
blueprint.add_app_template_global(lambda: CorrectedLabel.NEITHER, "neither_label")


@blueprint.post("/review/<int:id>/correction")
def correct(id: int) -> BaseResponse:
    review = catalogue().review(id)
    form = CorrectionForm.from_request()
    told = form.submit(lambda data: _correct(review, data.get("label", "")))
    flash_message(told or form.alert or error_messages.CANNOT_CORRECT)
    if told is None:
        response = pages.movie(review.movie_id)
        response.status_code = form.status
        return response
    number = catalogue().position(id) // REVIEWS_A_PAGE + 1
    anchor = f"review-{id}"
    return redirect(url_for("web.show_movie", id=review.movie_id, page=number, _anchor=anchor), 303)


def _correct(review: Review, label: str) -> str:
    """Keep the reader's correction, or take it back where there is none; return the message for them."""
    check_rate_limit(RateLimitScope.POSTS)
    said = parse(CorrectionInput, {"label": label}).label if label else None
    catalogue().set_correction(review.id, identity.ensure_writer_token(), said)
    others = [number for number in _mine() if number != review.id]
    if said is None or str(said) == review.sentiment_label:
        session[_MINE] = others
        return error_messages.UNCORRECTED
    session[_MINE] = [*others, review.id][-_MAX_MINE:]
    return error_messages.CORRECTED


def _mine() -> list[int]:
    found = session.get(_MINE)
    return found if isinstance(found, list) else []
