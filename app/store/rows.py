"""Statements of the store, and functions that read and change rows within a transaction."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from itertools import islice
from time import sleep
from typing import Any, TypeVar

import sqlalchemy as sa

from app.errors import AlreadyExists, NotFound, UndoExpired
from app.models import (
    AuditEntry,
    Label,
    Movie,
    MovieFields,
    Review,
    ReviewSort,
)
from app.store.ids import skip_ids
from app.store.movie_cache import MovieCache, current_version
from app.store.tables import (
    AUDIT_COLUMNS,
    MOVIE_COLUMNS,
    REVIEW_COLUMNS,
    corrections,
    merged_reviews,
    model_counts,
    movies,
    not_deleted,
    reviews,
)

T = TypeVar("T")
BATCH = 500
"""Maximum number of rows of one statement, and of one transaction of an operation split into several."""
YIELD_SECONDS = 0.0001  # not 0: gevent polls sockets only after 50 sleeps of 0 seconds
_MAX_ID = 2**63 - 1
_MERGES_LOCK = 7_160_823_403  # arbitrary, but the same in all versions of the site

# Statements are built once: building one takes SQLAlchemy longer than executing it.
correction_count = (
    sa.select(sa.func.count())
    .where(corrections.c.review_id == reviews.c.id, corrections.c.label != reviews.c.sentiment_label)
    .correlate(reviews)
    .scalar_subquery()
    .label("correction_count")
)
active_movie, active_review = not_deleted[movies], not_deleted[reviews]
MOVIE = sa.select(*MOVIE_COLUMNS).where(movies.c.id == sa.bindparam("id"), active_movie)
ALL_REVIEWS = sa.select(*REVIEW_COLUMNS, correction_count)
REVIEWS = ALL_REVIEWS.where(active_review)
REVIEW = REVIEWS.where(reviews.c.id == sa.bindparam("id"))
ENTRIES = sa.select(*AUDIT_COLUMNS)
ORDERS: dict[ReviewSort, tuple[sa.ColumnElement[Any], ...]] = {
    ReviewSort.NEWEST: (reviews.c.id.desc(),),
    ReviewSort.OLDEST: (reviews.c.id.asc(),),
    ReviewSort.HIGHEST: (reviews.c.rating.desc(), reviews.c.id.desc()),
    ReviewSort.LOWEST: (reviews.c.rating.asc(), reviews.c.id.desc()),
    ReviewSort.LIKED: (reviews.c.like_count.desc(), reviews.c.id.desc()),
}
of_movie = reviews.c.movie_id == sa.bindparam("movie_id")
rating_bin = sa.case(*((reviews.c.rating < top, top - 1) for top in range(1, 10)), else_=9).label("bin")
HISTOGRAM = (
    sa.select(reviews.c.sentiment_label, rating_bin, sa.func.count())
    .where(of_movie, active_review)
    .group_by(reviews.c.sentiment_label, rating_bin)
)
new_count = movies.c.review_count + sa.bindparam("reviews")
ADD_TO_MOVIE = (
    movies.update()
    .where(movies.c.id == sa.bindparam("movie_id"), active_movie)
    .values(
        review_count=new_count,
        positive_count=movies.c.positive_count + sa.bindparam("positive"),
        # Set to 0 with the last review, because the sum accumulates rounding errors.
        rating_sum=sa.case((new_count == 0, 0.0), else_=movies.c.rating_sum + sa.bindparam("rating")),
        version=current_version(),
    )
)
ADD_TO_MODEL = sa.text(
    "INSERT INTO model_counts (movie_id, model, review_count) VALUES (:movie_id, :model, :reviews) "
    "ON CONFLICT (movie_id, model) DO UPDATE SET review_count = model_counts.review_count + excluded.review_count"
)
MODELS = (
    sa.select(model_counts.c.model, sa.func.sum(model_counts.c.review_count).label("total"))
    .join(movies)
    .where(active_movie)
    .group_by(model_counts.c.model)
)
LIKE = sa.text(
    "INSERT INTO likes (review_id, owner) SELECT id, :owner FROM reviews WHERE id = :id AND deleted_by IS NULL "
    "ON CONFLICT DO NOTHING"
)


def lock_movie(connection: sa.Connection, movie_id: int) -> Movie:
    check_range("movie", movie_id)
    row = connection.execute(MOVIE.with_for_update(), {"id": movie_id}).one_or_none()
    if row is None:
        raise NotFound("movie", movie_id)
    return Movie(**row._mapping)


def has_reviews_by_others(connection: sa.Connection, movie_id: int, writers: Collection[str]) -> bool:
    others = sa.select(reviews.c.id).where(reviews.c.movie_id == movie_id, reviews.c.writer.not_in(writers))
    return connection.execute(others.where(active_review).limit(1)).first() is not None


def find_review(connection: sa.Connection, review_id: int) -> Review:
    check_range("review", review_id)
    row = connection.execute(REVIEW, {"id": review_id}).one_or_none()
    if row is None:
        raise NotFound("review", review_id)
    return Review(**row._mapping)


def lock_review(connection: sa.Connection, review_id: int) -> Review:
    check_range("review", review_id)
    found = lock_reviews(connection, [review_id])
    if not found:
        raise NotFound("review", review_id)
    return found[0]


def lock_reviews(connection: sa.Connection, review_ids: Sequence[int]) -> list[Review]:
    """Lock the movies of these reviews, then return the reviews that still exist."""
    of_these = sa.select(reviews.c.movie_id).where(reviews.c.id.in_(review_ids))
    if connection.dialect.name == "postgresql":  # SQLite's transaction locks the whole database
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_MERGES_LOCK)))
        in_order = sa.select(movies.c.id).where(movies.c.id.in_(of_these)).order_by(movies.c.id)
        connection.execute(in_order.with_for_update())
    return read_reviews(connection, REVIEWS.where(reviews.c.id.in_(review_ids)))


def lock_merges(connection: sa.Connection) -> None:
    """Wait for the transactions that have locked reviews and thereby their movies: a merge changes these movies."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MERGES_LOCK)))


