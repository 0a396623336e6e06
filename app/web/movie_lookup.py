"""Lookup of the movie in the home page's review form, by its chosen id or its typed title."""

from collections.abc import Mapping
from typing import Any

from app.errors import FieldError, NotFound, ValidationFailed
from app.extensions import get_service
from app.models import Movie, movie_key
from app.schemas import QUERY_MAX, TITLE_MAX, MovieChoice, MoviesQuery, parse
from app.services import ReviewService
from app.services.search import has_word, searched_text, split_words
from app.web.forms import MovieChoiceForm, ReviewForm

MAX_MATCHES = 8


def resolve_movie(form: MovieChoiceForm, data: Mapping[str, str], *, without: int = 0) -> dict[str, str]:
    """Return `data` with the `movie_id`.

    A chosen id is used unless the title was changed after the choice (`movie_was`); then the title is looked up. Raise
    `ValidationFailed` if it matches no movie or several, which become the form's `matches`. The movie `without` is left
    out.
    """
    typed = data.get("movie", "").strip()
    if not typed or (data.get("movie_id") and typed == data.get("movie_was", "").strip()):
        return dict(data)
    matches = match_title(typed, without=without)
    if len(matches) == 1 and all(has_word(searched_text(matches[0]), word) for word in split_words(typed)):
        return {**data, "movie_id": str(matches[0].id)}
    form.matches = matches[:MAX_MATCHES]
    if not any(_is_called(movie, typed) for movie in matches):
        form.missing_title = typed[:TITLE_MAX]
    form.movie_was.data = form.movie.data
    raise ValidationFailed(
        [FieldError("movie_id", "movie_unclear" if matches else "movie_unknown", "must name one movie")]
    )


def match_title(title: str, *, without: int = 0) -> list[Movie]:
    """Return the movies with this title, ignoring case and spaces, or else the results of a search for it."""
    found = get_service(ReviewService).movies(MoviesQuery(q=title[:QUERY_MAX])).items
    found = [movie for movie in found if movie.id != without]
    return [movie for movie in found if _is_called(movie, title)] or found


def suggest(typed: str) -> list[dict[str, Any]]:
    """Return suggestions for a partly typed title."""
    typed = typed.strip()[:QUERY_MAX]
    found = get_service(ReviewService).suggest(typed, MAX_MATCHES) if typed else []
    return [{name: getattr(movie, name) for name in ("id", "title", "release_date", "director")} for movie in found]


def prefill_movie(form: ReviewForm) -> None:
    """Fill in the title of the chosen movie, unless another was typed."""
    if form.movie.data and form.movie.data != form.movie_was.data:
        return
    try:
        chosen = parse(MovieChoice, {"movie_id": form.movie_id.data}, strict=False)
        movie = get_service(ReviewService).movie(chosen.movie_id)
    except ValidationFailed:
        return
    except NotFound:
        form.movie_id.data = form.movie_was.data = ""  # the title is looked up instead
    else:
        form.movie.data = form.movie_was.data = movie.title


def _is_called(movie: Movie, title: str) -> bool:
    return movie_key(movie.title, "") == movie_key(title, "")
