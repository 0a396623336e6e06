"""Pydantic models of what comes in and what goes out, in forms, JSON and files. Limits of fields live here once."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.errors import FieldError, ValidationFailed
from app.models import CorrectedLabel, Label, MovieFields, ReviewSort, Sentiment

TITLE_MAX = 200
DIRECTOR_MAX = 100
GENRE_MAX = 50
POSTER_URL_MAX = 2_000
DATE_MAX = len("YYYY-MM-DD")
AUTHOR_MAX = 40
CONTENT_MAX = 5_000
BATCH_MAX = 1_000
QUERY_MAX = 200
PASSPHRASE_MAX = 200
PER_PAGE_MAX = 1_000
ID_MAX = 2**63 - 1
PAGE_MAX = 1_000_000
MODEL_MAX = 200
MOMENT_MAX = 40
MIN_YEAR, MAX_YEAR = 1900, 2999
BODY_MAX = 4 * 1024 * 1024
"""Bytes of a request body: `BATCH_MAX` reviews of 1,000 syllables fit as UTF-8; of longer ones, fewer."""

_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BREAK = r"\t\n\r\u2028\u2029"
# White space, and what shows as nothing: soft hyphen, joiners, bidi marks, Hangul fillers, variation selectors, BOM.
_UNSEEN = (
    r"\t\n\r \xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
_LINE = f"[^{_CONTROL}{_BREAK}]*"
_NEEDED_LINE = f"{_LINE}[^{_CONTROL}{_BREAK}{_UNSEEN}]{_LINE}"
_NEEDED_TEXT = f"[^{_CONTROL}]*[^{_CONTROL}{_UNSEEN}][^{_CONTROL}]*"
_POSTER_URL = r"(https?://[A-Za-z0-9가-힣.-]+(:[0-9]{1,5})?([/?#][^\x00-\x20\x7f-\xa0\"'<>\\^`{|}\u2000-\u200f\u2028-\u202f\u3000]*)?)?"
_DATE = r"([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?"
_UNSEEN_CHARACTERS = "".join(re.findall(f"[{_UNSEEN}]", "".join(map(chr, range(0x10000)))))
_PLAIN = re.compile("[\t-\r -~가-힣ㄱ-ㅣ]*")
"""Nearly all that is written here: no mark among it, and NFC already."""
_INITIALS, _MEDIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ", "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = "\u3164ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_SPELT_OUT = re.compile(f"\u3164([{_INITIALS}])([{_MEDIALS}])([{_FINALS}])")
"""A syllable that KS X 1001 has no code for: a filler, two letters, and a third or another filler."""
_DECOMPOSED = 4
"""A text this many times over its limit is refused unread: NFD Korean is at most three times as long as NFC."""
_MARKS_MAX = 64
"""Combining marks on one letter; normalising takes time quadratic in them, and no script stacks so many."""


def _tidy(text: str, max_length: int) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("control_characters", "must not contain half of a surrogate pair") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\u3164" in text:
        text = _SPELT_OUT.sub(_compose, text)
    text = text.strip(_UNSEEN_CHARACTERS)
    if len(text) <= max_length * _DECOMPOSED and not _PLAIN.fullmatch(text):
        if any(is_mark and sum(1 for _ in run) > _MARKS_MAX for is_mark, run in groupby(text, _is_mark)):
            raise PydanticCustomError("combining_marks", "must not stack more than 64 combining marks")
        text = unicodedata.normalize("NFC", text)
    if len(text) > max_length:
        raise PydanticCustomError(
            "string_too_long",
            "must have at most {max_length} characters, has {length}",
            {"max_length": max_length, "length": len(text)},
        )
    return text


def _compose(spelt_out: "re.Match[str]") -> str:
    initial, medial, final = spelt_out.groups()
    place = (_INITIALS.index(initial) * len(_MEDIALS) + _MEDIALS.index(medial)) * len(_FINALS) + _FINALS.index(final)
    return chr(ord("가") + place)


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0


def _text(refused: str, max_length: int, needed: bool) -> Callable[[str], str]:
    search = re.compile(f"[{refused}]").search

    def check(text: str) -> str:
        text = _tidy(text, max_length)
        if not text and needed:
            raise PydanticCustomError("blank", "must not be blank")
        if search(text):
            raise PydanticCustomError("control_characters", "must not contain control characters")
        return text

    return check


def _schema(pattern: str, max_length: int, needed: bool, **more: Any) -> WithJsonSchema:
    minimum = {"minLength": 1} if needed else {}
    return WithJsonSchema({"type": "string", **minimum, "maxLength": max_length, "pattern": f"^{pattern}$", **more})


def _check_date(text: str) -> str:
    text = _tidy(text, DATE_MAX)
    try:
        if not re.fullmatch(_DATE, text):
            raise ValueError
        if text:
            date.fromisoformat(text + "YYYY-01-01"[len(text) :])
    except ValueError:
        message = "must be an existing day written YYYY-MM-DD, a month YYYY-MM or a year YYYY, or empty"
        raise PydanticCustomError("date_invalid", message) from None
    return text


def _check_moment(text: str) -> str:
    text = _tidy(text, MOMENT_MAX)
    if not text:
        return text
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if not MIN_YEAR <= moment.year <= MAX_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "moment_invalid",
            "must be a moment in ISO 8601 between the years {least} and {most}, or empty",
            {"least": MIN_YEAR, "most": MAX_YEAR},
        ) from None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _check_poster_url(text: str) -> str:
    text = _tidy(text, POSTER_URL_MAX)
    if not re.fullmatch(_POSTER_URL, text):
        raise PydanticCustomError("url_invalid", "must be an address that starts with http:// or https://, or empty")
    return text


def _whole(number: object) -> object:
    """JSON Schema counts 7.0 among the integers."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _one_of(labels: type[StrEnum]) -> BeforeValidator:
    """JSON has no enumerations: strict or not, a label comes as its text."""

    def check(value: object) -> object:
        try:
            return labels(str(value))
        except ValueError:
            raise PydanticCustomError("label_invalid", "must be {labels}", {"labels": " or ".join(labels)}) from None

    return BeforeValidator(check)