def read_reviews(connection: sa.Connection, chosen: sa.Select[Any]) -> list[Review]:
    return [Review(**row) for row in connection.execute(chosen).mappings()]


def update_reviews(connection: sa.Connection, changed: Sequence[tuple[Review, Review]]) -> None:
    """Write locked reviews, given as (old, new) pairs, and update their movies' counts."""
    if changed:
        values = [{**review_values(new), "review_id": new.id} for _, new in changed]
        connection.execute(reviews.update().where(reviews.c.id == sa.bindparam("review_id")), values)
        add_to_counts(connection, [pair for old, new in changed for pair in ((old, -1), (new, +1))])


def add_to_counts(connection: sa.Connection, counted: Iterable[tuple[Review, int]]) -> int:
    """Add reviews (+1) to their movies' counts or subtract them (-1); return the number of existing movies."""
    of_movies: dict[int, dict[str, Any]] = {}
    of_models: Counter[tuple[int, str]] = Counter()
    for review, sign in counted:
        zeros = {"movie_id": review.movie_id, "reviews": 0, "positive": 0, "rating": 0.0}
        sums = of_movies.setdefault(review.movie_id, zeros)
        sums["reviews"] += sign
        sums["positive"] += sign * review.is_positive
        sums["rating"] += sign * review.rating
        of_models[review.movie_id, review.model] += sign
    if not of_movies:
        return 0
    found = connection.execute(ADD_TO_MOVIE, [of_movies[movie_id] for movie_id in sorted(of_movies)]).rowcount
    changes = [
        {"movie_id": movie_id, "model": model, "reviews": change}
        for (movie_id, model), change in sorted(of_models.items())
        if change
    ]
    if found and changes:
        connection.execute(ADD_TO_MODEL, changes)
    return found


def set_movies_deleted(
    connection: sa.Connection, movie_ids: Sequence[int], deleted_by: int | None, *where: sa.ColumnElement[bool]
) -> None:
    chosen = movies.update().where(movies.c.id.in_(movie_ids), *where)
    connection.execute(chosen.values(deleted_by=deleted_by, version=current_version()))


