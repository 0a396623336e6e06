"""What the product is about, as frozen dataclasses. Imports the standard library only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar
from unicodedata import normalize

T = TypeVar("T")


class Label(StrEnum):
    """The two answers a review can get; the values are what pages and JSON show."""

    POSITIVE = "긍정"
    NEGATIVE = "부정"

    @property
    def opposite(self) -> "Label":
        return Label.NEGATIVE if self is Label.POSITIVE else Label.POSITIVE


class CorrectedLabel(StrEnum):
    """What a reader can say that a review is, instead of the model's label."""

    POSITIVE = "긍정"
    NEGATIVE = "부정"
    NEITHER = "어느 쪽도 아님"


class ReviewSort(StrEnum):
    """Orders of a movie's reviews; those with the same rating newest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    HIGHEST = "highest"
    LOWEST = "lowest"
    LIKED = "liked"


UNDO_HOURS = 24
"""How long a deletion can be undone."""

CONFIDENT_FROM = 0.7
"""A `Sentiment.score` (0.5..1) below this is shown as 판단이 어려워요, and neither green nor red."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """A reading: one number, the probability p that the text is positive, in the three forms that are shown.

    `rating` is 10 p (0..10), `label` positive from 5.0 on, and `score` the probability of the label, max(p, 1 - p).
    Readings of the first edition, stored or imported, may follow other rules.
    """

    label: Label
    score: float
    rating: float

    @classmethod
    def from_probability(cls, p: float) -> "Sentiment":
        """Return the reading for P(positive) = `p`, to four decimals.

        What is below 0.5 is at most 0.4949: shown with one decimal, its rating is then 4.9 and never a negative 5.0.
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
        """Whether the reading is too unsure to be painted green or red."""
        return self.score < CONFIDENT_FROM


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A part of a text, from `start` to before `end` (code points).

    `weight` (-10..10, above 0 for positive) is its share of the text's log-odds times the rating's distance from 5: a
    strength, no change of the rating. `rating_without` is the rating of the text without it; None if that was not read.
    """

    text: str
    start: int
    end: int
    weight: float
    rating_without: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a text was read, and what each of its words, in order, has to do with it."""

    sentiment: Sentiment
    words: Sequence[WordWeight] = ()
    stated_score: float | None = None
    """The score from 0 to 10 that the text states in digits or stars, where that counted for the reading."""


@dataclass(frozen=True, slots=True)
class KnownMisclassification:
    """A text the model is known to read wrongly: what a person says (None = neither), and how the model reads it."""

    text: str
    expected: Label | None
    sentiment: Sentiment


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model's name and what `training/evaluate.py` measured of it, empty if that was not run.

    `name` is for people; `id` is stored with each review, and changes whenever the model's files do. `figures` has the
    numbers by file and name (`figures["heldout"]["balanced_accuracy"]`). `calibration_bins` are pairs of the mean
    P(positive) of some reviews and the share of them that is positive; `movie_points` are pairs of the mean of the
    authors' stars of a movie and its mean rating.
    """

    name: str
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    calibration_bins: Sequence[tuple[float, float]] = ()
    movie_points: Sequence[tuple[float, float]] = ()
    misreadings: Sequence[KnownMisclassification] = ()
    id: str = ""


def movie_key(title: str, release_date: str) -> str:
    """Return the key that equal movies share: the title without spaces and case (NFC), and the release date."""
    return "".join(normalize("NFC", title).casefold().split()) + "\n" + release_date


@dataclass(frozen=True, slots=True)
class QueueStats:
    """The work of the model since the start.

    `waiting` texts are in the queue; `turns` is the number of batches of 1, 2, ... texts; `seconds` is the time all
    batches took.
    """

    waiting: int = 0
    turns: Mapping[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def texts(self) -> int:
        """How many texts were read."""
        return sum(texts * turns for texts, turns in self.turns.items())


@dataclass(frozen=True, slots=True)
class MovieFields:
    """What a visitor says of a movie.

    `release_date` is ISO `YYYY-MM-DD`, or `YYYY-MM` or `YYYY` where no more is known; all but `title` may be empty.
    """

    title: str
    release_date: str = ""
    director: str = ""
    genre: str = ""
    poster_url: str = ""

    @property
    def key(self) -> str:
        """The same for two of the same movie; see `movie_key`."""
        return movie_key(self.title, self.release_date)


@dataclass(frozen=True, slots=True)
class Movie(MovieFields):
    """A movie in the store, with what its reviews amount to.

    `rating_sum` is the sum of the ratings of its `review_count` reviews, `positive_count` of which read positive.
    `owner` is the token of the browser that added it, empty where unknown: it never leaves the site.
    """

    id: int = 0
    review_count: int = 0
    positive_count: int = 0
    rating_sum: float = 0.0
    owner: str = ""

    @property
    def average_rating(self) -> float | None:
        """The mean rating (0..10), or None (never 0) while there is no review."""
        if not self.review_count:
            return None
        # Sums of binary fractions drift: three tens less two others may leave a mean of 10.000000000000004.
        return min(10.0, max(0.0, self.rating_sum / self.review_count))

    @property
    def negative_count(self) -> int:
        return self.review_count - self.positive_count

    @property
    def positive_share(self) -> float | None:
        """The positive share of the reviews (0..1), or None while there is no review."""
        return self.positive_count / self.review_count if self.review_count else None


@dataclass(frozen=True, slots=True)
class Review:
    """A review in the store, with how it was read. `created_at` and `edited_at` (empty = never) are ISO 8601 in UTC.

    `model` is the `ModelCard.id` of the model that read it, empty where unknown. `writer` is an opaque mark of the
    browser that wrote it: it never leaves the site. `correction_count` readers say that the label is wrong. `spoiler`
    is the author's warning that the text gives the plot away. `like_count` readers like it.
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
    def is_positive(self) -> bool:
        return self.sentiment_label is Label.POSITIVE

    @property
    def is_uncertain(self) -> bool:
        """Whether the reading is too unsure to be painted green or red."""
        return self.sentiment_score < CONFIDENT_FROM


@dataclass(frozen=True, slots=True)
class AuthorSummary:
    """The reviews under one nickname.

    The numbers of positive and negative ones rated from 0, from 1, ... from 9 on, and the sum of their ratings.
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
    """A reader's word against the model's: the review is `label`. `reader` is an opaque mark of their browser."""

    review_id: int
    reader: str
    label: CorrectedLabel
    created_at: str


@dataclass(frozen=True, slots=True)
class ScoredReview:
    """A review's id, the text that was analyzed, and its new sentiment; out of date once the text is another one."""

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


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log.

    `who` is "admin", a writer's mark, or empty where everybody may; `summary` has at most 120 characters; `undone_at`
    is empty if it was not undone. `undoable` is computed on reading: a deletion or an import that was not undone and is
    younger than `UNDO_HOURS`. `before` is a review's text before an edit; `import_id` is the number of an import.
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
        """The number of the last page; 1 where there is nothing."""
        return max(1, -(-self.total // self.size))

    def cut(self, size: int) -> "Page[T]":
        """Return a first page, made a smaller first page."""
        return Page(self.items[:size], self.total, 1, size)
