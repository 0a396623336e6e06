"""Pydantic models of inputs, for forms, JSON and files, with the limits of all fields."""

import re
import unicodedata
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
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.errors import FieldError, ValidationFailed
from app.hangul import FILLER, compose_filled
from app.models import CorrectedLabel, Label, MovieFields, ReviewSort, format_utc

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
TIMESTAMP_MAX = 40
MIN_YEAR, MAX_YEAR = 1900, 2999
BODY_MAX = 4 * 1024 * 1024
"""Bytes of a request body; enough for `BATCH_MAX` reviews of 1,000 syllables in UTF-8."""

_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BREAK = r"\t\n\r\u2028\u2029"
# White space and invisible characters: soft hyphen, joiners, bidi marks, Hangul fillers, variation selectors, BOM.
_INVISIBLE = (
    r"\t\n\r \xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
_POSTER_URL = r"(https?://[A-Za-z0-9가-힣.-]+(:[0-9]{1,5})?([/?#][^\x00-\x20\x7f-\xa0\"'<>\\^`{|}\u2000-\u200f\u2028-\u202f\u3000]*)?)?"
_DATE = r"([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?"
_INVISIBLE_CHARACTERS = "".join(re.findall(f"[{_INVISIBLE}]", "".join(map(chr, range(0x10000)))))
_PLAIN = re.compile("[\t-\r -~가-힣ㄱ-ㅣ]*")
"""Matches most texts: they have no combining marks and are in NFC."""
_MAX_NFD_RATIO = 4
"""Multiple of a limit above which texts are rejected before normalisation: NFD Korean is up to three times as long."""
_MAX_MARKS = 64
"""Maximum number of combining marks on a letter, because the time of normalisation is quadratic in it."""


def _normalize(text: str, max_length: int) -> str:
    """Return the text in NFC, with line feeds as line ends and without invisible characters at its ends.

    Raise `PydanticCustomError` if it is longer than `max_length`, or cannot be normalised.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("control_characters", "must not contain half of a surrogate pair") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if FILLER in text:
        text = compose_filled(text)
    text = text.strip(_INVISIBLE_CHARACTERS)
    if len(text) <= max_length * _MAX_NFD_RATIO and not _PLAIN.fullmatch(text):
        if any(is_mark and sum(1 for _ in run) > _MAX_MARKS for is_mark, run in groupby(text, _is_mark)):
            raise PydanticCustomError("combining_marks", "must not stack more than 64 combining marks")
        text = unicodedata.normalize("NFC", text)
    if len(text) > max_length:
        raise PydanticCustomError(
            "string_too_long",
            "must have at most {max_length} characters, has {length}",
            {"max_length": max_length, "length": len(text)},
        )
    return text


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0


def _text(
    max_length: int, required: bool, example: str, forbidden: str = _CONTROL + _BREAK
) -> tuple[AfterValidator, WithJsonSchema]:
    """Return the annotations of a text without the `forbidden` characters, by default those of a single line."""
    search = re.compile(f"[{forbidden}]").search
    pattern, minimum = f"[^{forbidden}]*", {}
    if required:
        pattern, minimum = f"{pattern}[^{forbidden}{_INVISIBLE}]{pattern}", {"minLength": 1}

    def check(text: str) -> str:
        text = _normalize(text, max_length)
        if not text and required:
            raise PydanticCustomError("blank", "must not be blank")
        if search(text):
            raise PydanticCustomError("control_characters", "must not contain control characters")
        return text

    schema = {"type": "string", **minimum, "maxLength": max_length, "pattern": f"^{pattern}$", "examples": [example]}
    return AfterValidator(check), WithJsonSchema(schema)


def _check_date(text: str) -> str:
    """Normalise a release date: a day, a month, a year or an empty text."""
    text = _normalize(text, DATE_MAX)
    try:
        if not re.fullmatch(_DATE, text):
            raise ValueError
        if text:
            date.fromisoformat(text + "YYYY-01-01"[len(text) :])
    except ValueError:
        message = "must be an existing day written YYYY-MM-DD, a month YYYY-MM or a year YYYY, or empty"
        raise PydanticCustomError("date_invalid", message) from None
    return text


def _check_timestamp(text: str) -> str:
    """Convert a timestamp to UTC; one without a time zone is in UTC."""
    text = _normalize(text, TIMESTAMP_MAX)
    if not text:
        return text
    try:
        time = datetime.fromisoformat(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        if not MIN_YEAR <= time.year <= MAX_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "moment_invalid",
            "must be a moment in ISO 8601 between the years {min_year} and {max_year}, or empty",
            {"min_year": MIN_YEAR, "max_year": MAX_YEAR},
        ) from None
    return format_utc(time)


def _check_poster_url(text: str) -> str:
    text = _normalize(text, POSTER_URL_MAX)
    if not re.fullmatch(_POSTER_URL, text):
        raise PydanticCustomError("url_invalid", "must be an address that starts with http:// or https://, or empty")
    return text


def _integer(number: object) -> object:
    """Convert 7.0 to 7, which is an integer in JSON Schema."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _one_of(labels: type[StrEnum]) -> BeforeValidator:
    """Return a validator that accepts the labels as strings, even in strict mode."""

    def check(value: object) -> object:
        try:
            return labels(str(value))
        except ValueError:
            raise PydanticCustomError("label_invalid", "must be {labels}", {"labels": " or ".join(labels)}) from None

    return BeforeValidator(check)


Title = Annotated[str, *_text(TITLE_MAX, True, "리틀 포레스트")]
Director = Annotated[str, *_text(DIRECTOR_MAX, False, "임순례")]
Genre = Annotated[str, *_text(GENRE_MAX, False, "드라마")]
Author = Annotated[str, *_text(AUTHOR_MAX, True, "밤편지")]
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
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": POSTER_URL_MAX,
            "pattern": f"^{_POSTER_URL}$",
            "examples": ["https://example.com/poster.jpg"],
        }
    ),
]
Text = Annotated[str, *_text(CONTENT_MAX, True, "처음엔 심심했는데 볼수록 따뜻하고 여운이 오래 남네요", _CONTROL)]
Timestamp = Annotated[str, AfterValidator(_check_timestamp)]
ModelId = Annotated[str, *_text(MODEL_MAX, False, "bundled@1")]
Spoiler = Annotated[bool, Field(description="whether the text reveals the plot")]
ReviewLabel = Annotated[Label, _one_of(Label)]
CorrectionLabel = Annotated[CorrectedLabel, _one_of(CorrectedLabel)]
Id = Annotated[int, Field(ge=1, le=ID_MAX), BeforeValidator(_integer)]
Sort = Literal["rating", "average", "newest", "reviews", "release", "title"]


