"""The rows of a file, whatever its format. All readers yield these; their values are checked by `app.schemas`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.errors import FieldError
from app.models import CorrectedLabel, MovieFields, Sentiment


@dataclass(frozen=True, slots=True)
class MovieRow:
    """A movie with its `id` in the file.

    `is_exact` is whether the file's release date is the movie's: a table may leave it out or name the year alone.
    """

    number: int
    id: int
    fields: MovieFields
    is_exact: bool = True


class ReviewRow(NamedTuple):
    """A review of the file's movie `movie_id`, as plain values that fit a database row.

    `number` is the row's number, `id` 0 and `created_at` empty where the file has none; `label` is empty where the text
    is still to be analyzed.
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
    """A row that cannot be imported: its `number` (lines of JSON Lines, rows of a table, from 1) and every reason.

    `is_blocking` is False for a row without a review's text, which does not keep the other rows from being imported.
    """

    number: int
    errors: Sequence[FieldError]
    is_blocking: bool = True


@dataclass(frozen=True, slots=True)
class DroppedCell:
    """An optional cell that cannot be read or kept whole; the row's review is imported without it."""

    number: int
    error: FieldError


Row = MovieRow | ReviewRow | CorrectionRow | BadRow | DroppedCell


def bad(number: int, type: str, message: str, field: str = "", **context: str | int) -> BadRow:
    """Return a bad row with one reason."""
    return BadRow(number, [FieldError(field, type, message, context)])