def _line(max_length: int, needed: bool, example: str) -> tuple[AfterValidator, WithJsonSchema]:
    check = AfterValidator(_text(_CONTROL + _BREAK, max_length, needed))
    return check, _schema(_NEEDED_LINE if needed else _LINE, max_length, needed, examples=[example])


Title = Annotated[str, *_line(TITLE_MAX, True, "리틀 포레스트")]
Director = Annotated[str, *_line(DIRECTOR_MAX, False, "임순례")]
Genre = Annotated[str, *_line(GENRE_MAX, False, "드라마")]
Author = Annotated[str, *_line(AUTHOR_MAX, True, "밤편지")]
ReleaseDate = Annotated[
    str,
    AfterValidator(_check_date),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": "^(?!0000)[0-9]{4}(-(0[1-9]|1[0-2]))?$"},
                {"const": ""},
            ],
            "examples": ["2018-02-28", "2018"],
        }
    ),
]
PosterUrl = Annotated[
    str,
    AfterValidator(_check_poster_url),
    _schema(_POSTER_URL, POSTER_URL_MAX, False, examples=["https://example.com/poster.jpg"]),
]
Text = Annotated[
    str,
    AfterValidator(_text(_CONTROL, CONTENT_MAX, True)),
    _schema(_NEEDED_TEXT, CONTENT_MAX, True, examples=["처음엔 심심했는데 볼수록 따뜻하고 여운이 오래 남네요"]),
]
Moment = Annotated[str, AfterValidator(_check_moment)]
ModelId = Annotated[str, AfterValidator(_text(_CONTROL + _BREAK, MODEL_MAX, False))]
ReviewLabel = Annotated[Label, _one_of(Label)]
CorrectionLabel = Annotated[CorrectedLabel, _one_of(CorrectedLabel)]
Id = Annotated[int, Field(ge=1, le=ID_MAX), BeforeValidator(_whole)]
Sort = Literal["rating", "average", "newest", "reviews", "release", "title"]


