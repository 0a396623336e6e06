"""A movie's card and a review, as pages show them: what the gaps of their moulds are filled with."""

from markupsafe import Markup

from app.http.policy import Deed, may
from app.models import Movie, Review
from app.web.corrections import is_mine
from app.web.filters import (
    close_up,
    format_age,
    format_confidence,
    format_count,
    format_rating,
    format_time,
    format_width,
    shorten,
    split_text,
)
from app.web.moulds import cast
from app.web.posters import draw

_EXTREME_MOST = 90


def movie_card(movie: Movie) -> Markup:
    """The movie in a list of movies."""
    drawing = draw(movie.title)
    rating = movie.average_rating
    return cast(
        "_movies.html",
        "movie_card",
        id=movie.id,
        title=movie.title,
        poster_url=movie.poster_url,
        tone=str(drawing.tone),
        size=drawing.size,
        paths=drawing.paths,
        year=movie.release_date[:4],
        director=movie.director,
        genre=movie.genre,
        rating="" if rating is None else format_rating(rating),
        width=format_width(movie),
        positive=format_count(movie.positive_count),
        negative=format_count(movie.negative_count),
    )


def review_item(review: Review, token: str, is_new: bool = False) -> Markup:
    """The review in its movie's list, with what this caller may do and has said; `is_new` where they just posted it."""
    excerpt = split_text(close_up(review.content))
    edited = review.edited_at
    return cast(
        "_reviews.html",
        "review_item",
        review.is_positive,
        review.is_uncertain,
        is_mine(review.id) and review.correction_count > 0,
        may(Deed.EDIT_REVIEW, review.writer),
        may(Deed.DELETE_REVIEW, review.writer),
        is_new,
        id=review.id,
        author=review.author,
        head=excerpt.head,
        rest=excerpt.rest,
        rating=format_rating(review.rating),
        sure=format_confidence(review.sentiment_score),
        at=review.created_at,
        time=format_time(review.created_at),
        age=format_age(review.created_at),
        edited_at=edited,
        edited_time=format_time(edited) if edited else "",
        edited_age=format_age(edited) if edited else "",
        opposite=review.sentiment_label.opposite,
        corrections=format_count(review.correction_count) if review.correction_count else "",
        token=token,
    )


def review_extreme(review: Review, title: str) -> Markup:
    """One of the two reviews that stand above the others."""
    return cast(
        "_reviews.html",
        "extreme",
        review.is_positive,
        review.is_uncertain,
        title,
        id=review.id,
        author=review.author,
        start=shorten(close_up(review.content), _EXTREME_MOST),
        rating=format_rating(review.rating),
        sure=format_confidence(review.sentiment_score),
    )
