"""Rank 0. What an analyzer and a store can do. `app/sentiment/` and `app/store/` implement these; tests fake them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from app.models import (
    Action,
    Change,
    Correction,
    Explanation,
    Label,
    ModelCard,
    Movie,
    MovieFields,
    Reading,
    Review,
    ReviewOrder,
    Sentiment,
    Totals,
    Workload,
)


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

    def workload(self) -> Workload:
        """What it has to do and has done."""
        ...

    def check(self) -> None:
        """Raises `app.errors.Unavailable` when it cannot read now, however long one waits."""
        ...


class Store(Protocol):
    """Keeps movies and reviews. Safe under threads; ids start at 1, grow, and never come back, except by `undo`.

    `who` is who asked for a change, as the log shows it. Whatever touches a store may raise `app.errors.Unavailable`,
    and what takes an id raises `app.errors.NotFound` where nothing has it.
    """

    @property
    def version(self) -> int:
        """A number that changes with every change of the store, whichever process makes it."""
        ...

    @property
    def durable(self) -> bool:
        """Whether a restart keeps what is in it."""
        ...

    def check(self) -> None:
        """Raises `app.errors.Unavailable` when it cannot serve now."""
        ...

    def close(self) -> None:
        """Lets go of connections and files."""
        ...

    def add_movie(self, fields: MovieFields) -> Movie:
        """Raises `app.errors.AlreadyThere` when one with the same `movie_key` is."""
        ...

    def update_movie(self, movie_id: int, change: Callable[[Movie], MovieFields], who: str = "") -> Movie:
        """Gives the movie the fields that `change` makes of it; what others changed before it is called is in it.

        Logs it, unless nothing differs. Raises `app.errors.AlreadyThere` as `add_movie` does."""
        ...

    def movie(self, movie_id: int) -> Movie: ...

    def movies(self) -> Sequence[Movie]:
        """All movies, oldest first: the same object while nothing changed, and never altered afterwards."""
        ...

    def delete_movie(self, movie_id: int, who: str = "") -> int:
        """Deletes the movie and its reviews, and logs it; how many reviews went."""
        ...

    def add_review(
        self, movie_id: int, author: str, content: str, sentiment: Sentiment, *, model: str = "", writer: str = ""
    ) -> Review: ...

    def update_review(
        self,
        review_id: int,
        author: str | None = None,
        read: tuple[str, Sentiment] | None = None,
        *,
        model: str = "",
        who: str = "",
    ) -> Review:
        """None stays as it is by then. `read`: another content, and how `model` read it.

        Sets `edited_at` and logs it, unless nothing differs; another content drops the review's corrections."""
        ...

    def review(self, review_id: int) -> Review: ...

    def reviews(
        self,
        movie_id: int,
        label: Label | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: ReviewOrder = ReviewOrder.NEWEST,
    ) -> tuple[list[Review], int]:
        """A slice of the movie's reviews, and how many there are in all (of that label, if given)."""
        ...

    def delete_review(self, review_id: int, who: str = "") -> Review:
        """Deletes, logs and returns the review."""
        ...

    def position(self, review_id: int) -> int:
        """How many reviews of its movie are newer."""
        ...

    def histogram(self, movie_id: int) -> list[tuple[int, int]]:
        """How many of the movie's positive and negative reviews are rated up to 1, up to 2, ... up to 10."""
        ...

    def totals(self) -> Totals: ...

    def correct(self, review_id: int, reader: str, label: Label | None) -> Review:
        """Notes what the reader, who has one word a review, says it is; None takes that back."""
        ...

    def corrections(self) -> Iterable[Correction]:
        """All of them, by review and reader."""
        ...

    def changes(self, offset: int = 0, limit: int = 50) -> tuple[list[Change], int]:
        """A slice of the log, newest first, and how many lines it has in all."""
        ...

    def log(self, action: Action, summary: str, who: str = "") -> Change:
        """Adds a line for what was done in many steps: an import, a rescoring."""
        ...

    def undo(self, change_id: int, who: str = "") -> Change:
        """Brings back what the change deleted; the change, which now says when that was.

        Raises `app.errors.Expired` for what is no deletion, was undone before or is older than `UNDO_HOURS`,
        `app.errors.AlreadyThere` when the movie was added again meanwhile, and `app.errors.NotFound` ("movie") when the
        review's movie is deleted.
        """
        ...

    def all_reviews(self, after_id: int = 0, limit: int = 1_000) -> list[Review]:
        """The first so many reviews of all movies with a larger id, by id."""
        ...

    def models(self) -> dict[str, int]:
        """How many reviews each model read."""
        ...

    def put_readings(self, readings: Sequence[Reading], model: str) -> int:
        """Writes how `model` reads reviews that still say what it read; how many they are."""
        ...

    def reserve(self, movies: int, reviews: int) -> tuple[int, int]:
        """Sets so many fresh ids aside for `add_all`; the first movie's and the first review's."""
        ...

    def add_all(
        self, movies: Sequence[Movie], reviews: Sequence[Review], corrections: Sequence[Correction] = ()
    ) -> None:
        """Adds all of them, or in a failure none; later ids lie above theirs.

        Movies count the reviews that are added, whatever they say themselves, as reviews do corrections. Raises
        `app.errors.AlreadyThere` for an id or a movie that is there, `app.errors.NotFound` for a movie or review that
        is referred to and is not.
        """
        ...