class Input(BaseModel):
    """The base of all inputs: unknown fields are ignored, so that older clients keep working."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class MovieInput(Input):
    """A movie to add. Only the title is required."""

    title: Title
    release_date: ReleaseDate = ""
    director: Director = ""
    genre: Genre = ""
    poster_url: PosterUrl = ""

    def fields(self) -> MovieFields:
        return MovieFields(**self.model_dump(exclude={"id"}))


class ReviewInput(Input):
    """A review to read and keep."""

    movie_id: Id
    author: Author
    content: Text
    spoiler: Annotated[bool, Field(description="whether the text gives the plot away")] = False
    passphrase: Annotated[
        str, Field(max_length=PASSPHRASE_MAX, description="claims the nickname, or proves that it is yours", repr=False)
    ] = ""


class MoviePatch(Input):
    """What is to change of a movie; what is left out stays as it is."""

    title: Title = Field(default_factory=str)
    release_date: ReleaseDate = Field(default_factory=str)
    director: Director = Field(default_factory=str)
    genre: Genre = Field(default_factory=str)
    poster_url: PosterUrl = Field(default_factory=str)

    def apply(self, movie: MovieFields) -> MovieFields:
        """Return the movie's fields as they are then."""
        old = {name: getattr(movie, name) for name in MoviePatch.model_fields}
        return MovieFields(**old | self.model_dump(exclude_unset=True))


class ReviewPatch(Input):
    """What is to change of a review; what is left out stays as it is. A review stays with its movie."""

    author: Author = Field(default_factory=str)
    content: Text = Field(default_factory=str)
    spoiler: Annotated[bool, Field(description="whether the text gives the plot away")] = False


class SentimentInput(Input):
    """A text to read and forget."""

    text: Text


class SentimentBatchInput(Input):
    """Texts to read and forget."""

    texts: Annotated[list[Text], Field(max_length=BATCH_MAX)]


class MovieRecord(MovieInput):
    """A movie in a file of ours: `id` is what the file's reviews call it."""

    id: Id


class ReviewRecord(ReviewInput):
    """A review in a file of ours, with how it was read, if it was: label, score and rating come together or not at all.

    `id` 0 means that it has none. A moment without a time zone is in UTC.
    """

    id: Annotated[int, Field(ge=0, le=ID_MAX)] = 0
    created_at: Moment = ""
    edited_at: Moment = ""
    model: ModelId = ""
    sentiment_label: ReviewLabel | None = None
    sentiment_score: Annotated[float | None, Field(ge=0.5, le=1)] = None
    rating: Annotated[float | None, Field(ge=0, le=10)] = None

    @model_validator(mode="after")
    def _whole_or_none(self) -> Self:
        given = [part is not None for part in (self.sentiment_label, self.sentiment_score, self.rating)]
        if any(given) != all(given):
            names = "sentiment_label, sentiment_score and rating"
            raise PydanticCustomError("reading_partial", f"must have all of {names}, or none")
        return self

    @property
    def sentiment(self) -> Sentiment | None:
        if self.sentiment_label is None or self.sentiment_score is None or self.rating is None:
            return None
        return Sentiment(self.sentiment_label, self.sentiment_score, self.rating)


class CorrectionRecord(Input):
    """A reader's word against the model's in a file of ours; `reader` tells one review's readers apart, no more."""

    review_id: Id
    reader: Id
    label: CorrectionLabel
    created_at: Moment


class CorrectionInput(Input):
    """What a reader says that a review is."""

    label: CorrectionLabel


class PageQuery(Input):
    """Which part of a list: `page` counts from 1."""

    page: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 1
    per_page: Annotated[int, Field(ge=1, le=PER_PAGE_MAX)] = PER_PAGE_MAX

    @property
    def start(self) -> int:
        """How many items come before this page."""
        return (self.page - 1) * self.per_page


