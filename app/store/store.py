"""Store of movies, reviews, corrections and the audit log, in SQLite (in memory or a file) or PostgreSQL.

Lock order in PostgreSQL, to prevent deadlocks: first the advisory lock on titles (adding, renaming or merging
movies), then that on merges (exclusive for a merge, shared for changing reviews), then the rows of movies by id, then
those of reviews.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from time import sleep
from typing import Any

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
    format_utc,
)
from app.store import rows
from app.store.audit import (
    Clock,
    summarize_merge,
    summarize_movie,
    summarize_review,
    truncate,
    undo_cutoff,
    utc_now,
    with_undoable,
)
from app.store.engine import Database
from app.store.ids import reserve_ids
from app.store.movie_cache import MovieCache, current_version
from app.store.tables import (
    CORRECTION_COLUMNS,
    audit_log,
    corrections,
    merged_reviews,
    movies,
    nicknames,
    reviews,
)

_TITLES_LOCK = 7_160_823_402  # arbitrary, but the same in all versions of the site


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
        """Return whether the data survives a restart of the process."""
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
        return CatalogueTotals.of(self.movies())

    def add_movie(self, fields: MovieFields, *, owner: str = "") -> Movie:
        """Add a movie. Raise `app.errors.AlreadyExists` if there is one with the same `movie_key`."""
        with self._write(titles=True) as connection:
            rows.check_unique(connection, fields.key)
            values = {**asdict(fields), "key": fields.key, "owner": owner}
            added = connection.execute(movies.insert().values(version=current_version()), values)
            movie = Movie(**asdict(fields), id=rows.new_id(added), owner=owner)
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
            old = rows.lock_movie(connection, movie_id)
            if writers is not None and rows.has_reviews_by_others(connection, movie_id, writers):
                raise ReviewedByOthers("others have reviewed this movie")
            movie = replace(old, **asdict(change(old)))
            if movie != old:
                rows.set_fields(connection, movie_id, movie)
                self._log(connection, AuditAction.EDIT_MOVIE, who, summarize_movie(movie), movie_id)
        return movie

    def delete_movie(self, movie_id: int, who: str = "") -> tuple[Movie, AuditEntry]:
        """Delete the movie with its reviews; return it and the log's entry."""
        self._purge()
        with self._write() as connection:
            movie = rows.lock_movie(connection, movie_id)
            entry = self._log(connection, AuditAction.DELETE_MOVIE, who, summarize_movie(movie), movie_id)
            rows.set_reviews_deleted(connection, (reviews.c.movie_id == movie_id) & rows.active_review, entry.id)
            rows.set_movies_deleted(connection, [movie_id], entry.id)
        return movie, entry

    def merge_movies(self, kept_id: int, merged_id: int, who: str = "") -> AuditEntry:
        """Move all reviews of a movie to another one, fill that one's empty fields, and delete the movie.

        Return the log's entry. Raise `app.errors.AlreadyExists` if a third movie has the title and release date that
        the kept one gets, and `ValueError` if both are the same movie.
        """
        if kept_id == merged_id:
            raise ValueError("a movie cannot be merged with itself")
        self._purge()
        with self._write(titles=True) as connection:
            rows.lock_merges(connection)
            found = {movie_id: rows.lock_movie(connection, movie_id) for movie_id in sorted((kept_id, merged_id))}
            kept, merged = found[kept_id], found[merged_id]
            filled = kept.filled_from(merged)
            changed = [name for name, value in rows.movie_values(filled).items() if value != getattr(kept, name)]
            summary = summarize_merge(merged, kept)
            entry = self._log(connection, AuditAction.MERGE_MOVIES, who, summary, kept_id, before=" ".join(changed))
            of_merged = sa.select(reviews.c.id, sa.literal(entry.id)).where(reviews.c.movie_id == merged_id)
            connection.execute(merged_reviews.insert().from_select(["review_id", "change_id"], of_merged))
            rows.move_reviews(connection, entry.id, merged_id, kept_id)
            rows.set_movies_deleted(connection, [merged_id], entry.id)
            connection.execute(movies.update().where(movies.c.id == merged_id).values(merged_into=kept_id))
            rows.set_fields(connection, kept_id, filled)
            rows.recount_movie(connection, kept_id)
            rows.recount_movie(connection, merged_id)
        return entry

    def merged_into(self, movie_id: int) -> int | None:
        """Return the id of the movie into which this one was merged, by one merge or several, or None."""
        rows.check_range("movie", movie_id)
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
            found = connection.execute(rows.HISTOGRAM, {"movie_id": movie_id}).all()
        return rows.histogram_pairs({(label, index): count for label, index, count in found})

    # Reviews

    def review(self, review_id: int) -> Review:
        with self._database.read() as connection:
            return rows.find_review(connection, review_id)

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
        total, chosen = movie.review_count, rows.REVIEWS.where(reviews.c.movie_id == movie_id)
        if label is not None:
            total = movie.positive_count if label is Label.POSITIVE else movie.negative_count
            chosen = chosen.where(reviews.c.sentiment_label == label)
        if offset >= total:
            return [], total
        with self._database.read() as connection:
            found = rows.read_reviews(connection, chosen.order_by(*rows.ORDERS[order]).offset(offset).limit(limit))
        return found, total

    def all_reviews(self, after_id: int = 0, limit: int = 1_000) -> list[Review]:
        """Return the first `limit` reviews after this id, of all movies, by id."""
        with self._database.read() as connection:
            return rows.read_reviews(
                connection, rows.REVIEWS.where(reviews.c.id > after_id).order_by(reviews.c.id).limit(limit)
            )

    def latest_reviews(self, offset: int = 0, limit: int = 20) -> tuple[list[tuple[Review, Movie]], int]:
        """Return a slice of all reviews, newest first, with their movies, and the total number of reviews."""
        newest = rows.REVIEWS.order_by(reviews.c.id.desc()).offset(offset).limit(limit)
        with self._database.read() as connection:
            found = rows.read_reviews(connection, newest)
            self._cache.refresh(connection)
        total = sum(movie.review_count for movie in self._cache.movies)
        return rows.with_movies(found, self._cache), total

    def reviews_by_author(
        self, author: str, offset: int = 0, limit: int = 20, order: ReviewSort = ReviewSort.NEWEST
    ) -> tuple[list[tuple[Review, Movie]], int]:
        """Return a slice of the reviews under exactly this name, with their movies, and their total number."""
        by_author = (reviews.c.author == author, rows.active_review)
        chosen = rows.ALL_REVIEWS.where(*by_author).order_by(*rows.ORDERS[order]).offset(offset).limit(limit)
        with self._database.read() as connection:
            found = rows.read_reviews(connection, chosen)
            total = connection.execute(sa.select(sa.func.count()).where(*by_author)).scalar_one()
        return rows.with_movies(found, self._refreshed()), int(total)

    def author_summary(self, author: str) -> AuthorSummary:
        """Return the distribution and the sum of the ratings of the reviews under exactly this name."""
        chosen = sa.select(reviews.c.sentiment_label, rows.rating_bin, sa.func.count(), sa.func.sum(reviews.c.rating))
        chosen = chosen.where(reviews.c.author == author, rows.active_review).group_by(
            reviews.c.sentiment_label, rows.rating_bin
        )
        with self._database.read() as connection:
            found = connection.execute(chosen).all()
        histogram = rows.histogram_pairs({(label, index): count for label, index, count, _ in found})
        return AuthorSummary(histogram, sum(float(rating) for *_, rating in found))

    def has_reviews_by_others(self, movie_id: int, writers: Collection[str]) -> bool:
        """Return whether the movie has a review whose owner token is not among `writers`."""
        with self._database.read() as connection:
            return rows.has_reviews_by_others(connection, movie_id, writers)

    def position(self, review_id: int) -> int:
        """Return the number of newer reviews of the same movie."""
        review = self.review(review_id)
        newer = (reviews.c.movie_id == review.movie_id, reviews.c.id > review_id, rows.active_review)
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
        values = rows.review_values(review)
        del values["id"]
        rows.check_range("movie", movie_id)
        with self._write() as connection:
            if not rows.add_to_counts(connection, [(review, +1)]):
                raise NotFound("movie", movie_id)
            review = replace(review, id=rows.new_id(connection.execute(reviews.insert(), values)))
        return review

    def update_review(self, review_id: int, change: Callable[[Review], Review], who: str = "") -> Review:
        """Replace the review by the one that `change` returns.

        If they differ, set `edited_at` and log the edit; a changed content also deletes the review's corrections.
        """
        with self._write() as connection:
            old = rows.lock_review(connection, review_id)
            new = change(old)
            if new == old:
                return old
            if new.content != old.content:
                connection.execute(corrections.delete().where(corrections.c.review_id == review_id))
            new = replace(new, edited_at=format_utc(self._now()))
            rows.update_reviews(connection, [(old, new)])
            before = old.content if new.content != old.content else ""
            self._log(connection, AuditAction.EDIT_REVIEW, who, summarize_review(new), new.movie_id, review_id, before)
            return rows.find_review(connection, review_id)

    def delete_review(self, review_id: int, who: str = "") -> tuple[Review, AuditEntry]:
        """Delete the review; return it and the log's entry."""
        self._purge()
        with self._write() as connection:
            review = rows.lock_review(connection, review_id)
            entry = self._log(
                connection, AuditAction.DELETE_REVIEW, who, summarize_review(review), review.movie_id, review_id
            )
            connection.execute(reviews.update().where(reviews.c.id == review_id).values(deleted_by=entry.id))
            rows.add_to_counts(connection, [(review, -1)])
        return review, entry

    def like_review(self, review_id: int, owner: str) -> int:
        """Add this owner's like, unless it exists; return the number of likes."""
        rows.check_range("review", review_id)
        with self._write() as connection:
            added = connection.execute(rows.LIKE, {"id": review_id, "owner": owner}).rowcount
            liked = reviews.update().where(reviews.c.id == review_id, rows.active_review)
            liked = liked.values(like_count=reviews.c.like_count + added)
            count = connection.execute(liked.returning(reviews.c.like_count)).scalar()
            if count is None:
                raise NotFound("review", review_id)
        return int(count)

    # Models and readers

    def models(self) -> dict[str, int]:
        """Return the number of reviews analyzed by each model."""
        with self._database.read() as connection:
            return {model: int(total) for model, total in connection.execute(rows.MODELS) if total}

    def update_sentiments(self, scored: Sequence[ScoredReview], model: str) -> int:
        """Update the sentiments of reviews whose text has not changed meanwhile; return the number of updated ones."""
        written = 0
        for batch in rows.batches(scored):
            with self._write() as connection:
                found = {
                    review.id: review for review in rows.lock_reviews(connection, [item.review_id for item in batch])
                }
                changed = {}
                for item in batch:
                    old = found.get(item.review_id)
                    if old is not None and old.content == item.content:
                        changed[old.id] = old, old.with_sentiment(item.sentiment, model)
                rows.update_reviews(connection, list(changed.values()))
            written += len(changed)
        return written

    def set_correction(self, review_id: int, reader: str, label: CorrectedLabel | None) -> Review:
        """Set this reader's correction of the review's label, or delete it (None)."""
        with self._write() as connection:
            rows.lock_review(connection, review_id)
            by_reader = (corrections.c.review_id == review_id) & (corrections.c.reader == reader)
            if label != connection.scalar(sa.select(corrections.c.label).where(by_reader)):
                connection.execute(corrections.delete().where(by_reader))
                if label is not None:
                    correction = Correction(review_id, reader, label, format_utc(self._now()))
                    connection.execute(corrections.insert(), asdict(correction))
            return rows.find_review(connection, review_id)

    def corrections(self) -> Sequence[Correction]:
        """Return all corrections, sorted by review and reader."""
        by_review = sa.select(*CORRECTION_COLUMNS).join(reviews).where(rows.active_review)
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
            .where(corrections.c.label != reviews.c.sentiment_label, rows.active_review)
            .group_by(reviews.c.movie_id)
            .order_by(count.desc(), reviews.c.movie_id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(int(movie_id), int(number)) for movie_id, number in connection.execute(found)]

    def reviews_by_month(self, limit: int) -> list[tuple[str, int]]:
        """Return the last `limit` months with reviews (`2026-11`), oldest first, with the number of reviews."""
        month = sa.func.substr(reviews.c.created_at, 1, 7).label("month")
        chosen = sa.select(month, sa.func.count()).where(rows.active_review).group_by(month).order_by(month.desc())
        with self._database.read() as connection:
            found = connection.execute(chosen.limit(limit)).all()
        return [(str(name), int(count)) for name, count in reversed(found)]

    # The audit log

    def audit_log(self, offset: int = 0, limit: int = 50) -> tuple[list[AuditEntry], int]:
        """Return a slice of the audit log, newest first, and the total number of entries."""
        newest = rows.ENTRIES.order_by(audit_log.c.id.desc()).offset(offset).limit(limit)
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
                rows.separate_movies(connection, entry)
            elif entry.import_id is None:
                rows.restore_deleted(connection, entry)
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
            rows.add_movies(connection, added_movies, import_id)
            rows.add_reviews(connection, added_reviews, import_id)
            ids = dict.fromkeys(correction.review_id for correction in added_corrections)
            rows.check_references(
                "review", ids, rows.existing_values(connection, reviews.c.id, ids, rows.active_review)
            )
            for batch in rows.batches(added_corrections):
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
        imported = sa.select(reviews.c.id).where(reviews.c.import_id == import_id, rows.active_review).limit(rows.BATCH)
        for ids in self._until_empty(imported):
            with self._write() as connection:
                found = rows.lock_reviews(connection, ids)
                connection.execute(reviews.update().where(reviews.c.id.in_(ids)).values(deleted_by=import_id))
                rows.add_to_counts(connection, [(review, -1) for review in found])
        without_reviews = (movies.c.import_id == import_id, movies.c.review_count == 0, rows.active_movie)
        for ids in self._until_empty(sa.select(movies.c.id).where(*without_reviews).limit(rows.BATCH)):
            with self._write() as connection:
                rows.set_movies_deleted(connection, ids, import_id, movies.c.review_count == 0)

    def _purge(self) -> None:
        """Delete the rows of deletions that can no longer be undone, in several transactions."""
        expired = sa.select(sa.func.max(audit_log.c.id)).where(audit_log.c.at <= undo_cutoff(self._now()))
        newest = self._scalars(expired)[0] or 0
        old_reviews = sa.select(reviews.c.id).where(reviews.c.deleted_by <= newest).limit(rows.BATCH)
        for ids in self._until_empty(old_reviews):
            with self._write() as connection:
                connection.execute(reviews.delete().where(reviews.c.id.in_(ids), reviews.c.deleted_by <= newest))
                connection.execute(audit_log.update().where(audit_log.c.review_id.in_(ids)).values(before=""))
        # Keep the newest version: in SQLite the next version is computed from it.
        is_old = (movies.c.deleted_by <= newest) & (
            movies.c.version < sa.select(sa.func.max(movies.c.version)).scalar_subquery()
        )
        is_old &= movies.c.merged_into.is_(None)  # a merged movie's address leads to the other one for good
        for ids in self._until_empty(sa.select(movies.c.id).where(is_old).limit(rows.BATCH)):
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
            sleep(rows.YIELD_SECONDS)

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
        return with_undoable(
            replace(entry, id=rows.new_id(connection.execute(audit_log.insert(), values))), self._now()
        )

    def _find_entry(self, connection: sa.Connection, change_id: int) -> AuditEntry:
        rows.check_range("change", change_id)
        row = connection.execute(rows.ENTRIES.where(audit_log.c.id == change_id)).one_or_none()
        if row is None:
            raise NotFound("change", change_id)
        return self._entry(row)

    def _entry(self, row: sa.Row[Any]) -> AuditEntry:
        return with_undoable(AuditEntry(**row._mapping), self._now())
