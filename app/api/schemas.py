"""What the JSON routes answer, as pydantic models: they write the bodies and the OpenAPI document."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from app.models import Label

Id = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Rating = Annotated[
    float, Field(ge=0, le=10, description="ten times the probability that the text is positive; 긍정 from 5.0 on")
]
Average = Annotated[
    float | None,
    Field(ge=0, le=10, description="the mean of the reviews' ratings; null, never 0, while there is no review"),
    # Six decimals hide what binary fractions leave behind (8.200000000000001) and keep all that was measured.
    PlainSerializer(lambda mean: None if mean is None else round(mean, 6), return_type=float | None),
]
Score = Annotated[
    float, Field(ge=0.5, le=1, description="the probability of the label: max(p, 1 - p), where p = rating / 10")
]


class Schema(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MovieOut(Schema):
    """A movie, with what its reviews amount to."""

    id: Id
    title: str
    release_date: str
    director: str
    genre: str
    poster_url: str
    average_rating: Average
    review_count: Count
    positive_count: Count


class ReviewOut(Schema):
    """A review, with how it was read."""

    id: Id
    movie_id: Id
    author: str
    content: str
    sentiment_label: Label
    sentiment_score: Score
    rating: Rating
    created_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    model: Annotated[str, Field(description="the model that read it; empty where that is not known")]
    correction_count: Annotated[Count, Field(description="readers who say that the label is wrong")]
    spoiler: Annotated[bool, Field(description="whether the text gives the plot away")]
    like_count: Annotated[Count, Field(description="readers who like it")]
    edited_at: Annotated[
        str,
        Field(
            description="when it was last edited; left out while it never was",
            json_schema_extra={"format": "date-time"},
            exclude_if=lambda moment: not moment,
        ),
    ] = ""


class SentimentOut(Schema):
    """How a text was read."""

    sentiment_label: Annotated[Label, Field(validation_alias="label")]
    sentiment_score: Annotated[Score, Field(validation_alias="score")]
    rating: Rating


class WordOut(Schema):
    """A word of a text, from code point `start` to before `end`, and what the text is without it."""

    text: str
    start: Count
    end: Annotated[int, Field(ge=1)]
    weight: Annotated[
        float,
        Field(
            ge=-10,
            le=10,
            description="strength: the word's share of the text's log-odds of positive, times the rating's distance "
            "from 5; above 0 for positive. It is not a change of the rating",
        ),
    ]
    rating_without: Annotated[
        float | None,
        Field(
            ge=0,
            le=10,
            description="the rating of the text without the word; null for the weaker words of a text of more than 200 "
            "characters",
        ),
    ]


class ExplanationOut(SentimentOut):
    """How a text was read, and what each of its words has to do with it."""

    words: list[WordOut]


class AverageRatingOut(Schema):
    """A movie's rating."""

    movie_id: Annotated[Id, Field(validation_alias="id")]
    average_rating: Average
    review_count: Count


class DeletedMovieOut(Schema):
    """The movie that was deleted, and how many reviews went with it."""

    id: Id
    reviews_deleted: Count


class DeletedReviewOut(Schema):
    """The review that was deleted."""

    id: Id


class HealthOut(Schema):
    """The process answers ("ok"), or is ready to serve ("ready")."""

    status: str


class Problem(BaseModel):
    """What went wrong, in a sentence."""

    detail: str


class BrokenRule(BaseModel):
    """One broken rule: where (`["body", "title"]`), in words, and pydantic's name for it."""

    loc: list[str | int]
    msg: str
    type: str


class InvalidProblem(BaseModel):
    """Every rule that the body or query breaks."""

    detail: list[BrokenRule]


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def dump(schema: Any, value: object) -> bytes:
    """`value`, a model of `app.models` or a list of them, as UTF-8 JSON in the shape of `schema`."""
    adapter = _ADAPTERS.get(schema)
    if adapter is None:
        adapter = _ADAPTERS[schema] = TypeAdapter(schema)
    return adapter.dump_json(adapter.validate_python(value, from_attributes=True))
