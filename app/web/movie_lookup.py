"""Which movie a review in the side panel's form is about: one that was chosen, or one that its typed title means."""

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from app.errors import FieldError, NotFound, ValidationFailed
from app.extensions import get_service
from app.models import Movie
from app.schemas import ID_MAX, QUERY_MAX, TITLE_MAX, MoviesQuery
from app.services import ReviewService
from app.services.search import has_word, searched_text, split_words
from app.web.forms import ReviewForm

MAX_MATCHES = 8


def resolve_movie(form: ReviewForm, data: Mapping[str, str]) -> dict[str, str]:
    """Return `data` with the `movie_id` that is meant.

    A chosen id counts as long as the title is what the page put there (`movie_was`); another one is looked up. Raises
    `ValidationFailed` where that means no movie, or several: those are then the form's `matches`.
    """
    typed = data.get("movie", "").strip()
    if not typed or (data.get("movie_id") and typed == data.get("movie_was", "").strip()):
        return dict(data)
    matches = match_title(typed)
    if len(matches) == 1 and all(has_word(searched_text(matches[0]), word) for word in split_words(typed)):
        return {**data, "movie_id": str(matches[0].id)}
    form.matches = matches[:MAX_MATCHES]
    if not any(_fold(movie.title) == _fold(typed) for movie in matches):
        form.missing_title = typed[:TITLE_MAX]
    form.movie_was.data = form.movie.data
    raise ValidationFailed(
        [FieldError("movie_id", "movie_unclear" if matches else "movie_unknown", "must name one movie")]
    )


def match_title(title: str) -> list[Movie]:
    """Return the movies with just that title, but for case and spaces; else those that a search for it finds."""
    found = get_service(ReviewService).movies(MoviesQuery(q=title[:QUERY_MAX])).items
    return [movie for movie in found if _fold(movie.title) == _fold(title)] or found


def suggest(typed: str) -> list[dict[str, Any]]:
    """Return what a script offers to choose from while a title is typed."""
    typed = typed.strip()[:QUERY_MAX]
    found = get_service(ReviewService).suggest(typed, MAX_MATCHES) if typed else []
    return [{name: getattr(movie, name) for name in ("id", "title", "release_date", "director")} for movie in found]


def prefill_movie(form: ReviewForm) -> None:
    """Show the title of the chosen movie, unless another was typed."""
    chosen = str(form.movie_id.data or "")
    if form.movie.data and form.movie.data != form.movie_was.data:
        return
    if not (chosen.isascii() and chosen.isdecimal() and len(chosen) < 20):
        return
    try:
        movie = get_service(ReviewService).movie(min(int(chosen), ID_MAX))
    except NotFound:
        form.movie_id.data = form.movie_was.data = ""  # what stands in the title is then looked up
    else:
        form.movie.data = form.movie_was.data = movie.title


def _fold(title: str) -> str:
    return "".join(normalize("NFC", title).casefold().split())
