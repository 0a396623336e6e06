"""Explanation pages: the words of a review by their weight, and the model with its measured quality."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response

from app.extensions import get_service
from app.models import Explanation, Review, WordWeight
from app.security.rate_limits import EXPLANATION_COST, RateLimitScope, check_rate_limit
from app.services import MaintenanceService
from app.web.pages import catalogue
from app.web.rendering import render

blueprint = Blueprint("explanations", __name__)

THRESHOLDS = (0.3, 0.5, 0.8, 1.6)
"""Minimum weights of words highlighted with strength 1, 2, 3, 4; pages pass them to `static/app.js`."""
WORDS_LISTED = 5
MAX_MISCLASSIFICATIONS = 8


@dataclass(frozen=True, slots=True)
class Highlight:
    """A part of the text. `mood` is empty for no weight; `strength` is 1 (weak) to 4 (strong)."""

    text: str
    mood: str = ""
    strength: int = 0


def strength(weight: float) -> int:
    """Return the number of `THRESHOLDS` that a weight reaches, 0 to 4."""
    return sum(abs(weight) >= threshold for threshold in THRESHOLDS)


def highlight(text: str, words: Sequence[WordWeight]) -> list[Highlight]:
    """Split the text into the words and the characters between them."""
    parts, at = [], 0
    for word in words:
        reached = strength(word.weight)
        mood = ("positive" if word.weight > 0 else "negative") if reached else ""
        parts += [Highlight(text[at : word.start]), Highlight(word.text, mood, reached)]
        at = word.end
    return [part for part in [*parts, Highlight(text[at:])] if part.text]


@blueprint.get("/review/<int:id>/words")
def show_words(id: int) -> Response:
    """Return the review's highlighted words alone, which a script puts in place of its text."""
    review = catalogue().review(id)
    return render("_highlighted_text.html", marked=highlight(review.content, _explain(review).words))


@blueprint.get("/review/<int:id>/why")
def show(id: int) -> Response:
    review = catalogue().review(id)
    movie = catalogue().movie(review.movie_id)
    explanation = _explain(review)
    noticeable = [word for word in explanation.words if strength(word.weight)]
    strongest = sorted(noticeable, key=lambda word: -abs(word.weight))
    return render(
        "explanation.html",
        movie=movie,
        review=review,
        marked=highlight(review.content, explanation.words),
        stated_score=explanation.stated_score,
        lifting=[word for word in strongest if word.weight > 0][:WORDS_LISTED],
        lowering=[word for word in strongest if word.weight < 0][:WORDS_LISTED],
        strength=strength,
    )


def _explain(review: Review) -> Explanation:
    """Return the explanation. Raise `RateLimited` or `ModelBusy`."""
    check_rate_limit(RateLimitScope.ANALYSES, EXPLANATION_COST)
    return catalogue().explain(review.content)


@blueprint.get("/model")
def show_model() -> Response:
    card = catalogue().model_card()
    return render(
        "model.html",
        card=card,
        models=get_service(MaintenanceService).store.models(),
        misclassifications=card.misclassifications[:MAX_MISCLASSIFICATIONS],
    )
