"""Import of files: the whole file is parsed and validated, its reviews are analyzed, then all of it is written.

Every row is counted: rows = added + known + repeated + bad. Importing a file again adds no duplicates: a review is
known if its movie has one with the same author, text and (if both have one) timestamp; see `staged_reviews`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

from app.errors import AlreadyExists, NotFound
from app.models import Correction, Label, Movie, Review, format_utc, is_same_date, movie_key
from app.protocols import Analyzer
from app.services import jobs
from app.services.import_export.parsed_file import ImportCounts, ImportResult, ParsedFile
from app.services.import_export.staged_reviews import StagedReviews, text_hash
from app.services.import_export.tables import TableOptions
from app.services.jobs import ProgressCallback, ProgressReporter, Stage
from app.store import Store
from app.store.base import batched

UNDATED = "undated"
"""The `Review.writer` of reviews without a timestamp in the file, whose `created_at` is the time of the import. It is
shorter than any owner token."""
_WRITE_SPEEDUP = 10
"""Speed of writing reviews relative to analyzing them, to estimate the time left."""
_ATTEMPTS = 3
_BATCH_SIZE = 100  # rows of a transaction: larger ones delay pages on PostgreSQL
_UNFINISHED = "가져오는 중"


def import_file(
    store: Store,
    analyzer: Analyzer,
    file: BinaryIO,
    *,
    options: TableOptions | None = None,
    written_at: datetime | None = None,
    skip_bad: bool = False,
    reread: bool = False,
    who: str = "",
    report: ProgressCallback = jobs.ignore_progress,
) -> ImportResult:
    """Import JSON Lines or a table, packed or not.

    If a row is bad, except one without a text, nothing is imported, or with `skip_bad` all good rows. The import is
    logged as one entry of the audit log, with the actor `who`, and can be undone as a whole.

    Reviews with a sentiment in the file keep it, unless `reread`; the others are analyzed. `written_at` is the time of
    the file, if known. Raise `ValidationFailed` for an unreadable file, `ModelBusy` if the queue stays full, and the
    errors of `report`; then nothing is imported.
    """
    parsed = ParsedFile()
    with closing(parsed.reviews):
        parsed.parse(file, options or TableOptions(), report, written_at)
        result = parsed.result
        if result.is_blocked and not skip_bad:
            return result
        existing = _match_movies(store, parsed)
        parsed.reviews.merge_movies(_find_merged(parsed, existing))
        result.repeated = parsed.reviews.remove_repeats()
        if existing:
            result.known = parsed.reviews.remove_known(_stored_reviews(store, existing))
        if reread:
            parsed.reviews.clear_sentiments()
        _analyze(parsed.reviews, analyzer, report)
        result.added = _write(store, parsed, who, report)
        return result


def _match_movies(store: Store, parsed: ParsedFile) -> dict[int, int]:
    """Return the stored id of each of the file's movies that exists, by title and release date.

    In a table, a movie also matches the only stored one whose date may be the same, as either may be incomplete or
    missing; but movies of the file whose dates differ do not match the same one.
    """
    by_title = defaultdict(list)
    for movie in store.movies():
        by_title[movie_key(movie.title, "")].append(movie)
    found: dict[int, int] = {}
    similar = defaultdict(list)
    for movie in parsed.movies.values():
        namesakes = by_title[movie_key(movie.title, "")]
        same = [other.id for other in namesakes if other.key == movie.key]
        close = [other.id for other in namesakes if is_same_date(other.release_date, movie.release_date)]
        if same:
            found[movie.id] = same[0]
        elif parsed.is_table and len(close) == 1:
            similar[close[0]].append(movie)
    for stored_id, movies in similar.items():
        most_precise = max((movie.release_date for movie in movies), key=len)
        if all(is_same_date(movie.release_date, most_precise) for movie in movies):
            found |= {movie.id: stored_id for movie in movies}
    return found


def _find_merged(parsed: ParsedFile, existing: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the file's movie ids, each with the first id of the same movie."""
    first: dict[int | str, int] = {}
    for movie in parsed.movies.values():
        yield movie.id, first.setdefault(existing.get(movie.id, movie.key), movie.id)


def _stored_reviews(store: Store, existing: Mapping[int, int]) -> Iterator[tuple[int, int, str, bool]]:
    """Yield the stored reviews of the file's movies, in the form of `StagedReviews.remove_known`."""
    file_ids = {stored_id: file_id for file_id, stored_id in reversed(list(existing.items()))}
    for page in jobs.iter_pages(store):
        for review in page:
            if review.movie_id in file_ids:
                key = text_hash(review.author, review.content)
                yield file_ids[review.movie_id], key, review.created_at, review.writer == UNDATED


