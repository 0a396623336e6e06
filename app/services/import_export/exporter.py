"""Exports of the catalogue as streams of bytes.

Only the movies, one page of reviews and the corrections are in memory at once.

Changes during an export may or may not be included, but the result is consistent: a correction is exported only if it
exists both before and after its review is read, because editing a text deletes its corrections.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from app.models import KST, CorrectedLabel, Correction, Movie, MovieFields, Review
from app.services.import_export.cells import escape_formula, format_local
from app.services.import_export.csv_format import HEADER, TEXT_FIELDS
from app.services.import_export.json_format import FORMAT, VERSION
from app.services.jobs import iter_pages
from app.store import Store

_MOVIE = ("id", *(field.name for field in fields(MovieFields)))
_REVIEW = (
    "id", "movie_id", "author", "content", "sentiment_label", "sentiment_score", "rating", "created_at", "edited_at",
    "model",
)  # fmt: skip
_STARS = {CorrectedLabel.POSITIVE: 10, CorrectedLabel.NEGATIVE: 2, CorrectedLabel.NEITHER: 7}
"""The rounded mean stars of positive (9-10), negative (1-4) and other reviews (5-8) in the training data: 9.81, 1.82,
6.88."""


def export_catalogue(store: Store) -> Iterator[bytes]:
    """Yield movies, reviews and corrections as JSON Lines, without owner tokens and deleted rows.

    Readers of a review's corrections are numbered, instead of their tokens.
    """
    before = set(store.corrections())
    movies = {movie.id: movie for movie in sorted(store.movies(), key=lambda movie: movie.id)}
    yield _json_line(format=FORMAT, version=VERSION)
    yield b"".join(_json_line(kind="movie", **_values(movie, _MOVIE)) for movie in movies.values())
    corrected, exported = {correction.review_id for correction in before}, set()
    for page in iter_pages(store):
        reviews = [review for review in page if review.movie_id in movies]  # without those of movies added meanwhile
        exported |= corrected & {review.id for review in reviews}
        yield b"".join(
            _json_line(kind="review", **_values(review, (*_REVIEW, "spoiler") if review.spoiler else _REVIEW))
            for review in reviews
        )
    corrections = _by_review(before.intersection(store.corrections()))
    for review_id in sorted(exported & corrections.keys()):
        ordered = sorted(corrections[review_id], key=lambda item: (item.created_at, item.label, item.reader))
        for reader, item in enumerate(ordered, start=1):
            values = {"review_id": review_id, "reader": reader, "label": item.label, "created_at": item.created_at}
            yield _json_line(kind="correction", **values)
    yield _json_line(kind="end")


def _values(item: Movie | Review, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in names}


def _json_line(**record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def export_reviews(store: Store) -> Iterator[bytes]:
    """Yield the reviews as CSV, oldest first, with the fields of their movies.

    The BOM at the start is for Excel, which recognizes UTF-8 by it.
    """
    movies = {movie.id: movie for movie in store.movies()}
    yield "\ufeff".encode() + _csv([HEADER])
    for page in iter_pages(store):
        yield _csv(_cells(movies[review.movie_id], review) for review in page if review.movie_id in movies)


def _cells(movie: Movie, review: Review) -> list[str]:
    review = replace(review, created_at=format_local(review.created_at))
    texts = [getattr(movie if name in _MOVIE else review, name) for name in TEXT_FIELDS]
    sentiment = review.sentiment_label, f"{review.sentiment_score:.4f}", f"{review.rating:.4f}"
    return [*map(escape_formula, texts), *sentiment, str(int(review.spoiler))]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def export_corrections(store: Store) -> Iterator[bytes]:
    """Yield each corrected review as a row of training data with its readers' majority label; ties are skipped.

    The ids have a prefix, to differ from those of the corpus.
    """
    yield b"review_id\tmovie_id\tstars\tdate\treview\n"
    before = set(store.corrections())
    reviews = {
        review.id: review
        for review_id in sorted({correction.review_id for correction in before})
        for review in store.all_reviews(after_id=review_id - 1, limit=1)
    }
    for review_id, corrections in sorted(_by_review(before.intersection(store.corrections())).items()):
        (label, votes), *others = Counter(item.label for item in corrections).most_common()
        if review_id in reviews and not any(count == votes for _, count in others):
            review = reviews[review_id]
            day = datetime.fromisoformat(review.created_at).astimezone(KST).strftime("%y.%m.%d")
            text = " ".join(review.content.split())
            row = f"gampyeong-{review.id}\tgampyeong-{review.movie_id}\t{_STARS[label]}\t{day}\t{text}\n"
            yield row.encode()


def _by_review(corrections: Iterable[Correction]) -> dict[int, list[Correction]]:
    found = defaultdict(list)
    for correction in corrections:
        found[correction.review_id].append(correction)
    return found
