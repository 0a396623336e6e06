"""Writing of a parsed file to the store, as a whole or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from app.errors import AlreadyExists, NotFound
from app.models import Correction, Label, Movie, Review
from app.services.batch_analysis import batched
from app.services.import_export.movie_matching import match_movies
from app.services.import_export.parsed_file import ParsedFile
from app.services.import_export.records import MovieRow, ReviewRow
from app.services.import_export.staged_reviews import StagedReviews
from app.services.jobs import ProgressCallback, ProgressReporter, Stage
from app.store import Store
from app.store.clock import format_utc

UNDATED = "undated"
"""The `Review.writer` of reviews without a timestamp in the file, whose `created_at` is the time of the import. It is
shorter than any owner token."""
_ATTEMPTS = 3
_BATCH_SIZE = 500  # rows of a transaction
_UNFINISHED = "가져오는 중"


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """Numbers of added items, and the id of the audit entry that can be undone; 0 if nothing was added."""

    movies: int = 0
    reviews: int = 0
    corrections: int = 0
    change_id: int = 0


def write(store: Store, parsed: ParsedFile, who: str, report: ProgressCallback) -> ImportCounts:
    """Add movies, reviews and corrections as one entry of the audit log.

    They are added in several transactions, so that other writers can run in between. If one fails or `report` raises,
    all are deleted again. Raise `AlreadyExists` or `NotFound` if the same movies are repeatedly added or deleted by
    others meanwhile.
    """
    for attempt in range(_ATTEMPTS):
        progress = ProgressReporter(report, Stage.WRITE, len(parsed.reviews))
        plan = ImportPlan(store, parsed)
        if not plan.movies and not plan.reviews:
            break
        try:
            return _write(store, plan, who, progress)
        except (AlreadyExists, NotFound):
            if attempt == _ATTEMPTS - 1:
                raise
    return ImportCounts()


def _write(store: Store, plan: "ImportPlan", who: str, progress: ProgressReporter) -> ImportCounts:
    change_id = store.begin_import(_UNFINISHED, who).id
    try:
        for movies in batched(plan.movies, _BATCH_SIZE):
            store.add_all(movies, (), import_id=change_id)
        for reviews in batched(plan.reviews, _BATCH_SIZE):
            store.add_all((), reviews, import_id=change_id)
            progress.add(len(reviews))
        corrections = list(plan.corrections())
        for batch in batched(corrections, _BATCH_SIZE):
            store.add_all((), (), batch, import_id=change_id)
    except BaseException:
        store.cancel_import(change_id)
        raise
    store.finish_import(change_id, f"영화 {len(plan.movies):,}편 · 리뷰 {len(plan.reviews):,}개")
    return ImportCounts(len(plan.movies), len(plan.reviews), len(corrections), change_id)


class ImportPlan:
    """A parsed file with ids for the store: the file's own if the store has never been used, else new ones."""

    def __init__(self, store: Store, parsed: ParsedFile) -> None:
        existing = match_movies(store, parsed.movies.values())
        new: dict[str, MovieRow] = {}
        for row in parsed.movies.values():
            if row.id not in existing:
                new.setdefault(row.fields.key, row)
        count = len(parsed.reviews)
        keeps_ids = parsed.ids_fit and store.reserve_ids(0, 0) == (1, 1)
        first_movie, first_review = (0, 0) if keeps_ids else store.reserve_ids(len(new), count)
        new_ids = {key: row.id if keeps_ids else first_movie + index for index, (key, row) in enumerate(new.items())}
        movie_ids = {row.id: existing.get(row.id) or new_ids[row.fields.key] for row in parsed.movies.values()}
        self.movies = [Movie(**asdict(row.fields), id=new_ids[key]) for key, row in new.items()]
        self.reviews = _Reviews(parsed.reviews, movie_ids, first_review)
        self._parsed = parsed

    def corrections(self) -> Iterator[Correction]:
        """Yield the corrections of the added reviews, with reader tokens that no browser has."""
        corrected = {row.review_id for row in self._parsed.corrections}
        ids = {file_id: new_id for file_id, new_id in self.reviews.ids() if file_id in corrected} if corrected else {}
        for row in self._parsed.corrections:
            if row.review_id in ids:
                yield Correction(ids[row.review_id], f"imported-{row.reader:08}", row.label, row.created_at)


class _Reviews:
    """Iterable of the staged rows as reviews.

    Their ids count from `first`, oldest first, because higher ids mean newer reviews. With `first` 0 they keep the
    file's ids and order.
    """

    def __init__(self, rows: StagedReviews, movie_ids: Mapping[int, int], first: int) -> None:
        self._rows, self._movie_ids, self._first = rows, movie_ids, first
        self._now = format_utc(datetime.now(UTC))
        self._positions = rows.positions(self._now, by_date=first > 0)

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[Review]:
        for index, position in enumerate(self._positions):
            row = self._rows.get(position)
            yield self._review(row, self._first + index if self._first else row.id)

    def ids(self) -> Iterator[tuple[int, int]]:
        """Yield each row's id in the file and its new id."""
        for index, row_id in enumerate(self._rows.ids(self._positions)):
            yield row_id, self._first + index if self._first else row_id

    def _review(self, row: ReviewRow, review_id: int) -> Review:
        return Review(
            id=review_id,
            movie_id=self._movie_ids[row.movie_id],
            author=row.author,
            content=row.content,
            sentiment_label=Label(row.label),
            sentiment_score=row.score,
            rating=row.rating,
            created_at=row.created_at or self._now,
            edited_at=row.edited_at,
            model=row.model,
            writer="" if row.created_at else UNDATED,
            spoiler=bool(row.spoiler),
        )
