"""The JSON Lines format."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.errors import ValidationFailed
from app.models import Label, MovieFields, Sentiment
from app.store import Store
from tests.services.import_export.conftest import Import, exported, reasons

HEAD = {"format": "gampyeong", "version": 1}
MOVIE = {"kind": "movie", "id": 7, "title": "괴물"}
REVIEW = {"kind": "review", "id": 9, "movie_id": 7, "author": "밤편지", "content": "최고"}
READ = {"sentiment_label": "부정", "sentiment_score": 0.75, "rating": 2.5, "model": "old@1"}
CORRECTION = {"kind": "correction", "review_id": 9, "reader": 1, "label": "부정", "created_at": "2024-05-01T00:00:00Z"}
END = {"kind": "end"}


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def test_the_exported_format(store: Store) -> None:
    movie = store.add_movie(MovieFields("괴물", "2006-07-27", "봉준호", "SF", "https://example.com/a.jpg"))
    review = store.add_review(
        movie.id, "밤편지", "최고\n정말", Sentiment(Label.POSITIVE, 0.9, 9.125), model="fake@1", writer="secret"
    )
    said = store.set_correction(review.id, "somebody", Label.NEGATIVE) and next(iter(store.corrections()))
    assert exported(store).decode() == (
        '{"format":"gampyeong","version":1}\n'
        '{"kind":"movie","id":1,"title":"괴물","release_date":"2006-07-27","director":"봉준호","genre":"SF",'
        '"poster_url":"https://example.com/a.jpg"}\n'
        '{"kind":"review","id":1,"movie_id":1,"author":"밤편지","content":"최고\\n정말","sentiment_label":"긍정",'
        f'"sentiment_score":0.9,"rating":9.125,"created_at":"{review.created_at}","edited_at":"","model":"fake@1"}}\n'
        f'{{"kind":"correction","review_id":1,"reader":1,"label":"부정","created_at":"{said.created_at}"}}\n'
        '{"kind":"end"}\n'
    )


def test_deleted_records_are_not_exported(store: Store) -> None:
    gone, kept = (store.add_movie(MovieFields(title)).id for title in ("괴물", "기생충"))
    for movie_id in (gone, kept, kept):
        store.add_review(movie_id, "밤편지", "최고", Sentiment(Label.POSITIVE, 0.9, 9.0))
    store.set_correction(3, "somebody", Label.NEGATIVE)
    store.delete_movie(gone)
    store.delete_review(3)
    kinds = [json.loads(line).get("kind") for line in exported(store).splitlines()]
    assert kinds == [None, "movie", "review", "end"]
    store.delete_movie(kept)
    assert exported(store).decode().splitlines() == ['{"format":"gampyeong","version":1}', '{"kind":"end"}']


def test_optional_fields_may_be_missing(load: Import, store: Store) -> None:
    outcome = load("\ufeff" + lines(HEAD, MOVIE, {**REVIEW, "id": 0}, END).replace("\n", "\r\n\r\n"))
    assert outcome.bad_count == 0
    (review,) = store.all_reviews()
    assert (review.sentiment_label, review.model, review.created_at != "") == (Label.POSITIVE, "fake@1", True)


def test_sentiments_are_kept_unless_analyzed_again(load: Import, store: Store, new_store: Callable[[], Store]) -> None:
    content = lines(HEAD, MOVIE, REVIEW | READ, END)
    load(content)
    (review,) = store.all_reviews()
    assert (review.sentiment_label, review.sentiment_score, review.rating, review.model) == ("부정", 0.75, 2.5, "old@1")
    other = new_store()
    load(content, into=other, reread=True)
    assert (other.all_reviews()[0].sentiment_label, other.all_reviews()[0].model) == ("긍정", "fake@1")


@pytest.mark.parametrize(("content", "type"), [
    ('{"format":"other"}\n', "head_missing"), (lines(MOVIE, END), "head_missing"), ("{not json\n", "head_missing"),
    (lines(HEAD | {"version": 2}), "version_unknown"),
    ('{"format":"gampyeong","version":"\\ud800"}\n', "version_unknown"),
])  # fmt: skip
def test_other_formats_are_refused(load: Import, content: str, type: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        load(content)
    assert [error.type for error in caught.value.errors] == [type]
    for error in caught.value.errors:
        assert f"{error.message} {error.context}".encode()


@pytest.mark.parametrize(("record", "reason"), [
    ({"kind": "movie", "id": 7, "title": "기생충"}, ("id", "id_twice")),
    ({"kind": "movie", "id": 8}, ("title", "missing")),
    ({"kind": "review", **READ, "movie_id": 99, "author": "a", "content": "b"}, ("movie_id", "movie_unknown")),
    (REVIEW | READ | {"rating": 10.1}, ("rating", "less_than_equal")),
    (REVIEW | READ | {"sentiment_score": 0.2}, ("sentiment_score", "greater_than_equal")),
    (REVIEW | READ | {"sentiment_label": "중립"}, ("sentiment_label", "label_invalid")),
    (REVIEW | {"rating": 5.0}, ("", "reading_partial")),
    (REVIEW | {"created_at": "어제"}, ("created_at", "moment_invalid")),
    (REVIEW | {"created_at": "1492-10-12T00:00:00Z"}, ("created_at", "moment_invalid")),
    (REVIEW | {"content": " \n"}, ("content", "blank")),
    (CORRECTION | {"review_id": 10}, ("review_id", "review_unknown")),
    (CORRECTION | {"label": None}, ("label", "label_invalid")), ({"kind": "director"}, ("kind", "kind_unknown")),
    ({}, ("kind", "kind_unknown")),
])  # fmt: skip
def test_errors_have_their_line(load: Import, store: Store, record: dict[str, Any], reason: tuple[str, str]) -> None:
    content = lines(HEAD, MOVIE, REVIEW, record, CORRECTION, END)
    outcome = load(content)
    assert reasons(outcome) == [(4, [reason])]
    assert (outcome.added, list(store.movies())) == (None, [])
    outcome = load(content, skip_bad=True)
    assert outcome.added and (outcome.added.movies, outcome.added.reviews, outcome.added.corrections) == (1, 1, 1)


@pytest.mark.parametrize("line", ["{", "[]", "7", "null", '"글"', "[" * 100_000, "x" * 2_000_000, '{"kind": NaN}'])
def test_malformed_lines_are_one_bad_row(load: Import, store: Store, line: str) -> None:
    outcome = load(lines(HEAD, MOVIE) + line + "\n" + lines(REVIEW, END), skip_bad=True)
    assert [row.number for row in outcome.bad] == [3]
    assert len(store.all_reviews()) == 1


def test_truncated_files_are_detected(load: Import) -> None:
    content = lines(HEAD, MOVIE, REVIEW)
    assert reasons(load(content)) == [(4, [("", "file_cut_off")])]
    assert reasons(load(content[:-20])) == [(3, [("", "json_invalid")]), (4, [("", "file_cut_off")])]
    assert reasons(load(lines(HEAD, MOVIE, END, REVIEW))) == [(4, [("", "line_after_end")])]


def test_a_reader_has_one_correction_a_review(load: Import, store: Store) -> None:
    outcome = load(lines(HEAD, MOVIE, REVIEW | READ, CORRECTION, CORRECTION | {"label": "긍정"}, END), skip_bad=True)
    assert reasons(outcome) == [(5, [("reader", "reader_twice")])]
    assert [word.label for word in store.corrections()] == [Label.NEGATIVE]
