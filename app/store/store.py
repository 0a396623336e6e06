"""Store of movies, reviews, corrections and the audit log, in SQLite (in memory or a file) or PostgreSQL.

Lock order in PostgreSQL, to prevent deadlocks: first the advisory lock on titles (adding or renaming movies), then the
rows of movies by id, then those of reviews.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from itertools import islice
from time import sleep
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.errors import AlreadyExists, NotFound, ReviewedByOthers, UndoExpired
from app.models import (
    AuditAction,
    AuditEntry,
    AuthorSummary,
    CatalogueTotals,
    CorrectedLabel,
    Correction,
    Label,
    Movie,
    MovieFields,
    Review,
    ReviewSort,
    ScoredReview,
    Sentiment,
)
from app.store.audit import summarize_merge, summarize_movie, summarize_review, truncate, undo_cutoff, with_undoable
from app.store.clock import Clock, format_utc, utc_now
from app.store.engine import Database
from app.store.ids import reserve_ids, skip_ids
from app.store.movie_cache import MovieCache
from app.store.tables import (
    AUDIT_COLUMNS,
    CORRECTION_COLUMNS,
    MOVIE_COLUMNS,
    REVIEW_COLUMNS,
    audit_log,
    corrections,
    merged_reviews,
    model_counts,
    movies,
    nicknames,
    not_deleted,
    reviews,
)
from app.store.versions import current_version

T = TypeVar("T")
BATCH = 500
"""Maximum number of rows of one statement, and of one transaction of an operation split into several."""
YIELD_SECONDS = 0.0001  # not 0: gevent polls sockets only after 50 sleeps of 0 seconds
_MAX_ID = 2**63 - 1
_TITLES_LOCK = 7_160_823_402  # arbitrary, but the same in all versions of the site

# Statements are built once: building one takes SQLAlchemy longer than executing it.
_correction_count = (
    sa.select(sa.func.count())
    .where(corrections.c.review_id == reviews.c.id, corrections.c.label != reviews.c.sentiment_label)
    .correlate(reviews)
    .scalar_subquery()
    .label("correction_count")
)
_active_movie, _active_review = not_deleted[movies], not_deleted[reviews]
_MOVIE = sa.select(*MOVIE_COLUMNS).where(movies.c.id == sa.bindparam("id"), _active_movie)
_ALL_REVIEWS = sa.select(*REVIEW_COLUMNS, _correction_count)
_REVIEWS = _ALL_REVIEWS.where(_active_review)
_REVIEW = _REVIEWS.where(reviews.c.id == sa.bindparam("id"))
_ENTRIES = sa.select(*AUDIT_COLUMNS)
_ORDERS: dict[ReviewSort, tuple[sa.ColumnElement[Any], ...]] = {
    ReviewSort.NEWEST: (reviews.c.id.desc(),),
    ReviewSort.OLDEST: (reviews.c.id.asc(),),
    ReviewSort.HIGHEST: (reviews.c.rating.desc(), reviews.c.id.desc()),
    ReviewSort.LOWEST: (reviews.c.rating.asc(), reviews.c.id.desc()),
    ReviewSort.LIKED: (reviews.c.like_count.desc(), reviews.c.id.desc()),
}
_of_movie = reviews.c.movie_id == sa.bindparam("movie_id")
_bin = sa.case(*((reviews.c.rating < top, top - 1) for top in range(1, 10)), else_=9).label("bin")
_HISTOGRAM = (
    sa.select(reviews.c.sentiment_label, _bin, sa.func.count())
    .where(_of_movie, _active_review)
    .group_by(reviews.c.sentiment_label, _bin)
)
_new_count = movies.c.review_count + sa.bindparam("reviews")
_ADD_TO_MOVIE = (
    movies.update()
    .where(movies.c.id == sa.bindparam("movie_id"), _active_movie)
    .values(
        review_count=_new_count,
        positive_count=movies.c.positive_count + sa.bindparam("positive"),
        # Set to 0 with the last review, because the sum accumulates rounding errors.
        rating_sum=sa.case((_new_count == 0, 0.0), else_=movies.c.rating_sum + sa.bindparam("rating")),
        version=current_version(),
    )
)
_ADD_TO_MODEL = sa.text(
    "INSERT INTO model_counts (movie_id, model, review_count) VALUES (:movie_id, :model, :reviews) "
    "ON CONFLICT (movie_id, model) DO UPDATE SET review_count = model_counts.review_count + excluded.review_count"
)
_MODELS = (
    sa.select(model_counts.c.model, sa.func.sum(model_counts.c.review_count).label("total"))
    .join(movies)
    .where(_active_movie)
    .group_by(model_counts.c.model)
)
_LIKE = sa.text(
    "INSERT INTO likes (review_id, owner) SELECT id, :owner FROM reviews WHERE id = :id AND deleted_by IS NULL "
    "ON CONFLICT DO NOTHING"
)


class Store:
    """The site's data. Thread-safe. Ids start at 1, increase and are never reused.

    `who` is the actor in the audit log. Every method may raise `app.errors.StoreUnavailable`, and those that take an
    id may raise `app.errors.NotFound`.
    """

    def __init__(self, database: Database, now: Clock = utc_now) -> None:
        self._database = database
        self._now = now
        self._cache = MovieCache()

    @property
    def durable(self) -> bool:
        """Whether the data survives a restart of the process."""
        return not self._database.in_memory

    def check(self) -> None:
        """Raise `app.errors.StoreUnavailable` if the database cannot be read."""
        self._refreshed()

    def close(self) -> None:
        """Close all connections; data in memory is lost."""
        self._database.close()

    # Movies

    def movies(self) -> Sequence[Movie]:
        """Return all movies by id; the same object until one of them changes."""
        return self._refreshed().movies

    def movie(self, movie_id: int) -> Movie:
        try:
            return self._refreshed().by_id[movie_id]
        except KeyError:
            raise NotFound("movie", movie_id) from None

    def totals(self) -> CatalogueTotals:
        return self._refreshed().totals

    def add_movie(self, fields: MovieFields, *, owner: str = "") -> Movie:
        """Add a movie. Raise `app.errors.AlreadyExists` if there is one with the same `movie_key`."""
        with self._write(titles=True) as connection:
            _check_unique(connection, fields.key)
            values = {**asdict(fields), "key": fields.key, "owner": owner}
            added = connection.execute(movies.insert().values(version=current_version()), values)
            movie = Movie(**asdict(fields), id=_new_id(added), owner=owner)
        return movie

    def update_movie(
        self,
        movie_id: int,
        change: Callable[[Movie], MovieFields],
        who: str = "",
        *,
        writers: Collection[str] | None = None,
    ) -> Movie:
        """Replace the movie's fields by those that `change` returns, and log it if they differ.

        Raise `app.errors.AlreadyExists` as `add_movie` does, and if `writers` is given, `app.errors.ReviewedByOthers`
        if the movie has a review whose owner token is not among them.
        """
        with self._write(titles=True) as connection:
            old = _lock_movie(connection, movie_id)
            if writers is not None and _has_reviews_by_others(connection, movie_id, writers):
                raise ReviewedByOthers("others have reviewed this movie")
            movie = replace(old, **asdict(change(old)))
            if movie != old:
                _set_fields(connection, movie_id, movie)
                self._log(connection, AuditAction.EDIT_MOVIE, who, summarize_movie(movie), movie_id)
        return movie

    def delete_movie(self, movie_id: int, who: str = "") -> int:
        """Delete and log the movie with its reviews; return the number of the reviews."""
        self._purge()
        with self._write() as connection:
            movie = _lock_movie(connection, movie_id)
            entry = self._log(connection, AuditAction.DELETE_MOVIE, who, summarize_movie(movie), movie_id)
            _set_reviews_deleted(connection, (reviews.c.movie_id == movie_id) & _active_review, entry.id)
            _set_movies_deleted(connection, [movie_id], entry.id)
        return movie.review_count

    def merge_movies(self, kept_id: int, merged_id: int, who: str = "") -> AuditEntry:
        """Move all reviews of a movie to another one, fill that one's empty fields, and delete the movie.

        Return the log's entry. Raise `app.errors.AlreadyExists` if a third movie has the title and release date that
        the kept one gets, and `ValueError` if both are the same movie.
        """
        if kept_id == merged_id:
            raise ValueError("a movie cannot be merged with itself")
        self._purge()
        with self._write(titles=True) as connection:
            found = {movie_id: _lock_movie(connection, movie_id) for movie_id in sorted((kept_id, merged_id))}
            kept, merged = found[kept_id], found[merged_id]
            filled = kept.filled_from(merged)
            changed = [name for name, value in _fields(filled).items() if value != getattr(kept, name)]
            summary = summarize_merge(merged, kept)
            entry = self._log(connection, AuditAction.MERGE_MOVIES, who, summary, kept_id, before=" ".join(changed))
            of_merged = sa.select(reviews.c.id, sa.literal(entry.id)).where(reviews.c.movie_id == merged_id)
            connection.execute(merged_reviews.insert().from_select(["review_id", "change_id"], of_merged))
            _move_reviews(connection, reviews.c.movie_id == merged_id, kept_id)
            _set_movies_deleted(connection, [merged_id], entry.id)
            connection.execute(movies.update().where(movies.c.id == merged_id).values(merged_into=kept_id))
            _set_fields(connection, kept_id, filled)
            _recount(connection, kept_id)
            _recount(connection, merged_id)
        return entry

    def merged_into(self, movie_id: int) -> int | None:
        """Return the id of the movie into which this one was merged, by one merge or several, or None."""
        _check_range("movie", movie_id)
        by_id = self._refreshed().by_id
        seen: list[int] = []
        with self._database.read() as connection:
            while movie_id not in by_id and movie_id not in seen:
                seen.append(movie_id)
                movie_id = connection.scalar(sa.select(movies.c.merged_into).where(movies.c.id == movie_id)) or 0
        return movie_id if seen and movie_id in by_id else None

    def histogram(self, movie_id: int) -> list[tuple[int, int]]:
        """Return the numbers of positive and negative reviews in ten bins by rating: 0-1, 1-2, ... 9-10."""
        self.movie(movie_id)
        with self._database.read() as connection:
            rows = connection.execute(_HISTOGRAM, {"movie_id": movie_id}).all()
        return _histogram({(label, index): count for label, index, count in rows})

    # Reviews

    def review(self, review_id: int) -> Review:
        with self._database.read() as connection:
            return _find_review(connection, review_id)

    def reviews(
        self,
        movie_id: int,
        label: Label | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: ReviewSort = ReviewSort.NEWEST,
    ) -> tuple[list[Review], int]:
        """Return a slice of the movie's reviews and their total number, both of that label if given."""
        movie = self.movie(movie_id)
        total, chosen = movie.review_count, _REVIEWS.where(reviews.c.movie_id == movie_id)
        if label is not None:
            total = movie.positive_count if label is Label.POSITIVE else movie.negative_count
            chosen = chosen.where(reviews.c.sentiment_label == label)
        if offset >= total:
            return [], total
        with self._database.read() as connection:
            return _read_reviews(connection, chosen.order_by(*_ORDERS[order]).offset(offset).limit(limit)), total

    def all_reviews(self, after_id: int = 0, limit: int = 1_000) -> list[Review]:
        """Return the first `limit` reviews after this id, of all movies, by id."""
        with self._database.read() as connection:
            return _read_reviews(
                connection, _REVIEWS.where(reviews.c.id > after_id).order_by(reviews.c.id).limit(limit)
            )

    def latest_reviews(self, offset: int = 0, limit: int = 20) -> tuple[list[tuple[Review, Movie]], int]:
        """Return a slice of all reviews, newest first, with their movies, and the total number of reviews."""
        newest = _REVIEWS.order_by(reviews.c.id.desc()).offset(offset).limit(limit)
        with self._database.read() as connection:
            found = _read_reviews(connection, newest)
        cache = self._refreshed()
        return _with_movies(found, cache), cache.totals.review_count

    def reviews_by_author(
        self, author: str, offset: int = 0, limit: int = 20, order: ReviewSort = ReviewSort.NEWEST
    ) -> tuple[list[tuple[Review, Movie]], int]:
        """Return a slice of the reviews under exactly this name, with their movies, and their total number."""
        by_author = (reviews.c.author == author, _active_review)
        chosen = _ALL_REVIEWS.where(*by_author).order_by(*_ORDERS[order]).offset(offset).limit(limit)
        with self._database.read() as connection:
            found = _read_reviews(connection, chosen)
            total = connection.execute(sa.select(sa.func.count()).where(*by_author)).scalar_one()
        return _with_movies(found, self._refreshed()), int(total)

    def author_summary(self, author: str) -> AuthorSummary:
        """Return the distribution and the sum of the ratings of the reviews under exactly this name."""
        chosen = sa.select(reviews.c.sentiment_label, _bin, sa.func.count(), sa.func.sum(reviews.c.rating))
        chosen = chosen.where(reviews.c.author == author, _active_review).group_by(reviews.c.sentiment_label, _bin)
        with self._database.read() as connection:
            rows = connection.execute(chosen).all()
        histogram = _histogram({(label, index): count for label, index, count, _ in rows})
        return AuthorSummary(histogram, sum(float(rating) for *_, rating in rows))

    def has_reviews_by_others(self, movie_id: int, writers: Collection[str]) -> bool:
        """Return whether the movie has a review whose owner token is not among `writers`."""
        with self._database.read() as connection:
            return _has_reviews_by_others(connection, movie_id, writers)

    def position(self, review_id: int) -> int:
        """Return the number of newer reviews of the same movie."""
        review = self.review(review_id)
        newer = (reviews.c.movie_id == review.movie_id, reviews.c.id > review_id, _active_review)
        with self._database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).where(*newer)).scalar_one())

    def add_review(
        self,
        movie_id: int,
        author: str,
        content: str,
        sentiment: Sentiment,
        *,
        model: str = "",
        writer: str = "",
        spoiler: bool = False,
    ) -> Review:
        review = Review(
            id=0,
            movie_id=movie_id,
            author=author,
            content=content,
            sentiment_label=sentiment.label,
            sentiment_score=sentiment.score,
            rating=sentiment.rating,
            created_at=format_utc(self._now()),
            model=model,
            writer=writer,
            spoiler=spoiler,
        )
        values = _review_values(review)
        del values["id"]
        _check_range("movie", movie_id)
        with self._write() as connection:
            if not _count(connection, [(review, +1)]):
                raise NotFound("movie", movie_id)
            review = replace(review, id=_new_id(connection.execute(reviews.insert(), values)))
        return review

    def update_review(
        self,
        review_id: int,
        author: str | None = None,
        analyzed: tuple[str, Sentiment] | None = None,
        *,
        spoiler: bool | None = None,
        model: str = "",
        who: str = "",
    ) -> Review:
        """Update the fields whose arguments are not None; `analyzed` is a new content with its sentiment by `model`.

        If anything changed, set `edited_at` and log the edit; a changed content also deletes the review's corrections.
        """
        with self._write() as connection:
            old = new = _lock_review(connection, review_id)
            if analyzed is not None:
                new = replace(_with_sentiment(old, analyzed[1], model), content=analyzed[0])
            new = replace(new, author=new.author if author is None else author)
            new = replace(new, spoiler=new.spoiler if spoiler is None else spoiler)
            if new == old:
                return old
            if new.content != old.content:
                connection.execute(corrections.delete().where(corrections.c.review_id == review_id))
            new = replace(new, edited_at=format_utc(self._now()))
            _update_reviews(connection, [(old, new)])
            before = old.content if new.content != old.content else ""
            self._log(connection, AuditAction.EDIT_REVIEW, who, summarize_review(new), new.movie_id, review_id, before)
            return _find_review(connection, review_id)

    def delete_review(self, review_id: int, who: str = "") -> Review:
        """Delete and log the review; return it."""
        self._purge()
        with self._write() as connection:
            review = _lock_review(connection, review_id)
            entry = self._log(
                connection, AuditAction.DELETE_REVIEW, who, summarize_review(review), review.movie_id, review_id
            )
            connection.execute(reviews.update().where(reviews.c.id == review_id).values(deleted_by=entry.id))
            _count(connection, [(review, -1)])
        return review

    def like_review(self, review_id: int, owner: str) -> int:
        """Add this owner's like, unless it exists; return the number of likes."""
        _check_range("review", review_id)
        with self._write() as connection:
            added = connection.execute(_LIKE, {"id": review_id, "owner": owner}).rowcount
            liked = reviews.update().where(reviews.c.id == review_id, _active_review)
            liked = liked.values(like_count=reviews.c.like_count + added)
            count = connection.execute(liked.returning(reviews.c.like_count)).scalar()
            if count is None:
                raise NotFound("review", review_id)
        return int(count)

    # Models and readers

    def models(self) -> dict[str, int]:
        """Return the number of reviews analyzed by each model."""
        with self._database.read() as connection:
            return {model: int(total) for model, total in connection.execute(_MODELS) if total}

    def update_sentiments(self, scored: Sequence[ScoredReview], model: str) -> int:
        """Update the sentiments of reviews whose text has not changed meanwhile; return the number of updated ones."""
        written = 0
        for batch in _batches(scored):
            with self._write() as connection:
                found = {review.id: review for review in _lock_reviews(connection, [item.review_id for item in batch])}
                changed = {}
                for item in batch:
                    old = found.get(item.review_id)
                    if old is not None and old.content == item.content:
                        changed[old.id] = old, _with_sentiment(old, item.sentiment, model)
                _update_reviews(connection, list(changed.values()))
            written += len(changed)
        return written

    def set_correction(self, review_id: int, reader: str, label: CorrectedLabel | None) -> Review:
        """Set this reader's correction of the review's label, or delete it (None)."""
        with self._write() as connection:
            _lock_review(connection, review_id)
            by_reader = (corrections.c.review_id == review_id) & (corrections.c.reader == reader)
            if label != connection.scalar(sa.select(corrections.c.label).where(by_reader)):
                connection.execute(corrections.delete().where(by_reader))
                if label is not None:
                    correction = Correction(review_id, reader, label, format_utc(self._now()))
                    connection.execute(corrections.insert(), asdict(correction))
            return _find_review(connection, review_id)

    def corrections(self) -> Sequence[Correction]:
        """Return all corrections, sorted by review and reader."""
        by_review = sa.select(*CORRECTION_COLUMNS).join(reviews).where(_active_review)
        with self._database.read() as connection:
            found = [Correction(**row) for row in connection.execute(by_review).mappings()]
        return sorted(found, key=lambda correction: (correction.review_id, correction.reader))

    # Nicknames

    def claim_nickname(self, key: str, passphrase_hash: str) -> None:
        """Protect the nickname with a passphrase. Raise `app.errors.AlreadyExists` if it is claimed already."""
        values = {"key": key, "passphrase_hash": passphrase_hash, "created_at": format_utc(self._now())}
        try:
            with self._write() as connection:
                connection.execute(nicknames.insert(), values)
        except IntegrityError:
            raise AlreadyExists("nickname", 0) from None

    def nickname_hash(self, key: str) -> str | None:
        """Return the hash of the nickname's passphrase, or None if it is not claimed."""
        with self._database.read() as connection:
            found: str | None = connection.scalar(sa.select(nicknames.c.passphrase_hash).where(nicknames.c.key == key))
        return found

    # Statistics

    def most_corrected(self, limit: int) -> list[tuple[int, int]]:
        """Return (id, count) of the movies with the most corrections that contradict the label."""
        count = sa.func.count().label("count")
        found = (
            sa.select(reviews.c.movie_id, count)
            .join(corrections, corrections.c.review_id == reviews.c.id)
            .where(corrections.c.label != reviews.c.sentiment_label, _active_review)
            .group_by(reviews.c.movie_id)
            .order_by(count.desc(), reviews.c.movie_id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(int(movie_id), int(number)) for movie_id, number in connection.execute(found)]

    def reviews_by_month(self, limit: int) -> list[tuple[str, int]]:
        """Return the last `limit` months with reviews (`2026-11`), oldest first, with the number of reviews."""
        month = sa.func.substr(reviews.c.created_at, 1, 7).label("month")
        found = sa.select(month, sa.func.count()).where(_active_review).group_by(month).order_by(month.desc())
        with self._database.read() as connection:
            rows = connection.execute(found.limit(limit)).all()
        return [(str(name), int(count)) for name, count in reversed(rows)]

    # The audit log

    def audit_log(self, offset: int = 0, limit: int = 50) -> tuple[list[AuditEntry], int]:
        """Return a slice of the audit log, newest first, and the total number of entries."""
        newest = _ENTRIES.order_by(audit_log.c.id.desc()).offset(offset).limit(limit)
        with self._database.read() as connection:
            entries = [self._entry(row) for row in connection.execute(newest)]
            total = connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one()
        return entries, int(total)

    def audit_entry(self, change_id: int) -> AuditEntry:
        with self._database.read() as connection:
            return self._find_entry(connection, change_id)

    def add_audit_entry(self, action: AuditAction, summary: str, who: str = "") -> AuditEntry:
        """Log an operation that consists of several transactions."""
        with self._write() as connection:
            return self._log(connection, action, who, summary)

    def undo(self, change_id: int, who: str = "") -> AuditEntry:
        """Undo a deletion, a merge of movies or an import; return its entry with `undone_at` set.

        Raise `app.errors.UndoExpired` if the entry is of another kind, was undone before or is older than `UNDO_HOURS`,
        `app.errors.AlreadyExists` if the movie was added again, and `app.errors.NotFound` ("movie") if the review's
        movie, or the kept one of a merge, is deleted. Imported movies with reviews from elsewhere are kept.
        """
        entry = self.audit_entry(change_id)
        if entry.undoable and entry.import_id is not None:
            self._delete_imported(entry.import_id)
        with self._write(titles=True) as connection:
            connection.execute(sa.select(audit_log.c.id).where(audit_log.c.id == change_id).with_for_update())
            entry = self._find_entry(connection, change_id)
            if not entry.undoable:
                raise UndoExpired(change_id)
            if entry.action is AuditAction.MERGE_MOVIES:
                _separate(connection, entry)
            elif entry.import_id is None:
                _restore(connection, entry)
            undone_at = format_utc(self._now())
            connection.execute(audit_log.update().where(audit_log.c.id == change_id).values(undone_at=undone_at))
            self._log(connection, AuditAction.UNDO, who, entry.summary, entry.movie_id, entry.review_id)
        return replace(entry, undone_at=undone_at, undoable=False)

    # Bulk operations

    def reserve_ids(self, movie_count: int, review_count: int) -> tuple[int, int]:
        """Reserve ids for movies and reviews; return the first of each (the next free id where the count is 0)."""
        with self._write() as connection:
            return reserve_ids(connection, movies, movie_count), reserve_ids(connection, reviews, review_count)

    def add_all(
        self,
        added_movies: Sequence[Movie],
        added_reviews: Sequence[Review],
        added_corrections: Sequence[Correction] = (),
        *,
        import_id: int | None = None,
    ) -> None:
        """Add complete rows in one transaction; movies' counts are recomputed. `import_id` is from `begin_import`.

        Raise `app.errors.AlreadyExists` if a movie's key or an id is in use (an id also by a row that can be restored),
        and `app.errors.NotFound` if a review's movie or a correction's review is missing.
        """
        with self._write(titles=bool(added_movies)) as connection:
            _add_movies(connection, added_movies, import_id)
            _add_reviews(connection, added_reviews, import_id)
            ids = dict.fromkeys(correction.review_id for correction in added_corrections)
            _check_references("review", ids, _existing(connection, reviews.c.id, ids, _active_review))
            for batch in _batches(added_corrections):
                connection.execute(corrections.insert(), [asdict(correction) for correction in batch])

    def begin_import(self, summary: str, who: str = "") -> AuditEntry:
        """Log an import. The entry's `import_id` is passed to `add_all`, so that `undo` can delete its rows."""
        with self._write() as connection:
            entry = self._log(connection, AuditAction.IMPORT, who, summary)
            connection.execute(audit_log.update().where(audit_log.c.id == entry.id).values(import_id=entry.id))
            return self._find_entry(connection, entry.id)

    def finish_import(self, import_id: int, summary: str) -> AuditEntry:
        """Set the summary of the import's entry."""
        with self._write() as connection:
            connection.execute(audit_log.update().where(audit_log.c.id == import_id).values(summary=truncate(summary)))
            return self._find_entry(connection, import_id)

    def cancel_import(self, import_id: int) -> None:
        """Delete the rows and the entry of a failed import."""
        self._delete_imported(import_id)
        with self._write() as connection:
            connection.execute(audit_log.delete().where(audit_log.c.id == import_id))

    def _delete_imported(self, import_id: int) -> None:
        """Delete an import's rows in several transactions, so that other writers can run in between."""
        imported = sa.select(reviews.c.id).where(reviews.c.import_id == import_id, _active_review).limit(BATCH)
        for ids in self._until_empty(imported):
            with self._write() as connection:
                found = _lock_reviews(connection, ids)
                connection.execute(reviews.update().where(reviews.c.id.in_(ids)).values(deleted_by=import_id))
                _count(connection, [(review, -1) for review in found])
        without_reviews = (movies.c.import_id == import_id, movies.c.review_count == 0, _active_movie)
        for ids in self._until_empty(sa.select(movies.c.id).where(*without_reviews).limit(BATCH)):
            with self._write() as connection:
                _set_movies_deleted(connection, ids, import_id, movies.c.review_count == 0)

    def _purge(self) -> None:
        """Delete the rows of deletions that can no longer be undone, in several transactions."""
        expired = sa.select(sa.func.max(audit_log.c.id)).where(audit_log.c.at <= undo_cutoff(self._now()))
        newest = self._scalars(expired)[0] or 0
        old_reviews = sa.select(reviews.c.id).where(reviews.c.deleted_by <= newest).limit(BATCH)
        for ids in self._until_empty(old_reviews):
            with self._write() as connection:
                connection.execute(reviews.delete().where(reviews.c.id.in_(ids), reviews.c.deleted_by <= newest))
                connection.execute(audit_log.update().where(audit_log.c.review_id.in_(ids)).values(before=""))
        # Keep the newest version: in SQLite the next version is computed from it.
        is_old = (movies.c.deleted_by <= newest) & (
            movies.c.version < sa.select(sa.func.max(movies.c.version)).scalar_subquery()
        )
        is_old &= movies.c.merged_into.is_(None)  # a merged movie's address leads to the other one for good
        for ids in self._until_empty(sa.select(movies.c.id).where(is_old).limit(BATCH)):
            with self._write() as connection:
                connection.execute(movies.delete().where(movies.c.id.in_(ids), movies.c.deleted_by <= newest))

        old_merges = sa.select(merged_reviews.c.change_id).where(merged_reviews.c.change_id <= newest).limit(1)
        for ids in self._until_empty(old_merges):
            with self._write() as connection:
                connection.execute(merged_reviews.delete().where(merged_reviews.c.change_id.in_(ids)))

    def _until_empty(self, query: sa.Select[Any]) -> Iterator[list[Any]]:
        """Repeat the query and yield its values until there are none; other greenlets run after each batch."""
        while found := self._scalars(query):
            yield found
            sleep(YIELD_SECONDS)

    def _scalars(self, found: sa.Select[Any]) -> list[Any]:
        with self._database.read() as connection:
            return list(connection.scalars(found))

    @contextmanager
    def _write(self, *, titles: bool = False) -> Iterator[sa.Connection]:
        """Begin a transaction; lock all titles if it may add or change one, to keep movies' keys unique."""
        with self._database.write() as connection:
            if titles and connection.dialect.name == "postgresql":  # SQLite has one writer anyway
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TITLES_LOCK)))
            yield connection

    def _refreshed(self) -> MovieCache:
        with self._database.read() as connection:
            self._cache.refresh(connection)
        return self._cache

    def _log(
        self,
        connection: sa.Connection,
        action: AuditAction,
        who: str,
        summary: str,
        movie_id: int | None = None,
        review_id: int | None = None,
        before: str = "",
    ) -> AuditEntry:
        entry = AuditEntry(
            0, format_utc(self._now()), who, action, movie_id, review_id, truncate(summary), before=before
        )
        values = asdict(entry)
        del values["id"], values["undoable"]
        return with_undoable(replace(entry, id=_new_id(connection.execute(audit_log.insert(), values))), self._now())

    def _find_entry(self, connection: sa.Connection, change_id: int) -> AuditEntry:
        _check_range("change", change_id)
        row = connection.execute(_ENTRIES.where(audit_log.c.id == change_id)).one_or_none()
        if row is None:
            raise NotFound("change", change_id)
        return self._entry(row)

    def _entry(self, row: sa.Row[Any]) -> AuditEntry:
        return with_undoable(AuditEntry(**row._mapping), self._now())


