"""Many rows at once: what an import adds, and what a new model reads anew. Questions go in pieces of some hundred ids,
because a statement takes only so many."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, insert, select, update

from app.models import Correction, Movie, Reading, Review
from app.store.additions import refuse_repeats, refuse_strays
from app.store.counting import read_anew
from app.store.sql.draft import ITS_ID, Draft
from app.store.sql.tables import (
    correction_values,
    corrections,
    deleted_movies,
    deleted_reviews,
    movies,
    read_review,
    review_values,
    reviews,
)

T = TypeVar("T")
_PIECE = 500


def add_all(draft: Draft, added: Sequence[Movie], written: Sequence[Review], said: Sequence[Correction]) -> None:
    """As `Store.add_all`. Goes through the reviews twice: a large import makes each anew from its row on the disk."""
    ids = [(review.id, review.movie_id) for review in written]
    _refuse_misfits(draft, added, ids, said)
    draft.add_movies(added)
    for piece in _pieces(written):
        values = [review_values(review) | {"correction_count": 0} for review in piece]
        draft.connection.execute(insert(reviews), values)
        for review in piece:
            draft.count(review, +1)
    for words in _pieces(said):
        draft.connection.execute(insert(corrections), [correction_values(correction) for correction in words])
        draft.count_corrections([correction.review_id for correction in words])
    draft.last_movie_id = max([draft.last_movie_id, *(movie.id for movie in added)])
    draft.last_review_id = max([draft.last_review_id, *(review_id for review_id, _ in ids)])


def put_readings(draft: Draft, readings: Sequence[Reading], model: str) -> int:
    """As `Store.put_readings`."""
    return sum(_put_piece(draft, piece, model) for piece in _pieces(readings))


def _put_piece(draft: Draft, readings: Sequence[Reading], model: str) -> int:
    ids = [reading.review_id for reading in readings]
    found = draft.connection.execute(select(reviews).where(reviews.c.id.in_(ids)))
    there = {row.id: read_review(row) for row in found}
    values = []
    for reading in readings:
        old = there.get(reading.review_id)
        if old is not None and old.content == reading.content:
            new = read_anew(old, reading.sentiment, model)
            draft.count(old, -1)
            draft.count(new, +1)
            values.append({**review_values(new), ITS_ID.key: new.id})
            there[new.id] = new
    if values:
        draft.connection.execute(update(reviews).where(reviews.c.id == ITS_ID), values)
        draft.count_corrections(ids)
    return len(values)


def _refuse_misfits(
    draft: Draft, added: Sequence[Movie], written: Sequence[tuple[int, int]], said: Sequence[Correction]
) -> None:
    """`written` are the reviews' ids, each with its movie's."""
    movie_ids, review_ids = [movie.id for movie in added], [review_id for review_id, _ in written]
    wanted = dict.fromkeys(movie_id for _, movie_id in written)
    movies_there = _there(draft, movies.c.id, [*movie_ids, *wanted])
    reviews_there = _there(draft, reviews.c.id, [*review_ids, *{correction.review_id for correction in said}])
    taken = movies_there | _there(draft, deleted_movies.c.id, movie_ids)
    refuse_repeats("movie", [(movie_id, movie_id) for movie_id in movie_ids], taken)
    refuse_repeats("movie", [(movie.key, movie.id) for movie in added])
    taken = reviews_there | _there(draft, deleted_reviews.c.id, review_ids)
    refuse_repeats("review", [(review_id, review_id) for review_id in review_ids], taken)
    keys = _there(draft, movies.c.key, [movie.key for movie in added])
    for movie in added:
        if movie.key in keys:
            draft.refuse_twin(movie.key)
    refuse_strays("movie", wanted, movies_there, set(movie_ids))
    refuse_strays(
        "review", (correction.review_id for correction in said), reviews_there, set(review_ids) if said else ()
    )


def _there(draft: Draft, column: Column[T], values: Iterable[T]) -> set[T]:
    """Which of the values the column has."""
    found: set[Any] = set()
    for piece in _pieces(values):
        found |= set(draft.connection.scalars(select(column).where(column.in_(piece))))
    return found


def _pieces(things: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(things)
    while piece := list(islice(rest, _PIECE)):
        yield piece
