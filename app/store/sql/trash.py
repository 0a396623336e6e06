"""Deleting and bringing back: rows move between a table and the one beside it for what was deleted."""

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, insert, literal, select

from app.errors import Expired
from app.models import Action, Change, Movie, Review
from app.store.log import last_undoable, summarize_movie, summarize_review
from app.store.sql.draft import Draft
from app.store.sql.tables import (
    changes,
    corrections,
    deleted_corrections,
    deleted_movies,
    deleted_reviews,
    movies,
    read_movie,
    read_review,
    reviews,
)

_PAIRS = ((movies, deleted_movies), (reviews, deleted_reviews), (corrections, deleted_corrections))
"""In the order in which they come back: what is referred to first."""


def delete_movie(draft: Draft, movie: Movie, who: str) -> None:
    """Deletes the movie and its reviews, and logs it."""
    purge(draft)
    draft.count_movie(movie, -1, _models(draft.connection, movie.id))
    change = draft.log(Action.DELETE_MOVIE, who, summarize_movie(movie), movie.id)
    _move_out(draft.connection, change.id, reviews.c.movie_id == movie.id)
    _move(draft.connection, movies, deleted_movies, movies.c.id == movie.id, change.id)


def delete_review(draft: Draft, review: Review, who: str) -> None:
    """Deletes the review, and logs it."""
    purge(draft)
    draft.count(review, -1)
    change = draft.log(Action.DELETE_REVIEW, who, summarize_review(review), review.movie_id, review.id)
    _move_out(draft.connection, change.id, reviews.c.id == review.id)


def bring_back(draft: Draft, change: Change) -> None:
    """Undoes a deletion. Raises `AlreadyThere`, `NotFound` or `Expired` as `Store.undo` says."""
    lost_movie = draft.connection.execute(_lost(deleted_movies, change)).one_or_none()
    if lost_movie is not None:
        draft.refuse_twin(lost_movie.key)
        _move_back(draft.connection, change.id)
        movie = read_movie(lost_movie)
        draft.count_movie(movie, +1, _models(draft.connection, movie.id))
        draft.movie(movie.id)
        draft.change_movie(movie)
    else:
        lost_review = draft.connection.execute(_lost(deleted_reviews, change)).one_or_none()
        if lost_review is None:  # forgotten, and then the clock was set back
            raise Expired(change.id)
        review = read_review(lost_review)
        draft.count(review, +1)
        _move_back(draft.connection, change.id)


def purge(draft: Draft) -> None:
    """Forgets what can no longer come back."""
    too_late = select(func.max(changes.c.id)).where(changes.c.at <= last_undoable(draft.now()))
    oldest = draft.connection.scalar(too_late)
    for _, trash in _PAIRS:
        if oldest is not None:
            draft.connection.execute(delete(trash).where(trash.c.deleted_by <= oldest))


def _lost(trash: Table, change: Change) -> Select[Any]:
    return select(trash).where(trash.c.deleted_by == change.id)


def _models(connection: Connection, movie_id: int) -> Counter[str]:
    """How many of the movie's reviews each model read."""
    found = select(reviews.c.model, func.count()).where(reviews.c.movie_id == movie_id).group_by(reviews.c.model)
    return Counter({model: count for model, count in connection.execute(found)})


def _move_out(connection: Connection, change_id: int, which: ColumnElement[bool]) -> None:
    """Moves these reviews, and what readers say of them, to the trash."""
    said = corrections.c.review_id.in_(select(reviews.c.id).where(which))
    _move(connection, corrections, deleted_corrections, said, change_id)
    _move(connection, reviews, deleted_reviews, which, change_id)


def _move(connection: Connection, table: Table, trash: Table, which: ColumnElement[bool], change_id: int) -> None:
    names = [*(column.name for column in table.c), "deleted_by"]
    rows = select(*table.c, literal(change_id)).where(which)
    connection.execute(insert(trash).from_select(names, rows))
    connection.execute(delete(table).where(which))


def _move_back(connection: Connection, change_id: int) -> None:
    for table, trash in _PAIRS:
        names = [column.name for column in table.c]
        lost = trash.c.deleted_by == change_id
        connection.execute(insert(table).from_select(names, select(*(trash.c[name] for name in names)).where(lost)))
        connection.execute(delete(trash).where(lost))