# Within a transaction


def _lock_movie(connection: sa.Connection, movie_id: int) -> Movie:
    _check_range("movie", movie_id)
    row = connection.execute(_MOVIE.with_for_update(), {"id": movie_id}).one_or_none()
    if row is None:
        raise NotFound("movie", movie_id)
    return Movie(**row._mapping)


def _has_reviews_by_others(connection: sa.Connection, movie_id: int, writers: Collection[str]) -> bool:
    others = sa.select(reviews.c.id).where(reviews.c.movie_id == movie_id, reviews.c.writer.not_in(writers))
    return connection.execute(others.where(_active_review).limit(1)).first() is not None


def _find_review(connection: sa.Connection, review_id: int) -> Review:
    _check_range("review", review_id)
    row = connection.execute(_REVIEW, {"id": review_id}).one_or_none()
    if row is None:
        raise NotFound("review", review_id)
    return Review(**row._mapping)


def _lock_review(connection: sa.Connection, review_id: int) -> Review:
    _check_range("review", review_id)
    found = _lock_reviews(connection, [review_id])
    if not found:
        raise NotFound("review", review_id)
    return found[0]


def _lock_reviews(connection: sa.Connection, review_ids: Sequence[int]) -> list[Review]:
    """Lock the movies of these reviews, then return the reviews that still exist."""
    of_these = sa.select(reviews.c.movie_id).where(reviews.c.id.in_(review_ids))
    if connection.dialect.name == "postgresql":  # SQLite's transaction locks the whole database
        in_order = sa.select(movies.c.id).where(movies.c.id.in_(of_these)).order_by(movies.c.id)
        connection.execute(in_order.with_for_update())
    return _read_reviews(connection, _REVIEWS.where(reviews.c.id.in_(review_ids)))


