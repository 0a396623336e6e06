"""Why a review rates as it does: its words shaded by strength, and the rating without the strongest."""

from flask import Response

from app.http.limits import EXPLAINING, Count, count
from app.models import Explanation, Movie, Review
from app.web import marks
from app.web.pages import catalogue
from app.web.rendering import render

WORDS_LISTED = 5


def words(review: Review) -> Response:
    """Render the review's words, shaded, alone: for a script that shows them in place. Raises `Busy`."""
    explanation, marked = _explain(review)
    return render("_words.html", marked=marked)


def why(movie: Movie, review: Review) -> Response:
    """Render the review's words by strength, and its rating without each of the strongest. Raises `Busy`."""
    explanation, marked = _explain(review)
    strongest = sorted(explanation.words, key=lambda word: -abs(word.weight))
    return render(
        "why.html",
        movie=movie,
        review=review,
        marked=marked,
        lifting=[word for word in strongest if word.weight >= marks.NOTICED][:WORDS_LISTED],
        lowering=[word for word in strongest if word.weight <= -marks.NOTICED][:WORDS_LISTED],
        strength=marks.strength,
        strong_from=marks.STRONG,
    )


def _explain(review: Review) -> tuple[Explanation, list[marks.Mark]]:
    count(Count.ANALYSES, EXPLAINING)
    explanation = catalogue().explain(review.content)
    return explanation, marks.mark(review.content, explanation.words)
