"""An export, imported into an empty store, exports the same bytes."""

import io
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import ValidationFailed
from app.models import CorrectedLabel, Correction, Label, Movie, MovieFields, Review, Sentiment
from app.schemas import MovieInput, ReviewInput, parse
from app.services.import_export import export_catalogue, export_corrections, export_reviews, import_file
from app.store import Store
from tests.fakes import FakeAnalyzer
from tests.services.import_export.conftest import NewStore, exported
from tests.store.conftest import review_edit

TEXTS = st.text(max_size=40) | st.sampled_from(
    ["=1+1", "'=x", "'", '"', ",;\t", "줄\n바꿈\r\n", "가\u2028나", "ㄱ\u1100\u1161", "🍿"]
)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31)).map(
    lambda moment: moment.isoformat(timespec="seconds") + "Z"
)

BOUNDED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def parse_or_none(model: Any, **data: object) -> Any:
    """Return the parsed input, or None if it is invalid."""
    try:
        return parse(model, data)
    except ValidationFailed:
        return None


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[list[Movie], list[Review], list[Correction]]:
    inputs = draw(
        st.lists(st.builds(lambda a, b: parse_or_none(MovieInput, title=a, director=b), TEXTS, TEXTS), max_size=5)
    )
    by_key = {movie.fields().key: movie for movie in inputs if movie}
    ids = sorted(draw(st.sets(st.integers(1, 10**12), min_size=len(by_key), max_size=len(by_key))))
    movies = [Movie(**movie.model_dump(), id=movie_id) for movie_id, movie in zip(ids, by_key.values(), strict=True)]
    reviews: list[Review] = []
    for review_id in sorted(draw(st.sets(st.integers(1, 10**12), max_size=12))) if movies else ():
        text = parse_or_none(ReviewInput, movie_id=draw(st.sampled_from(ids)), author=draw(TEXTS), content=draw(TEXTS))
        if text:
            reading = draw(st.sampled_from(Label)), draw(st.floats(0.5, 1)), draw(st.floats(0, 10))
            moments = draw(MOMENTS), draw(MOMENTS | st.just(""))
            model = draw(st.sampled_from(["", "fake@1", "old@2"]))
            review = Review(review_id, text.movie_id, text.author, text.content, *reading, *moments, model)
            reviews.append(replace(review, spoiler=draw(st.booleans())))
    readers = st.sets(st.tuples(st.sampled_from([review.id for review in reviews]), st.integers(0, 11)), max_size=20)
    corrections = [
        Correction(review_id, f"mark {reader}", draw(st.sampled_from(CorrectedLabel)), draw(MOMENTS))
        for review_id, reader in sorted(draw(readers) if reviews else ())
    ]
    return movies, reviews, corrections


def import_into(store: Store, content: bytes) -> Any:
    return import_file(store, FakeAnalyzer(), io.BytesIO(content))


@BOUNDED
@given(catalogues())
def test_an_imported_export_exports_the_same_bytes(new_store: NewStore, catalogue: Any) -> None:
    original, copied = new_store(), new_store()
    original.add_all(*catalogue)
    content = exported(original)
    assert import_into(copied, content).bad_count == 0
    assert exported(copied) == content
    assert copied.totals() == original.totals()
    assert [review.correction_count for review in copied.all_reviews()] == [
        review.correction_count for review in original.all_reviews()
    ]
    assert import_into(copied, content).known == len(catalogue[1])
    assert exported(copied) == content


@BOUNDED
@given(catalogues())
def test_an_exported_table_has_every_text(new_store: NewStore, catalogue: Any) -> None:
    original, copied = new_store(), new_store()
    original.add_all(*catalogue)
    table = b"".join(export_reviews(original))
    outcome = import_into(copied, table)
    assert outcome.bad_count == 0

    def texts_of(store: Store) -> list[tuple[object, ...]]:
        titles = {movie.id: movie.title for movie in store.movies()}
        return sorted((titles[r.movie_id], r.author, r.content, r.created_at, r.spoiler) for r in store.all_reviews())

    assert texts_of(copied) == texts_of(original)


def test_corrections_of_reviews_edited_during_the_export_are_left_out(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = new_store()
    movie_id = store.add_movie(MovieFields("괴물")).id
    praise = Sentiment(Label.POSITIVE, 0.9, 9.0)
    changing, lasting = (store.add_review(movie_id, "밤편지", "지루해요", praise) for _ in range(2))
    read_page, texts = store.all_reviews, iter(["최고의 명작", "다시 봐도 명작"])

    def edit_and_read(**which: int) -> list[Review]:
        if which.get("after_id", 0) < changing.id:
            store.update_review(changing.id, review_edit(next(texts), praise))
        return list(read_page(**which))

    for export, mark in ((export_catalogue, b'"correction"'), (export_corrections, "지루해요".encode())):
        for review in (changing, lasting):
            store.set_correction(review.id, "a reader", Label.NEGATIVE)
        with monkeypatch.context() as patched:
            patched.setattr(store, "all_reviews", edit_and_read)
            content = b"".join(export(store))
        assert content.count(mark) == 1
        assert export is export_catalogue or "명작".encode() not in content
