"""Validation of input, and the types of its errors."""

import json
import re
import unicodedata

import pytest

from app import schemas
from app.errors import ValidationFailed
from app.models import Label
from app.schemas import MovieInput, MoviesQuery, ReviewInput, ReviewsQuery, SentimentBatchInput, SentimentInput, parse


def errors_of(model: type[schemas.Input], data: object, **options: bool) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as caught:
        parse(model, data, **options)
    return [(error.field, error.type) for error in caught.value.errors]


def test_a_movie_needs_a_title_only() -> None:
    movie = parse(MovieInput, {"title": "기생충", "rating": 11, "id": 4})
    assert movie.model_dump() == {"title": "기생충", "release_date": "", "director": "", "genre": "", "poster_url": ""}


@pytest.mark.parametrize("edge", [" ", "\u3000", "\u200b", "\ufeff", "\n", "\u3164", "\u00a0"])
def test_surrounding_space_is_stripped(edge: str) -> None:
    assert parse(MovieInput, {"title": f"{edge}괴물{edge}"}).title == "괴물"
    assert errors_of(SentimentInput, {"text": edge * 3}) == [("text", "blank")]


@pytest.mark.parametrize("name", ["\u202e", "\u3164\u115f", "\ufe0f", "\u00ad\u2060"])
def test_an_invisible_name_is_blank(name: str) -> None:
    assert errors_of(ReviewInput, {"movie_id": 1, "author": name, "content": "최고"}) == [("author", "blank")]


def test_length_is_counted_after_nfc() -> None:
    text = "각" * schemas.CONTENT_MAX
    assert parse(SentimentInput, {"text": unicodedata.normalize("NFD", text)}).text == text


def test_syllables_that_ks_x_1001_spells_out_are_composed() -> None:
    """As Python's EUC-KR writes those of which it has no code, in eight bytes, and CP949 reads them."""
    text = "뙇 햏햏 믜쟈 쀍 뷁"
    spelt_out = text.encode("euc_kr").decode("cp949")
    assert "\u3164" in spelt_out
    assert parse(SentimentInput, {"text": spelt_out}).text == text


def test_line_ends_become_lf() -> None:
    assert parse(SentimentInput, {"text": "하나\r\n둘\r\r셋"}).text == "하나\n둘\n\n셋"


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("title", "", "blank"),
        ("title", "가" * 201, "string_too_long"),
        ("title", "두\n줄", "control_characters"),
        ("title", "\ud800", "control_characters"),
        ("title", 7, "string_type"),
        ("title", None, "string_type"),
        ("director", "봉\x00준호", "control_characters"),
        ("genre", "가" * 51, "string_too_long"),
        ("release_date", "2024-02-30", "date_invalid"),
        ("release_date", "20240201", "date_invalid"),
        ("release_date", "2024-13", "date_invalid"),
        ("release_date", "2024-", "date_invalid"),
        ("release_date", "0000", "date_invalid"),
        ("release_date", "2024-W01-1", "date_invalid"),
        ("release_date", "0000-01-01", "date_invalid"),
        ("release_date", "٢٠٢٤-٠١-٠١", "date_invalid"),
        ("poster_url", "javascript:alert(1)", "url_invalid"),
        ("poster_url", "data:image/png;base64,AAAA", "url_invalid"),
        ("poster_url", "//example.com/a.jpg", "url_invalid"),
        ("poster_url", "http://", "url_invalid"),
        ("poster_url", "http://a b/", "url_invalid"),
        ("poster_url", "file:///etc", "url_invalid"),
        ("poster_url", 'https://example.com/"onerror="', "url_invalid"),
        ("poster_url", "https://example.com/" + "a" * 2000, "string_too_long"),
    ],
)
def test_invalid_movies(field: str, value: object, kind: str) -> None:
    assert errors_of(MovieInput, {"title": "괴물", field: value}) == [(field, kind)]


@pytest.mark.parametrize("url", ["", "http://localhost:8000/a.jpg", "https://포스터.한국/길?a=1#b", "https://1.2.3.4"])
def test_valid_poster_urls(url: str) -> None:
    assert parse(MovieInput, {"title": "괴물", "poster_url": url}).poster_url == url


@pytest.mark.parametrize("id", [0, -1, 10**30, "1", 1.5, True, None, []])
def test_ids_are_positive_whole_numbers(id: object) -> None:
    ((field, _),) = errors_of(ReviewInput, {"movie_id": id, "author": "밤편지", "content": "좋아요"})
    assert field == "movie_id"


def test_forms_may_send_numbers_as_text() -> None:
    data = {"movie_id": "7", "author": "밤편지", "content": "좋아요"}
    assert parse(ReviewInput, data, strict=False).movie_id == 7
    assert errors_of(ReviewInput, {**data, "movie_id": ""}, strict=False) == [("movie_id", "int_parsing")]


@pytest.mark.parametrize("data", [None, [], "text", 3, [{"title": "괴물"}]])
def test_bodies_must_be_objects(data: object) -> None:
    assert errors_of(MovieInput, data) == [("", "model_type")]


def test_all_errors_are_reported_at_once() -> None:
    assert errors_of(ReviewInput, {"content": " "}) == [
        ("movie_id", "missing"),
        ("author", "missing"),
        ("content", "blank"),
    ]


def test_batch_errors_have_an_index() -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse(SentimentBatchInput, {"texts": ["좋아요", " "]})
    assert [(error.field, error.index) for error in caught.value.errors] == [("texts", 1)]
    assert errors_of(SentimentBatchInput, {"texts": ["가"] * 1_001}) == [("texts", "too_long")]
    assert parse(SentimentBatchInput, {"texts": []}).texts == []


def test_queries_are_parsed() -> None:
    assert parse(ReviewsQuery, {"label": "긍정", "page": "2"}, strict=False).label is Label.POSITIVE
    assert errors_of(ReviewsQuery, {"label": "좋음"}, strict=False) == [("label", "enum")]
    assert errors_of(MoviesQuery, {"page": "0", "per_page": "1001"}, strict=False) == [
        ("page", "greater_than_equal"),
        ("per_page", "less_than_equal"),
    ]


def test_huge_texts_are_refused_in_linear_time() -> None:
    for text in (
        "a" + " " * 4_000_000 + "a",
        "a" + "\u0301\u0323" * 2_000_000,
        " " * 4_000_000,
        "a" + "\u0301" * 9_999 + "\u0323" * 9_999,
        "가" * 4_999 + "\x00",
    ):
        assert errors_of(SentimentInput, {"text": text})
        assert errors_of(SentimentBatchInput, {"texts": [text] * 10})


def test_combining_marks_are_limited() -> None:
    assert parse(SentimentInput, {"text": "Z\u0351\u0302\u0320algo"}).text
    assert errors_of(SentimentInput, {"text": "a" + "\u0351" * 65}) == [("text", "combining_marks")]


def test_the_published_pattern_matches_the_validation() -> None:
    schema = json.loads(json.dumps(SentimentInput.model_json_schema()))["properties"]["text"]
    assert schema["maxLength"] == schemas.CONTENT_MAX
    for text, good in [("좋아요", True), ("\u3164", False), ("  \n ", False), ("a\x00", False), ("줄\n줄", True)]:
        assert bool(re.search(schema["pattern"], text)) is good
        if good:
            parse(SentimentInput, {"text": text})
        else:
            assert errors_of(SentimentInput, {"text": text})
