"""Parsed rows, common to all file formats. Their values are validated by `app.schemas`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.errors import FieldError
from app.models import CorrectedLabel, MovieFields, Sentiment


@dataclass(frozen=True, slots=True)
class MovieRow:
    """A movie with its `id` in the file.

    `is_exact` is False if the release date may be incomplete: a table may omit it or have only the year.
    """

    number: int
    id: int
    fields: MovieFields
    is_exact: bool = True


class ReviewRow(NamedTuple):
    """A review of the file's movie `movie_id`, in values that SQLite can store.

    `number` is the row's number. `id` is 0 and `created_at` empty if the file has none; `label` is empty until the text
    is analyzed.
    """

    number: int
    id: int
    movie_id: int
    author: str
    content: str
    created_at: str = ""
    edited_at: str = ""
    model: str = ""
    label: str = ""
    score: float = 0.0
    rating: float = 0.0
    spoiler: bool = False

    def with_sentiment(self, sentiment: Sentiment, model: str) -> "ReviewRow":
        return self._replace(label=sentiment.label, score=sentiment.score, rating=sentiment.rating, model=model)


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A reader's correction of the file's review `review_id`; `reader` distinguishes this review's readers."""

    number: int
    review_id: int
    reader: int
    label: CorrectedLabel
    created_at: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be imported, with its `number` (line of JSON Lines or row of a table, from 1) and its errors.

    `is_blocking` is False for a row without a review's text: the other rows are imported nevertheless.
    """

    number: int
    errors: Sequence[FieldError]
    is_blocking: bool = True


@dataclass(frozen=True, slots=True)
class DroppedCell:
    """An optional cell that is invalid or was shortened; the row's review is imported nevertheless."""

    number: int
    error: FieldError


Row = MovieRow | ReviewRow | CorrectionRow | BadRow | DroppedCell


def bad_row(number: int, type: str, message: str, field: str = "", **context: str | int) -> BadRow:
    """Return a bad row with one error."""
    return BadRow(number, [FieldError(field, type, message, context)])