def _read_reviews(connection: sa.Connection, chosen: sa.Select[Any]) -> list[Review]:
    return [Review(**row) for row in connection.execute(chosen).mappings()]


def _update_reviews(connection: sa.Connection, changed: Sequence[tuple[Review, Review]]) -> None:
    """Write locked reviews, given as (old, new) pairs, and update their movies' counts."""
    if changed:
        values = [{**_review_values(new), "review_id": new.id} for _, new in changed]
        connection.execute(reviews.update().where(reviews.c.id == sa.bindparam("review_id")), values)
        _count(connection, [pair for old, new in changed for pair in ((old, -1), (new, +1))])


def _count(connection: sa.Connection, counted: Iterable[tuple[Review, int]]) -> int:
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
    found = connection.execute(_ADD_TO_MOVIE, [of_movies[movie_id] for movie_id in sorted(of_movies)]).rowcount
    changes = [
        {"movie_id": movie_id, "model": model, "reviews": change}
        for (movie_id, model), change in sorted(of_models.items())
        if change
    ]
    if found and changes:
        connection.execute(_ADD_TO_MODEL, changes)
    return found


def _set_movies_deleted(
    connection: sa.Connection, movie_ids: Sequence[int], deleted_by: int | None, *where: sa.ColumnElement[bool]
) -> None:
    chosen = movies.update().where(movies.c.id.in_(movie_ids), *where)
    connection.execute(chosen.values(deleted_by=deleted_by, version=current_version()))


