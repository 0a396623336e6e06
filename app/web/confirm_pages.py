"""The pages that hold one form: a movie's details, a review, and the question before something is deleted."""

from flask import Response

from app.models import CONFIDENT_FROM, Movie, Review
from app.schemas import MoviePatch
from app.web.forms import DeleteForm, EditMovieForm, EditReviewForm
from app.web.pages import MAX_GENRES, catalogue
from app.web.rendering import render


def edit_movie(movie: Movie, from_request: EditMovieForm | None = None) -> Response:
    """Return the movie's details in a form."""
    form = from_request or EditMovieForm(**{name: getattr(movie, name) for name in MoviePatch.model_fields})
    return render(
        "edit.html", from_request, movie=movie, review=None, form=form, genres=catalogue().genres()[:MAX_GENRES]
    )


def edit_review(
    movie: Movie, review: Review, from_request: EditReviewForm | None = None, version: str = ""
) -> Response:
    """Return the review in a form, which carries the `version` that it starts from."""
    form = from_request or EditReviewForm(author=review.author, content=review.content, spoiler=review.spoiler)
    form.version.data = version
    return render("edit.html", from_request, movie=movie, review=review, form=form, sure_from=CONFIDENT_FROM)


def ask_to_delete(movie: Movie, review: Review | None = None, form: DeleteForm | None = None) -> Response:
    """Asks whether the review, or else the movie with all its reviews, is to go."""
    return render("delete.html", form, movie=movie, review=review, form=form or DeleteForm())
