"""What a file says, row by row, whatever its format: both readers yield these, checked by `app.inputs`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.errors import FieldError
from app.models import Label, MovieFields, Sentiment


@dataclass(frozen=True, slots=True)
class MovieRow:
    """A movie that the file calls `id`. `by_title`: a table without release dates means the one movie of that title."""

    number: int
    id: int
    fields: MovieFields
    by_title: bool = False


class ReviewRow(NamedTuple):
    """A review of the file's movie `movie_id`, as plain values: many of them lie on disk as JSON arrays.

    `number` is the row's own, `id` 0 where the file gives none, `created_at` empty likewise; `label` empty = unread.
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

    def read_as(self, sentiment: Sentiment, model: str) -> "ReviewRow":
        return self._replace(label=sentiment.label, score=sentiment.score, rating=sentiment.rating, model=model)


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A reader's word on the file's review `review_id`; `reader` tells this review's readers apart."""

    number: int
    review_id: int
    reader: int
    label: Label
    created_at: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken: its `number` (lines of JSON Lines, rows of a table, from 1) and every reason."""

    number: int
    errors: Sequence[FieldError]


Row = MovieRow | ReviewRow | CorrectionRow | BadRow


def bad(number: int, type: str, message: str, field: str = "", **context: str | int) -> BadRow:
    """A bad row with one reason."""
    return BadRow(number, [FieldError(field, type, message, context)])
