"""The domain's models, as frozen dataclasses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import blake2b
from typing import Generic, Self, TypeVar
from unicodedata import normalize

T = TypeVar("T")

KST = timezone(timedelta(hours=9), "KST")
"""Korean time, the default of imported tables, too; without summer time, it needs no time zone database."""


class Label(StrEnum):
    """The sentiment label of a review; the values are those on pages and in JSON."""

    POSITIVE = "긍정"
    NEGATIVE = "부정"

    @property
    def opposite(self) -> "Label":
        return Label.NEGATIVE if self is Label.POSITIVE else Label.POSITIVE


class CorrectedLabel(StrEnum):
    """A label that a reader can choose to correct the model's."""

    POSITIVE = "긍정"
    NEGATIVE = "부정"
    NEITHER = "어느 쪽도 아님"


class ReviewSort(StrEnum):
    """Sort orders of reviews; those with the same rating are sorted newest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    HIGHEST = "highest"
    LOWEST = "lowest"
    LIKED = "liked"


UNDO_HOURS = 24
"""Time for which a deletion or an import can be undone."""

CONFIDENT_FROM = 0.7
"""Below this `Sentiment.score` (0.5..1) a review is shown as 판단이 어려워요, neither green nor red."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """The result of an analysis: the probability p that the text is positive, in the three forms that are shown.

    `rating` is 10 p (0..10), `label` is positive from 5.0, and `score` is the probability of the label, max(p, 1 - p).
    Stored or imported sentiments of version 0.1 may differ from these rules.
    """

    label: Label
    score: float
    rating: float

    @classmethod
    def from_probability(cls, p: float) -> "Sentiment":
        """Return the sentiment for P(positive) = `p`, rounded to four decimals.

        Values below 0.5 are limited to 0.4949, so that the rating of a negative text is shown as 4.9, not as 5.0.
        """
        p = round(p, 4)
        if p < 0.5:
            p = min(p, 0.4949)
        return cls(Label.POSITIVE if p >= 0.5 else Label.NEGATIVE, round(max(p, 1 - p), 4), round(10 * p, 3))

    @property
    def is_positive(self) -> bool:
        return self.label is Label.POSITIVE

    @property
    def is_uncertain(self) -> bool:
        """Return whether the score is too low to show a label."""
        return self.score < CONFIDENT_FROM


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word of a text, from `start` to before `end` (code points).

    `weight` (-10..10, above 0 for positive) is its share of the text's log-odds times the rating's distance from 5; it
    is not a change of the rating. `rating_without` is the rating of the text without the word, None if not computed.
    """

    text: str
    start: int
    end: int
    weight: float
    rating_without: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The sentiment of a text, and the weights of its words, in order."""

    sentiment: Sentiment
    words: Sequence[WordWeight] = ()
    stated_score: float | None = None
    """The score from 0 to 10 that the text states in digits or stars, or None."""


@dataclass(frozen=True, slots=True)
class KnownMisclassification:
    """A text that the model misclassifies: the expected label (None = neither), and the model's sentiment."""

    text: str
    expected: Label | None
    sentiment: Sentiment


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model's name and the measurements of `training/evaluate.py`, if it was run.

    `name` is shown to users; `id` is stored with each review, and changes with the model's files. `figures` are the
    measurements by data set and name (`figures["heldout"]["balanced_accuracy"]`). `calibration_bins` are pairs (mean
    P(positive), share of positive reviews); `movie_points` are a movie's (mean of the authors' stars, mean rating).
    """

    name: str
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    calibration_bins: Sequence[tuple[float, float]] = ()
    movie_points: Sequence[tuple[float, float]] = ()
    misclassifications: Sequence[KnownMisclassification] = ()
    id: str = ""


def movie_key(title: str, release_date: str) -> str:
    """Return the key by which movies are compared: the title without spaces and case (NFC), and the release date."""
    return "".join(normalize("NFC", title).casefold().split()) + "\n" + release_date


def format_utc(time: datetime) -> str:
    """Format a time as ISO 8601 in UTC, to the second: `2026-11-22T15:04:05Z`. Such strings sort by time."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _hash_of(values: Iterable[object]) -> str:
    return blake2b("\n".join(map(str, values)).encode(), digest_size=8).hexdigest()