def set_reviews_deleted(connection: sa.Connection, where: sa.ColumnElement[bool], deleted_by: int | None) -> None:
    """Set `deleted_by` of the reviews in batches, between which other greenlets run."""
    while ids := connection.scalars(sa.select(reviews.c.id).where(where).limit(BATCH)).all():
        connection.execute(reviews.update().where(reviews.c.id.in_(ids)).values(deleted_by=deleted_by))
        sleep(YIELD_SECONDS)


def restore_deleted(connection: sa.Connection, entry: AuditEntry) -> None:
    """Undo a deletion. Raise the errors of `Store.undo`."""
    key = connection.scalar(sa.select(movies.c.key).where(movies.c.deleted_by == entry.id))
    deleted = read_reviews(connection, ALL_REVIEWS.where(reviews.c.deleted_by == entry.id))
    if key is not None:
        check_unique(connection, key)
    elif not deleted:  # purged, before the clock was set back
        raise UndoExpired(entry.id)
    else:
        lock_movie(connection, deleted[0].movie_id)
    set_reviews_deleted(connection, reviews.c.deleted_by == entry.id, None)
    if entry.movie_id is not None and key is not None:
        set_movies_deleted(connection, [entry.movie_id], None)  # its counts were kept
    else:
        add_to_counts(connection, [(review, +1) for review in deleted])


def separate_movies(connection: sa.Connection, entry: AuditEntry) -> None:
    """Undo a merge of two movies. Raise the errors of `Store.undo`."""
    row = connection.execute(sa.select(*MOVIE_COLUMNS).where(movies.c.deleted_by == entry.id)).one_or_none()
    if row is None or entry.movie_id is None:
        raise UndoExpired(entry.id)
    lock_merges(connection)
    merged, kept = Movie(**row._mapping), lock_movie(connection, entry.movie_id)
    emptied: dict[str, Any] = {
        name: "" for name in entry.before.split() if getattr(kept, name) == getattr(merged, name)
    }
    set_fields(connection, kept.id, replace(kept, **emptied))
    check_unique(connection, merged.key)
    move_reviews(connection, entry.id, kept.id, merged.id)
    set_movies_deleted(connection, [merged.id], None)
    connection.execute(movies.update().where(movies.c.id == merged.id).values(merged_into=None))
    recount_movie(connection, kept.id)
    recount_movie(connection, merged.id)


def movie_values(movie: MovieFields) -> dict[str, str]:
    return {item.name: getattr(movie, item.name) for item in fields(MovieFields)}


def set_fields(connection: sa.Connection, movie_id: int, movie: MovieFields) -> None:
    """Write a locked movie's fields. Raise `AlreadyExists` if another movie has their key."""
    check_unique(connection, movie.key, movie_id)
    changed = movies.update().where(movies.c.id == movie_id).values(version=current_version())
    connection.execute(changed.values(**movie_values(movie), key=movie.key))


def move_reviews(connection: sa.Connection, change_id: int, source_id: int, target_id: int) -> None:
    """Move a merge's reviews, deleted ones too, between its movies in batches, between which other greenlets run."""
    by_id = sa.select(merged_reviews.c.review_id).where(merged_reviews.c.change_id == change_id)
    by_id = by_id.order_by(merged_reviews.c.review_id).limit(BATCH)
    last = 0
    while ids := connection.scalars(by_id.where(merged_reviews.c.review_id > last)).all():
        moved = reviews.update().where(reviews.c.id.in_(ids), reviews.c.movie_id == source_id)
        connection.execute(moved.values(movie_id=target_id))
        last = ids[-1]
        sleep(YIELD_SECONDS)


def recount_movie(connection: sa.Connection, movie_id: int) -> None:
    """Compute a locked movie's counts and sums anew."""
    is_counted = (reviews.c.movie_id == movie_id) & active_review
    positive = sa.func.count().filter(reviews.c.sentiment_label == Label.POSITIVE)
    totals = sa.select(sa.func.count(), positive, sa.func.coalesce(sa.func.sum(reviews.c.rating), 0.0))
    count, positive_count, rating_sum = connection.execute(totals.where(is_counted)).one()
    values = {"review_count": count, "positive_count": positive_count, "rating_sum": rating_sum}
    connection.execute(movies.update().where(movies.c.id == movie_id).values(**values, version=current_version()))
    connection.execute(model_counts.delete().where(model_counts.c.movie_id == movie_id))
    by_model = sa.select(reviews.c.movie_id, reviews.c.model, sa.func.count()).where(is_counted)
    by_model = by_model.group_by(reviews.c.movie_id, reviews.c.model)
    connection.execute(model_counts.insert().from_select(["movie_id", "model", "review_count"], by_model))


