"""Rank 0. What an analyzer and a store can do. `app/sentiment/` and `app/store/` implement these; tests fake them."""

from collections.abc import Sequence
from typing import Protocol

from app.models import Explanation, Label, ModelCard, Movie, MovieFields, Review, Sentiment, Totals


class Analyzer(Protocol):
    """Reads texts. Safe to call from any thread."""

    @property
    def card(self) -> ModelCard:
        """What is known of the model behind it."""
        ...

    def analyze(self, texts: Sequence[str]) -> list[Sentiment]:
        """One `Sentiment` a text, in order; `[]` for no texts.

        Raises `app.errors.Busy` when there is more queued than may be. Texts are not empty after trimming: that is
        refused earlier, by `app.inputs`.
        """
        ...

    def explain(self, text: str) -> Explanation:
        """How the text is read, and each word's part in it. Raises `app.errors.Busy` as `analyze` does."""
        ...


class Store(Protocol):
    """Keeps movies and reviews. Safe under threads; ids start at 1, grow, and never come back."""

    @property
    def version(self) -> int:
        """A number that changes with every change of the store."""
        ...

    def add_movie(self, fields: MovieFields) -> Movie: ...

    def movie(self, movie_id: int) -> Movie:
        """Raises `app.errors.NotFound`."""
        ...

    def movies(self) -> list[Movie]:
        """All movies, oldest first."""
        ...

    def delete_movie(self, movie_id: int) -> int:
        """Deletes the movie and its reviews; how many reviews went. Raises `app.errors.NotFound`."""
        ...

    def add_review(self, movie_id: int, author: str, content: str, sentiment: Sentiment) -> Review:
        """Raises `app.errors.NotFound` when there is no such movie (any more)."""
        ...

    def review(self, review_id: int) -> Review:
        """Raises `app.errors.NotFound`."""
        ...

    def reviews(
        self, movie_id: int, label: Label | None = None, offset: int = 0, limit: int | None = None
    ) -> tuple[list[Review], int]:
        """A slice of the movie's reviews, newest first, and how many there are in all (of that label, if given).

        Raises `app.errors.NotFound` when there is no such movie.
        """
        ...

    def delete_review(self, review_id: int) -> Review:
        """Deletes and returns the review. Raises `app.errors.NotFound`."""
        ...

    def totals(self) -> Totals: ...