def is_same_date(date: str, other: str) -> bool:
    """Return whether two release dates (each a day, a month, a year or empty) may be the same one."""
    return date.startswith(other) or other.startswith(date)


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Statistics of the model since the start.

    `waiting` is the number of queued texts, `batch_counts` the number of batches by their size, and `seconds` the total
    time of all batches.
    """

    waiting: int = 0
    batch_counts: Mapping[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def texts(self) -> int:
        """The number of analyzed texts."""
        return sum(size * count for size, count in self.batch_counts.items())


@dataclass(frozen=True, slots=True)
class MovieFields:
    """The editable fields of a movie.

    `release_date` is ISO `YYYY-MM-DD`, `YYYY-MM` or `YYYY`; all fields but `title` may be empty.
    """

    title: str
    release_date: str = ""
    director: str = ""
    genre: str = ""
    poster_url: str = ""

    @property
    def key(self) -> str:
        """The key by which movies are compared; see `movie_key`."""
        return movie_key(self.title, self.release_date)

    @property
    def dated_title(self) -> str:
        """The title with the release date if there is one: `기생충 (2019-05-30)`."""
        return f"{self.title} ({self.release_date})" if self.release_date else self.title

    def filled_from(self, other: "MovieFields") -> Self:
        """Return a copy with its empty fields filled from the other movie."""
        empty = [item.name for item in fields(MovieFields) if not getattr(self, item.name)]
        return replace(self, **{name: getattr(other, name) for name in empty})

    @property
    def version(self) -> str:
        """Return a hash of the fields, to detect edits."""
        return _hash_of(getattr(self, item.name) for item in fields(MovieFields))


@dataclass(frozen=True, slots=True)
class Movie(MovieFields):
    """A stored movie with aggregates of its reviews.

    `rating_sum` is the sum of the ratings of its `review_count` reviews, of which `positive_count` are positive.
    `owner` is the owner token of the browser that added it, empty if unknown; it is never published.
    """

    id: int = 0
    review_count: int = 0
    positive_count: int = 0
    rating_sum: float = 0.0
    owner: str = ""

    @property
    def average_rating(self) -> float | None:
        """The mean rating (0..10), or None without reviews."""
        if not self.review_count:
            return None
        # Rounding errors of the sum can lead to a mean such as 10.000000000000004.
        return min(10.0, max(0.0, self.rating_sum / self.review_count))

    @property
    def negative_count(self) -> int:
        return self.review_count - self.positive_count

    @property
    def positive_share(self) -> float | None:
        """The share of positive reviews (0..1), or None without reviews."""
        return self.positive_count / self.review_count if self.review_count else None


@dataclass(frozen=True, slots=True)
class Review:
    """A stored review with its sentiment. `created_at` and `edited_at` (empty = never) are ISO 8601 in UTC.

    `model` is the `ModelCard.id` of the model that analyzed it, empty if unknown. `writer` is the owner token of its
    author, which is never published. `correction_count` is the number of readers who contradict the label. `spoiler` is
    the author's warning that the text reveals the plot.
    """

    id: int
    movie_id: int
    author: str
    content: str
    sentiment_label: Label
    sentiment_score: float
    rating: float
    created_at: str
    edited_at: str = ""
    model: str = ""
    writer: str = ""
    correction_count: int = 0
    spoiler: bool = False
    like_count: int = 0

    @property
    def version(self) -> str:
        """Return a hash of the fields that its writer can edit, to detect edits."""
        return _hash_of((self.author, self.spoiler, self.content))

    def with_sentiment(self, sentiment: Sentiment, model: str) -> "Review":
        """Return a copy with the sentiment of its text by `model`."""
        label, score, rating = sentiment.label, sentiment.score, sentiment.rating
        return replace(self, sentiment_label=label, sentiment_score=score, rating=rating, model=model)

    @property
    def is_positive(self) -> bool:
        return self.sentiment_label is Label.POSITIVE

    @property
    def is_uncertain(self) -> bool:
        """Return whether the score is too low to show a label."""
        return self.sentiment_score < CONFIDENT_FROM


@dataclass(frozen=True, slots=True)
class AuthorSummary:
    """Aggregates of the reviews under one nickname.

    `histogram` has the numbers of positive and negative reviews in ten bins by rating: 0-1, 1-2, ... 9-10.
    """

    histogram: Sequence[tuple[int, int]]
    rating_sum: float

    @property
    def review_count(self) -> int:
        return sum(map(sum, self.histogram))

    @property
    def average_rating(self) -> float | None:
        return self.rating_sum / self.review_count if self.review_count else None

    @property
    def positive_share(self) -> float | None:
        positive = sum(positive for positive, _ in self.histogram)
        return positive / self.review_count if self.review_count else None


@dataclass(frozen=True, slots=True)
class Correction:
    """A reader's correction of a review's label. `reader` is the owner token of the reader's browser."""

    review_id: int
    reader: str
    label: CorrectedLabel
    created_at: str


@dataclass(frozen=True, slots=True)
class ScoredReview:
    """A review's id, the text that was analyzed, and its new sentiment, which is not valid for another text."""

    review_id: int
    content: str
    sentiment: Sentiment


class AuditAction(StrEnum):
    """Kinds of audit log entries."""

    EDIT_MOVIE = "edit_movie"
    DELETE_MOVIE = "delete_movie"
    EDIT_REVIEW = "edit_review"
    DELETE_REVIEW = "delete_review"
    UNDO = "undo"
    IMPORT = "import"
    RESCORE = "rescore"
    MERGE_MOVIES = "merge_movies"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log.

    `who` is "admin", an owner token, or empty in open mode. `summary` has at most 120 characters. `undone_at` is empty
    if it was not undone. `undoable` is computed when it is read: True for a deletion, a merge or an import that was not
    undone and is younger than `UNDO_HOURS`. `before` is a review's text before an edit, or the names of the fields that
    a merge filled. `import_id` is set for imports.
    """

    id: int
    at: str
    who: str
    action: AuditAction
    movie_id: int | None
    review_id: int | None
    summary: str
    undone_at: str = ""
    undoable: bool = False
    before: str = ""
    import_id: int | None = None


@dataclass(frozen=True, slots=True)
class CatalogueTotals:
    """Counts over the whole catalogue."""

    movie_count: int
    review_count: int
    positive_count: int

    @classmethod
    def of(cls, movies: Sequence[Movie]) -> Self:
        review_count = sum(movie.review_count for movie in movies)
        return cls(len(movies), review_count, sum(movie.positive_count for movie in movies))

    @property
    def positive_share(self) -> float | None:
        return self.positive_count / self.review_count if self.review_count else None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: its `items`, the `total` over all pages, `number` (from 1) and `size`."""

    items: list[T]
    total: int
    number: int
    size: int

    @property
    def last(self) -> int:
        """The number of the last page; 1 for an empty list."""
        return max(1, -(-self.total // self.size))