def add_movies(connection: sa.Connection, added: Sequence[Movie], import_id: int | None) -> None:
    ids, keys = [movie.id for movie in added], [movie.key for movie in added]
    check_duplicates("movie", zip(ids, ids, strict=True), existing_values(connection, movies.c.id, ids))
    check_duplicates("movie", zip(keys, ids, strict=True))
    for key in existing_values(connection, movies.c.key, keys, active_movie):
        check_unique(connection, key)
    counts = {"review_count": 0, "positive_count": 0, "rating_sum": 0.0, "import_id": import_id}
    for batch in batches(added):
        values = [{**asdict(movie), "key": movie.key, **counts} for movie in batch]
        connection.execute(movies.insert().values(version=current_version()), values)
    if added:
        skip_ids(connection, movies, max(ids))


def add_reviews(connection: sa.Connection, added: Sequence[Review], import_id: int | None) -> None:
    ids = [review.id for review in added]
    movie_ids = dict.fromkeys(review.movie_id for review in added)
    check_duplicates("review", zip(ids, ids, strict=True), existing_values(connection, reviews.c.id, ids))
    check_references("movie", movie_ids, existing_values(connection, movies.c.id, movie_ids, active_movie))
    for batch in batches(added):
        values = [{**review_values(review), "like_count": 0, "import_id": import_id} for review in batch]
        connection.execute(reviews.insert(), values)
    add_to_counts(connection, ((review, +1) for review in added))
    if added:
        skip_ids(connection, reviews, max(ids))


def existing_values(
    connection: sa.Connection, column: sa.Column[Any], values: Iterable[T], *where: sa.ColumnElement[bool]
) -> set[T]:
    """Return the values that exist in the column."""
    found: set[Any] = set()
    for batch in batches(values):
        found.update(connection.scalars(sa.select(column).where(column.in_(batch), *where)))
    return found


def check_unique(connection: sa.Connection, key: str, movie_id: int | None = None) -> None:
    """Raise `AlreadyExists` if another movie has this key."""
    existing = connection.scalar(sa.select(movies.c.id).where(movies.c.key == key, active_movie))
    if existing is not None and existing != movie_id:
        raise AlreadyExists("movie", existing)


def check_duplicates(kind: str, keys: Iterable[tuple[T, int]], existing: Iterable[T] = ()) -> None:
    """Raise `AlreadyExists` for the first (key, id) pair whose key exists or is repeated."""
    seen = set(existing)
    for key, item_id in keys:
        if key in seen:
            raise AlreadyExists(kind, item_id)
        seen.add(key)


def check_references(kind: str, required: Iterable[int], existing: set[int]) -> None:
    for item_id in required:
        if item_id not in existing:
            raise NotFound(kind, item_id)


def check_range(kind: str, item_id: int) -> None:
    if not 0 < item_id <= _MAX_ID:
        raise NotFound(kind, item_id)


def with_movies(found: Iterable[Review], cache: MovieCache) -> list[tuple[Review, Movie]]:
    """Pair reviews with their movies; skip those whose movie was deleted meanwhile."""
    return [(review, cache.by_id[review.movie_id]) for review in found if review.movie_id in cache.by_id]


def histogram_pairs(counts: Mapping[tuple[Label, int], int]) -> list[tuple[int, int]]:
    return [(counts.get((Label.POSITIVE, index), 0), counts.get((Label.NEGATIVE, index), 0)) for index in range(10)]


def review_values(review: Review) -> dict[str, Any]:
    return {column.name: getattr(review, column.name) for column in REVIEW_COLUMNS}


def new_id(inserted: sa.CursorResult[Any]) -> int:
    (new_id,) = inserted.inserted_primary_key or (0,)
    return int(new_id)


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