class MoviesQuery(PageQuery):
    """The query of a list of movies.

    `q` is searched for in title, director, genre and year, initial consonants (ㄱㅅㅊ) included. All of several genres
    in `genre`, as in "드라마, 스릴러", have to match.
    """

    q: Annotated[str, Field(max_length=QUERY_MAX)] = ""
    genre: Annotated[str, Field(max_length=GENRE_MAX)] = ""
    director: Annotated[str, Field(max_length=DIRECTOR_MAX)] = ""
    year: Annotated[str, Field(pattern="^([0-9]{4})?$", examples=["2019"])] = ""
    sort: Sort = "rating"

    @property
    def is_narrowed(self) -> bool:
        """Whether some movies are left out."""
        return bool(self.q or self.genre or self.director or self.year)


class ReviewsQuery(PageQuery):
    """Which of a movie's reviews, in which order."""

    label: Label | None = None
    sort: ReviewSort = ReviewSort.NEWEST


class AllReviewsQuery(PageQuery):
    """Which of all movies' reviews: those under a nickname, if `author` is given, in which order; else the newest."""

    author: Annotated[str, Field(max_length=AUTHOR_MAX, pattern=r"^[^\x00]*$")] = ""
    sort: ReviewSort = ReviewSort.NEWEST


InputT = TypeVar("InputT", bound=Input)


def parse(model: type[InputT], data: object, *, strict: bool = True) -> InputT:
    """Validate `data` as `model`. Without `strict`, "7" is read as 7, as in forms. Raise `ValidationFailed`."""
    try:
        return model.model_validate(data, strict=strict)
    except ValidationError as error:
        source = "query" if issubclass(model, PageQuery) else "body"
        raise ValidationFailed(
            [_field_error(dict(item)) for item in error.errors(include_url=False)], source
        ) from error


def _field_error(item: dict[str, Any]) -> FieldError:
    field, index = (*item["loc"], None, None)[:2]
    message = "must be an object with named fields" if item["type"] == "model_type" else item["msg"]
    context = {key: value for key, value in item.get("ctx", {}).items() if isinstance(value, str | int | float)}
    return FieldError(str(field or ""), item["type"], message, context, index if isinstance(index, int) else None)


ResponseId = Annotated[int, Field(ge=1)]
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

    id: ResponseId
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

    id: ResponseId
    movie_id: ResponseId
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
    stated_score: Annotated[
        float | None,
        Field(
            ge=0,
            le=10,
            description="the score, of ten, that the text states in digits or stars, if the model counts such; "
            "it counts by its share of the text's characters",
        ),
    ]


class AverageRatingOut(Schema):
    """A movie's rating."""

    movie_id: Annotated[ResponseId, Field(validation_alias="id")]
    average_rating: Average
    review_count: Count


class DeletedMovieOut(Schema):
    """The movie that was deleted, and how many reviews went with it."""

    id: ResponseId
    reviews_deleted: Count


class DeletedReviewOut(Schema):
    """The review that was deleted."""

    id: ResponseId


class HealthOut(Schema):
    """The process answers ("ok"), or is ready to serve ("ready")."""

    status: str


class ErrorOut(BaseModel):
    """What went wrong, in a sentence."""

    detail: str


class ValidationErrorItem(BaseModel):
    """One broken rule: where (`["body", "title"]`), in words, and pydantic's name for it."""

    loc: list[str | int]
    msg: str
    type: str


class ValidationErrorOut(BaseModel):
    """Every rule that the body or query breaks."""

    detail: list[ValidationErrorItem]


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def dump(schema: Any, value: object) -> bytes:
    """`value`, a model of `app.models` or a list of them, as UTF-8 JSON in the shape of `schema`."""
    adapter = _ADAPTERS.get(schema)
    if adapter is None:
        adapter = _ADAPTERS[schema] = TypeAdapter(schema)
    return adapter.dump_json(adapter.validate_python(value, from_attributes=True))
