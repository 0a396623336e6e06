"""Write a parsed file to the store, or nothing of it; reviews are made from their staged rows a piece at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import overload

from app.errors import AlreadyExists, NotFound
from app.models import Correction, Label, Movie, Review
from app.services.batch_analysis import batched
from app.services.import_export.dates import format_utc
from app.services.import_export.movie_matching import match_movies
from app.services.import_export.parsed_file import ParsedFile
from app.services.import_export.records import MovieRow, ReviewRow
from app.services.import_export.staged_reviews import StagedReviews
from app.services.progress import ProgressCallback, ProgressReporter, Stage
from app.store import Store

UNDATED = "undated"
"""The `Review.writer` of a review whose moment is only the clock of its import: its file had none. No browser's mark is
so short, so it makes nobody its owner."""
_ATTEMPTS = 3
_PIECE = 500  # rows of a transaction
_UNFINISHED = "가져오는 중"


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How much was added, and the entry of the audit log by which it can be undone; 0 where nothing was."""

    movies: int = 0
    reviews: int = 0
    corrections: int = 0
    change_id: int = 0


def write(store: Store, parsed: ParsedFile, who: str, report: ProgressCallback) -> ImportCounts:
    """Add movies, the staged reviews, and their corrections, as one entry of the audit log.

    They are added in many transactions, so that others write in between; all are deleted again where one fails, or
    `report` raises. Raise `AlreadyExists` or `NotFound` when others keep adding or deleting the same movies meanwhile.
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
        for movies in batched(plan.movies, _PIECE):
            store.add_all(movies, (), import_id=change_id)
        for start in range(0, len(plan.reviews), _PIECE):
            reviews = plan.reviews[start : start + _PIECE]
            store.add_all((), reviews, import_id=change_id)
            progress.add(len(reviews))
        corrections = list(plan.corrections())
        for piece in batched(corrections, _PIECE):
            store.add_all((), (), piece, import_id=change_id)
    except BaseException:
        store.cancel_import(change_id)
        raise
    store.finish_import(change_id, f"영화 {len(plan.movies):,}편 · 리뷰 {len(plan.reviews):,}개")
    return ImportCounts(len(plan.movies), len(plan.reviews), len(corrections), change_id)


class ImportPlan:
    """A parsed file with the store's ids: the file's own in a store that was always empty, otherwise new ones."""

    def __init__(self, store: Store, parsed: ParsedFile) -> None:
        existing = match_movies(store, parsed.movies.values())
        new: dict[str, MovieRow] = {}
        for row in parsed.movies.values():
            if row.id not in existing:
                new.setdefault(row.fields.key, row)
        count = len(parsed.reviews)
        keep = parsed.ids_fit and store.reserve_ids(0, 0) == (1, 1)
        first_movie, first_review = (0, 0) if keep else store.reserve_ids(len(new), count)
        made = {key: row.id if keep else first_movie + place for place, (key, row) in enumerate(new.items())}
        movie_ids = {row.id: existing.get(row.id) or made[row.fields.key] for row in parsed.movies.values()}
        self.movies = [Movie(**asdict(row.fields), id=made[key]) for key, row in new.items()]
        self.reviews = _Reviews(parsed.reviews, movie_ids, first_review)
        self._parsed = parsed

    def corrections(self) -> Iterator[Correction]:
        """Yield those of reviews that are added now. Readers get marks that no browser has."""
        wanted = {row.review_id for row in self._parsed.corrections}
        ids = {file_id: new_id for file_id, new_id in self.reviews.ids() if file_id in wanted} if wanted else {}
        for row in self._parsed.corrections:
            if row.review_id in ids:
                yield Correction(ids[row.review_id], f"imported-{row.reader:08}", row.label, row.created_at)


class _Reviews(Sequence[Review]):
    """Yield the staged rows as reviews.

    Their ids count from `first` on, oldest first, since later ids mean newer reviews; with `first` 0 they keep their
    own ids, in the file's order.
    """

    def __init__(self, rows: StagedReviews, movie_ids: Mapping[int, int], first: int) -> None:
        self._rows, self._movie_ids, self._first = rows, movie_ids, first
        self._now = format_utc(datetime.now(UTC))
        self._places = rows.places(self._now, by_moment=first > 0)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Review: ...

    @overload
    def __getitem__(self, place: slice) -> list[Review]: ...

    def __getitem__(self, place: int | slice) -> Review | list[Review]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        (row,) = self._rows.get([self._places[place]])
        return self._review(row, self._first + place if self._first else row.id)

    def ids(self) -> Iterator[tuple[int, int]]:
        """Yield each row's id in the file, and the id it gets."""
        for place, row_id in enumerate(self._rows.ids(self._places)):
            yield row_id, self._first + place if self._first else row_id

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