def _set_reviews_deleted(connection: sa.Connection, where: sa.ColumnElement[bool], deleted_by: int | None) -> None:
    """Set `deleted_by` of the reviews in batches, between which other greenlets run."""
    while ids := connection.scalars(sa.select(reviews.c.id).where(where).limit(BATCH)).all():
        connection.execute(reviews.update().where(reviews.c.id.in_(ids)).values(deleted_by=deleted_by))
        sleep(YIELD_SECONDS)


def _restore(connection: sa.Connection, entry: AuditEntry) -> None:
    """Undo a deletion. Raise the errors of `Store.undo`."""
    key = connection.scalar(sa.select(movies.c.key).where(movies.c.deleted_by == entry.id))
    deleted = _read_reviews(connection, _ALL_REVIEWS.where(reviews.c.deleted_by == entry.id))
    if key is not None:
        _check_unique(connection, key)
    elif not deleted:  # purged, before the clock was set back
        raise UndoExpired(entry.id)
    else:
        _lock_movie(connection, deleted[0].movie_id)
    _set_reviews_deleted(connection, reviews.c.deleted_by == entry.id, None)
    if entry.movie_id is not None and key is not None:
        _set_movies_deleted(connection, [entry.movie_id], None)  # its counts were kept
    else:
        _count(connection, [(review, +1) for review in deleted])