def _analyze(reviews: StagedReviews, analyzer: Analyzer, report: ProgressCallback) -> None:
    """Analyze the reviews without a sentiment, in batches."""
    count = reviews.count_unanalyzed()
    progress = ProgressReporter(report, Stage.READ, count, later=len(reviews) // _WRITE_SPEEDUP)
    for rows in batched(reviews.unanalyzed(), jobs.BATCH_SIZE):
        texts = [content for _, content in rows]
        sentiments = jobs.analyze_with_retry(analyzer, texts, lambda: progress.add(0))
        reviews.set_sentiments(
            (sentiment.label, sentiment.score, sentiment.rating, analyzer.card.id, position)
            for (position, _), sentiment in zip(rows, sentiments, strict=True)
        )
        progress.add(len(rows))


def _write(store: Store, parsed: ParsedFile, who: str, report: ProgressCallback) -> ImportCounts:
    """Add movies, reviews and corrections as one entry of the audit log.

    They are added in several transactions, so that other writers can run in between. If one fails or `report` raises,
    all are deleted again. Raise `AlreadyExists` or `NotFound` if the same movies are repeatedly added or deleted by
    others meanwhile.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _try_to_write(store, parsed, who, report)
        except (AlreadyExists, NotFound):
            continue
    return _try_to_write(store, parsed, who, report)


def _try_to_write(store: Store, parsed: ParsedFile, who: str, report: ProgressCallback) -> ImportCounts:
    """Add the rows once. Raise the errors of `Store.add_all`."""
    count = len(parsed.reviews)
    progress = ProgressReporter(report, Stage.WRITE, count)
    movie_ids = _match_movies(store, parsed)
    new: dict[str, Movie] = {}
    for movie in parsed.movies.values():
        if movie.id not in movie_ids:
            new.setdefault(movie.key, movie)
    if not new and not count:
        return ImportCounts()
    first_review = 0  # the file's ids are kept if the store has never been used
    if not parsed.ids_fit or store.reserve_ids(0, 0) != (1, 1):
        first_movie, first_review = store.reserve_ids(len(new), count)
        new = {key: replace(movie, id=first_movie + index) for index, (key, movie) in enumerate(new.items())}
    for movie in parsed.movies.values():
        if movie.id not in movie_ids:
            movie_ids[movie.id] = new[movie.key].id
    corrected = {review_id for review_id, _ in parsed.corrections}
    new_ids: dict[int, int] = {}  # of the corrected reviews, by the file's ids
    import_id = store.begin_import(_UNFINISHED, who)
    try:
        for movies in batched(new.values(), _BATCH_SIZE):
            store.add_all(movies, (), import_id=import_id)
        for reviews in batched(_new_reviews(parsed.reviews, movie_ids, first_review), _BATCH_SIZE):
            new_ids |= {file_id: review.id for file_id, review in reviews if file_id in corrected}
            store.add_all((), [review for _, review in reviews], import_id=import_id)
            progress.add(len(reviews))
        added = [
            Correction(new_ids[item.review_id], f"imported-{item.reader:08}", item.label, item.created_at)
            for item in parsed.corrections.values()
            if item.review_id in new_ids
        ]
        for corrections in batched(added, _BATCH_SIZE):
            store.add_all((), (), corrections, import_id=import_id)
    except BaseException:
        store.cancel_import(import_id)
        raise
    store.finish_import(import_id, f"영화 {len(new):,}편 · 리뷰 {count:,}개")
    return ImportCounts(len(new), count, len(added), import_id)


def _new_reviews(rows: StagedReviews, movie_ids: Mapping[int, int], first_id: int) -> Iterator[tuple[int, Review]]:
    """Yield the reviews, each with its id in the file.

    Their new ids count from `first_id`, oldest first, because higher ids mean newer reviews. With `first_id` 0 they
    keep the file's ids and order.
    """
    now = format_utc(datetime.now(UTC))
    for index, row in enumerate(rows.ordered(now, by_date=first_id > 0)):
        changes = {
            "id": first_id + index if first_id else row["id"],
            "movie_id": movie_ids[row["movie_id"]],
            "sentiment_label": Label(row["sentiment_label"]),
            "created_at": row["created_at"] or now,
            "writer": "" if row["created_at"] else UNDATED,
            "spoiler": bool(row["spoiler"]),
        }
        yield row["id"], Review(**row | changes)
