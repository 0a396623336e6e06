"""JSON Lines: what is written, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.errors import ValidationFailed
from app.models import Label, MovieFields, Sentiment
from app.store import Store
from tests.services.import_export.conftest import Import, exported, reasons, reviews_of

HEAD = {"format": "gampyeong", "version": 1}
MOVIE = {"kind": "movie", "id": 7, "title": "괴물"}
REVIEW = {"kind": "review", "id": 9, "movie_id": 7, "author": "밤편지", "content": "최고"}
READ = {"sentiment_label": "부정", "sentiment_score": 0.75, "rating": 2.5, "model": "old@1"}
CORRECTION = {"kind": "correction", "review_id": 9, "reader": 1, "label": "부정", "created_at": "2024-05-01T00:00:00Z"}
END = {"kind": "end"}


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def test_the_format_is_pinned(store: Store) -> None:
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


def test_an_empty_catalogue_has_a_head_and_an_end(store: Store) -> None:
    assert exported(store).decode().splitlines() == ['{"format":"gampyeong","version":1}', '{"kind":"end"}']


def test_what_was_deleted_stays_here(store: Store) -> None:
    gone, kept = (store.add_movie(MovieFields(title)).id for title in ("괴물", "기생충"))
    for movie_id in (gone, kept, kept):
        store.add_review(movie_id, "밤편지", "최고", Sentiment(Label.POSITIVE, 0.9, 9.0))
    store.set_correction(3, "somebody", Label.NEGATIVE)
    store.delete_movie(gone)
    store.delete_review(3)
    kinds = [json.loads(line).get("kind") for line in exported(store).splitlines()]
    assert kinds == [None, "movie", "review", "end"]


def test_a_record_may_leave_out_what_is_not_needed(take: Import, store: Store) -> None:
    outcome = take("\ufeff" + lines(HEAD, MOVIE, {**REVIEW, "id": 0}, END).replace("\n", "\r\n\r\n"))
    assert outcome.bad_count == 0
    (review,) = reviews_of(store)
    assert (review.sentiment_label, review.model, review.created_at != "") == (Label.POSITIVE, "fake@1", True)


def test_a_review_keeps_how_it_was_read_unless_it_is_to_be_read_anew(
    take: Import, store: Store, new_store: Callable[[], Store]
) -> None:
    content = lines(HEAD, MOVIE, REVIEW | READ, END)
    take(content)
    (review,) = reviews_of(store)
    assert (review.sentiment_label, review.sentiment_score, review.rating, review.model) == ("부정", 0.75, 2.5, "old@1")
    other = new_store()
    take(content, into=other, reread=True)
    assert (reviews_of(other)[0].sentiment_label, reviews_of(other)[0].model) == ("긍정", "fake@1")


@pytest.mark.parametrize(
    ("content", "type"),
    [
        ('{"format":"other"}\n', "head_missing"),
        (lines(MOVIE, END), "head_missing"),
        ("{not json\n", "head_missing"),
        (lines(HEAD | {"version": 2}), "version_unknown"),
        ('{"format":"gampyeong","version":"\\ud800"}\n', "version_unknown"),
    ],
)
def test_a_file_of_another_format_is_refused_whole(take: Import, content: str, type: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        take(content)
    assert [error.type for error in caught.value.errors] == [type]
    for error in caught.value.errors:
        assert f"{error.message} {error.context}".encode()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
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
        (CORRECTION | {"label": None}, ("label", "label_invalid")),
        ({"kind": "director"}, ("kind", "kind_unknown")),
        ({}, ("kind", "kind_unknown")),
    ],
)
def test_a_bad_record_is_told_with_its_line(
    take: Import, store: Store, record: dict[str, Any], reason: tuple[str, str]
) -> None:
    content = lines(HEAD, MOVIE, REVIEW, record, CORRECTION, END)
    outcome = take(content)
    assert reasons(outcome) == [(4, [reason])]
    assert (outcome.added, list(store.movies())) == (None, [])
    outcome = take(content, skip_bad=True)
    assert outcome.added and (outcome.added.movies, outcome.added.reviews, outcome.added.corrections) == (1, 1, 1)


@pytest.mark.parametrize("line", ["{", "[]", "7", "null", '"글"', "[" * 100_000, "x" * 2_000_000, '{"kind": NaN}'])
def test_a_line_that_is_no_record_is_one_bad_row(take: Import, store: Store, line: str) -> None:
    outcome = take(lines(HEAD, MOVIE) + line + "\n" + lines(REVIEW, END), skip_bad=True)
    assert [row.number for row in outcome.bad] == [3]
    assert len(reviews_of(store)) == 1


def test_a_file_that_was_cut_off_is_noticed(take: Import) -> None:
    content = lines(HEAD, MOVIE, REVIEW)
    assert reasons(take(content)) == [(4, [("", "file_cut_off")])]
    assert reasons(take(content[:-20])) == [(3, [("", "json_invalid")]), (4, [("", "file_cut_off")])]
    assert reasons(take(lines(HEAD, MOVIE, END, REVIEW))) == [(4, [("", "line_after_end")])]


def test_a_reader_says_one_thing_of_a_review(take: Import, store: Store) -> None:
    outcome = take(lines(HEAD, MOVIE, REVIEW | READ, CORRECTION, CORRECTION | {"label": "긍정"}, END), skip_bad=True)
    assert reasons(outcome) == [(5, [("reader", "reader_twice")])]
    assert [word.label for word in store.corrections()] == [Label.NEGATIVE]