def _separate(connection: sa.Connection, entry: AuditEntry) -> None:
    """Undo a merge of two movies. Raise the errors of `Store.undo`."""
    row = connection.execute(sa.select(*MOVIE_COLUMNS).where(movies.c.deleted_by == entry.id)).one_or_none()
    if row is None or entry.movie_id is None:
        raise UndoExpired(entry.id)
    merged, kept = Movie(**row._mapping), _lock_movie(connection, entry.movie_id)
    emptied: dict[str, Any] = {
        name: "" for name in entry.before.split() if getattr(kept, name) == getattr(merged, name)
    }
    _set_fields(connection, kept.id, replace(kept, **emptied))
    _check_unique(connection, merged.key)
    moved = sa.select(merged_reviews.c.review_id).where(merged_reviews.c.change_id == entry.id)
    _move_reviews(connection, (reviews.c.movie_id == kept.id) & reviews.c.id.in_(moved), merged.id)
    _set_movies_deleted(connection, [merged.id], None)
    connection.execute(movies.update().where(movies.c.id == merged.id).values(merged_into=None))
    _recount(connection, kept.id)
    _recount(connection, merged.id)


def _fields(movie: MovieFields) -> dict[str, str]:
    return {item.name: getattr(movie, item.name) for item in fields(MovieFields)}


