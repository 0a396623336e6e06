"""Why a review rates as it does: its words shaded by strength, and the rating without the strongest."""

from flask import Response

from app.models import Explanation, Movie, Review
from app.security.rate_limits import EXPLAINING, RateLimitScope, check_rate_limit
from app.web import highlighting
from app.web.pages import catalogue
from app.web.rendering import render

WORDS_LISTED = 5


def words(review: Review) -> Response:
    """Render the review's words, shaded, alone: for a script that shows them in place. Raise `ModelBusy`."""
    explanation, marked = _explain(review)
    return render("_words.html", marked=marked)


def why(movie: Movie, review: Review) -> Response:
    """Render the review's words by strength, and its rating without each of the strongest. Raise `ModelBusy`."""
    explanation, marked = _explain(review)
    strongest = sorted(explanation.words, key=lambda word: -abs(word.weight))
    return render(
        "why.html",
        movie=movie,
        review=review,
        marked=marked,
        stated_score=explanation.stated_score,
        lifting=[word for word in strongest if word.weight >= highlighting.MIN_NOTICEABLE][:WORDS_LISTED],
        lowering=[word for word in strongest if word.weight <= -highlighting.MIN_NOTICEABLE][:WORDS_LISTED],
        strength=highlighting.strength,
        strong_from=highlighting.STRONG,
    )


def _explain(review: Review) -> tuple[Explanation, list[highlighting.Highlight]]:
    check_rate_limit(RateLimitScope.ANALYSES, EXPLAINING)
    explanation = catalogue().explain(review.content)
    return explanation, highlighting.highlight(review.content, explanation.words)
