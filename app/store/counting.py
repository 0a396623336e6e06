"""What a review does to what its movie amounts to, and what reading it anew does to the review."""

from dataclasses import replace

from app.models import Movie, Review, Sentiment


def count_review(movie: Movie, review: Review, change: int) -> Movie:
    """The movie with the review counted in (+1) or out (-1)."""
    count = movie.review_count + change
    return replace(
        movie,
        review_count=count,
        positive_count=movie.positive_count + (change if review.is_positive else 0),
        # Starting again from 0 keeps what rounding left in the sum from outliving the last review.
        rating_sum=movie.rating_sum + change * review.rating if count else 0.0,
    )


def empty(movie: Movie) -> Movie:
    """The movie with no reviews."""
    return replace(movie, review_count=0, positive_count=0, rating_sum=0.0)


def first_read(
    id: int, movie_id: int, author: str, content: str, sentiment: Sentiment, *, at: str, model: str, writer: str
) -> Review:
    """A new review, as `model` reads it; `at` is when it came, ISO 8601."""
    return Review(
        id=id,
        movie_id=movie_id,
        author=author,
        content=content,
        sentiment_label=sentiment.label,
        sentiment_score=sentiment.score,
        rating=sentiment.rating,
        created_at=at,
        model=model,
        writer=writer,
    )


def edited(review: Review, author: str | None, read: tuple[str, Sentiment] | None, model: str) -> Review:
    """The review with another author, or another text as `model` reads it; None stays as it is."""
    if read is not None:
        review = replace(read_anew(review, read[1], model), content=read[0])
    return review if author is None else replace(review, author=author)


def read_anew(review: Review, sentiment: Sentiment, model: str) -> Review:
    """The review as `model` reads it."""
    return replace(
        review,
        sentiment_label=sentiment.label,
        sentiment_score=sentiment.score,
        rating=sentiment.rating,
        model=model,
    )