def _set_fields(connection: sa.Connection, movie_id: int, movie: MovieFields) -> None:
    """Write a locked movie's fields. Raise `AlreadyExists` if another movie has their key."""
    _check_unique(connection, movie.key, movie_id)
    changed = movies.update().where(movies.c.id == movie_id).values(version=current_version())
    connection.execute(changed.values(**_fields(movie), key=movie.key))


def _move_reviews(connection: sa.Connection, where: sa.ColumnElement[bool], movie_id: int) -> None:
    """Move the reviews, deleted ones too, to another movie in batches, between which other greenlets run."""
    while ids := connection.scalars(sa.select(reviews.c.id).where(where).limit(BATCH)).all():
        connection.execute(reviews.update().where(reviews.c.id.in_(ids)).values(movie_id=movie_id))
        sleep(YIELD_SECONDS)


def _recount(connection: sa.Connection, movie_id: int) -> None:
    """Compute a locked movie's counts and sums anew."""
    is_counted = (reviews.c.movie_id == movie_id) & _active_review
    positive = sa.func.count().filter(reviews.c.sentiment_label == Label.POSITIVE)
    totals = sa.select(sa.func.count(), positive, sa.func.coalesce(sa.func.sum(reviews.c.rating), 0.0))
    count, positive_count, rating_sum = connection.execute(totals.where(is_counted)).one()
    values = {"review_count": count, "positive_count": positive_count, "rating_sum": rating_sum}
    connection.execute(movies.update().where(movies.c.id == movie_id).values(**values, version=current_version()))
    connection.execute(model_counts.delete().where(model_counts.c.movie_id == movie_id))
    by_model = sa.select(reviews.c.movie_id, reviews.c.model, sa.func.count()).where(is_counted)
    by_model = by_model.group_by(reviews.c.movie_id, reviews.c.model)
    connection.execute(model_counts.insert().from_select(["movie_id", "model", "review_count"], by_model))


