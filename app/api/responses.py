"""Pydantic models of the JSON routes' responses."""

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, Field, PlainSerializer, TypeAdapter

from app.models import Label

ResponseId = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Rating = Annotated[
    float, Field(ge=0, le=10, description="ten times the probability that the text is positive; 긍정 from 5.0")
]
Average = Annotated[
    float | None,
    Field(ge=0, le=10, description="the mean of the reviews' ratings; null without reviews"),
    # Six decimals hide rounding errors (8.200000000000001) without loss of precision.
    PlainSerializer(lambda mean: None if mean is None else round(mean, 6), return_type=float | None),
]
Score = Annotated[
    float, Field(ge=0.5, le=1, description="the probability of the label: max(p, 1 - p), where p = rating / 10")
]


class MovieOut(BaseModel):
    """A movie with aggregates of its reviews."""

    id: ResponseId
    title: str
    release_date: str
    director: str
    genre: str
    poster_url: str
    average_rating: Average
    review_count: Count
    positive_count: Count


class ReviewOut(BaseModel):
    """A review with its sentiment."""

    id: ResponseId
    movie_id: ResponseId
    author: str
    content: str
    sentiment_label: Label
    sentiment_score: Score
    rating: Rating
    created_at: str = Field(json_schema_extra={"format": "date-time"})
    model: str = Field(description="id of the model that analyzed it; empty if unknown")
    correction_count: Count = Field(description="number of readers who contradict the label")
    spoiler: bool = Field(description="whether the text reveals the plot")
    like_count: Count = Field(description="number of readers who like it")
    edited_at: str = Field(
        "",
        description="time of the last edit; omitted if never edited",
        json_schema_extra={"format": "date-time"},
        exclude_if=lambda timestamp: not timestamp,
    )


class SentimentOut(BaseModel):
    """The sentiment of a text."""

    sentiment_label: Label = Field(validation_alias="label")
    sentiment_score: Score = Field(validation_alias="score")
    rating: Rating


class WordOut(BaseModel):
    """A word of a text, from code point `start` to before `end`."""

    text: str
    start: Count
    end: int = Field(ge=1)
    weight: float = Field(
        ge=-10,
        le=10,
        description="the word's share of the text's log-odds of positive, times the rating's distance from 5; "
        "above 0 for positive. It is not a change of the rating",
    )
    rating_without: float | None = Field(
        ge=0,
        le=10,
        description="the rating of the text without the word; null for the weaker words of a text of more than 200 "
        "characters",
    )


class ExplanationOut(SentimentOut):
    """The sentiment of a text and the weights of its words."""

    words: list[WordOut]
    stated_score: float | None = Field(
        ge=0,
        le=10,
        description="the score from 0 to 10 that the text states in digits or stars, if the model considers it, "
        "weighted by its share of the text's characters",
    )


class AverageRatingOut(BaseModel):
    """A movie's rating."""

    movie_id: ResponseId = Field(validation_alias="id")
    average_rating: Average
    review_count: Count


class DeletedMovieOut(BaseModel):
    """The deleted movie and the number of its deleted reviews."""

    id: ResponseId
    reviews_deleted: Count


class DeletedReviewOut(BaseModel):
    """The deleted review."""

    id: ResponseId


class HealthOut(BaseModel):
    """The health of the process: "ok", or "ready" if it can serve requests."""

    status: str


class ErrorOut(BaseModel):
    """An error as one sentence."""

    detail: str


class ValidationErrorItem(BaseModel):
    """A validation error: its location (`["body", "title"]`), message and type."""

    loc: list[str | int]
    msg: str
    type: str


class ValidationErrorOut(BaseModel):
    """All validation errors of the body or query."""

    detail: list[ValidationErrorItem]


@cache
def adapter(schema: Any) -> TypeAdapter[Any]:
    """Return the cached adapter of a model or a list of one."""
    return TypeAdapter(schema)


def dump(schema: Any, value: object) -> bytes:
    """Serialize a model of `app.models`, or a list of them, to UTF-8 JSON by `schema`."""
    type_adapter = adapter(schema)
    return type_adapter.dump_json(type_adapter.validate_python(value, from_attributes=True))