class Input(BaseModel):
    """Base of all inputs. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True)


class MovieInput(Input):
    """A new movie. Only the title is required."""

    title: Title
    release_date: ReleaseDate = ""
    director: Director = ""
    genre: Genre = ""
    poster_url: PosterUrl = ""

    def fields(self) -> MovieFields:
        return MovieFields(**self.model_dump(exclude={"id"}))


class ReviewInput(Input):
    """A new review."""

    movie_id: Id
    author: Author
    content: Text
    spoiler: Spoiler = False
    passphrase: Annotated[
        str, Field(max_length=PASSPHRASE_MAX, description="claims the nickname, or unlocks a claimed one", repr=False)
    ] = ""


class MoviePatch(Input):
    """Changed fields of a movie; omitted fields are kept."""

    title: Title = Field(default_factory=str)
    release_date: ReleaseDate = Field(default_factory=str)
    director: Director = Field(default_factory=str)
    genre: Genre = Field(default_factory=str)
    poster_url: PosterUrl = Field(default_factory=str)


class ReviewPatch(Input):
    """Changed fields of a review; omitted fields are kept. The movie cannot be changed."""

    author: Author = Field(default_factory=str)
    content: Text = Field(default_factory=str)
    spoiler: Spoiler = False


class SentimentInput(Input):
    """A text to analyze without storing it."""

    text: Text


class SentimentBatchInput(Input):
    """Texts to analyze without storing them."""

    texts: Annotated[list[Text], Field(max_length=BATCH_MAX)]


class MovieRecord(MovieInput):
    """A movie in an export; `id` is referred to by the file's reviews."""

    id: Id


class ReviewRecord(ReviewInput):
    """A review in an export, with all or none of label, score and rating.

    `id` is 0 if absent. Timestamps without a time zone are in UTC.
    """

    id: Annotated[int, Field(ge=0, le=ID_MAX)] = 0
    created_at: Timestamp = ""
    edited_at: Timestamp = ""
    model: ModelId = ""
    sentiment_label: ReviewLabel | None = None
    sentiment_score: Annotated[float | None, Field(ge=0.5, le=1)] = None
    rating: Annotated[float | None, Field(ge=0, le=10)] = None

    @model_validator(mode="after")
    def _check_sentiment(self) -> Self:
        given = [part is not None for part in (self.sentiment_label, self.sentiment_score, self.rating)]
        if any(given) != all(given):
            names = "sentiment_label, sentiment_score and rating"
            raise PydanticCustomError("reading_partial", f"must have all of {names}, or none")
        return self


class CorrectionRecord(Input):
    """A correction in an export; `reader` is a number within the review."""

    review_id: Id
    reader: Id
    label: CorrectionLabel
    created_at: Timestamp


class MovieChoice(Input):
    """The id of a chosen movie."""

    movie_id: Id


class CorrectionInput(Input):
    """A reader's correction of a review's label."""

    label: CorrectionLabel


class PageQuery(Input):
    """Page of a list; `page` counts from 1."""

    page: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 1
    per_page: Annotated[int, Field(ge=1, le=PER_PAGE_MAX)] = PER_PAGE_MAX

    @property
    def start(self) -> int:
        """The offset of the page's first item."""
        return (self.page - 1) * self.per_page


class MoviesQuery(PageQuery):
    """Filters, order and page of the list of movies.

    `q` is searched in title, director, genre and year; initial consonants (ㄱㅅㅊ) are supported. If `genre` has
    several genres, such as "드라마, 스릴러", all must match.
    """

    q: Annotated[str, Field(max_length=QUERY_MAX)] = ""
    genre: Annotated[str, Field(max_length=GENRE_MAX)] = ""
    director: Annotated[str, Field(max_length=DIRECTOR_MAX)] = ""
    year: Annotated[str, Field(pattern="^([0-9]{4})?$", examples=["2019"])] = ""
    sort: Sort = "rating"

    @property
    def is_filtered(self) -> bool:
        """Return whether any filter is set."""
        return bool(self.q or self.genre or self.director or self.year)


class ReviewsQuery(PageQuery):
    """Filter, order and page of a movie's reviews."""

    label: Label | None = None
    sort: ReviewSort = ReviewSort.NEWEST


class AllReviewsQuery(PageQuery):
    """Filter, order and page of all movies' reviews: those of `author`, or the newest."""

    author: Annotated[str, Field(max_length=AUTHOR_MAX, pattern=r"^[^\x00]*$")] = ""
    sort: ReviewSort = ReviewSort.NEWEST


InputT = TypeVar("InputT", bound=Input)


def parse(model: type[InputT], data: object, *, strict: bool = True) -> InputT:
    """Validate `data` as `model`; without `strict`, "7" is accepted as 7, as in forms. Raise `ValidationFailed`."""
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