def _add_movies(connection: sa.Connection, added: Sequence[Movie], import_id: int | None) -> None:
    ids, keys = [movie.id for movie in added], [movie.key for movie in added]
    _check_duplicates("movie", zip(ids, ids, strict=True), _existing(connection, movies.c.id, ids))
    _check_duplicates("movie", zip(keys, ids, strict=True))
    for key in _existing(connection, movies.c.key, keys, _active_movie):
        _check_unique(connection, key)
    counts = {"review_count": 0, "positive_count": 0, "rating_sum": 0.0, "import_id": import_id}
    for batch in _batches(added):
        values = [{**asdict(movie), "key": movie.key, **counts} for movie in batch]
        connection.execute(movies.insert().values(version=current_version()), values)
    if added:
        skip_ids(connection, movies, max(ids))


def _add_reviews(connection: sa.Connection, added: Sequence[Review], import_id: int | None) -> None:
    ids = [review.id for review in added]
    movie_ids = dict.fromkeys(review.movie_id for review in added)
    _check_duplicates("review", zip(ids, ids, strict=True), _existing(connection, reviews.c.id, ids))
    _check_references("movie", movie_ids, _existing(connection, movies.c.id, movie_ids, _active_movie))
    for batch in _batches(added):
        values = [{**_review_values(review), "like_count": 0, "import_id": import_id} for review in batch]
        connection.execute(reviews.insert(), values)
    _count(connection, ((review, +1) for review in added))
    if added:
        skip_ids(connection, reviews, max(ids))


def _existing(
    connection: sa.Connection, column: sa.Column[Any], values: Iterable[T], *where: sa.ColumnElement[bool]
) -> set[T]:
    """Return the values that exist in the column."""
    found: set[Any] = set()
    for batch in _batches(values):
        found.update(connection.scalars(sa.select(column).where(column.in_(batch), *where)))
    return found


def _check_unique(connection: sa.Connection, key: str, movie_id: int | None = None) -> None:
    """Raise `AlreadyExists` if another movie has this key."""
    existing = connection.scalar(sa.select(movies.c.id).where(movies.c.key == key, _active_movie))
    if existing is not None and existing != movie_id:
        raise AlreadyExists("movie", existing)


def _check_duplicates(kind: str, keys: Iterable[tuple[T, int]], existing: Iterable[T] = ()) -> None:
    """Raise `AlreadyExists` for the first (key, id) pair whose key exists or is repeated."""
    seen = set(existing)
    for key, item_id in keys:
        if key in seen:
            raise AlreadyExists(kind, item_id)
        seen.add(key)


def _check_references(kind: str, required: Iterable[int], existing: set[int]) -> None:
    for item_id in required:
        if item_id not in existing:
            raise NotFound(kind, item_id)


def _check_range(kind: str, item_id: int) -> None:
    if not 0 < item_id <= _MAX_ID:
        raise NotFound(kind, item_id)


def _with_sentiment(review: Review, sentiment: Sentiment, model: str) -> Review:
    label, score = sentiment.label, sentiment.score
    return replace(review, sentiment_label=label, sentiment_score=score, rating=sentiment.rating, model=model)


def _with_movies(found: Iterable[Review], cache: MovieCache) -> list[tuple[Review, Movie]]:
    """Pair reviews with their movies; skip those whose movie was deleted meanwhile."""
    return [(review, cache.by_id[review.movie_id]) for review in found if review.movie_id in cache.by_id]


def _histogram(counts: Mapping[tuple[Label, int], int]) -> list[tuple[int, int]]:
    return [(counts.get((Label.POSITIVE, index), 0), counts.get((Label.NEGATIVE, index), 0)) for index in range(10)]


def _review_values(review: Review) -> dict[str, Any]:
    return {column.name: getattr(review, column.name) for column in REVIEW_COLUMNS}


def _new_id(inserted: sa.CursorResult[Any]) -> int:
    (new_id,) = inserted.inserted_primary_key or (0,)
    return int(new_id)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
