"""Write a parsed file to the store, all at once; reviews are made from their staged rows as the store asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import overload

from app.catalogue.import_export.dates import format_utc
from app.catalogue.import_export.movie_matching import match_movies
from app.catalogue.import_export.parsed_file import ParsedFile
from app.catalogue.import_export.records import MovieRow, ReviewRow
from app.catalogue.import_export.staged_reviews import StagedReviews
from app.catalogue.progress import ProgressCallback, ProgressReporter, Stage, yield_to_others
from app.errors import AlreadyThere, NotFound
from app.models import Correction, Label, Movie, Review
from app.store import Store

UNDATED = "undated"
"""The `Review.writer` of a review whose moment is only the clock of its import: its file had none. No browser's mark is
so short, so it makes nobody its owner."""
_ATTEMPTS = 3
_YIELD_EVERY = 250  # reviews


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How much was added."""

    movies: int = 0
    reviews: int = 0
    corrections: int = 0


def write(store: Store, parsed: ParsedFile, report: ProgressCallback) -> ImportCounts:
    """Add movies, the staged reviews, and their corrections.

    Raises `AlreadyThere` or `NotFound` when others keep adding or deleting the same movies meanwhile.
    """
    count = len(parsed.reviews)
    ProgressReporter(report, Stage.WRITE, count)
    for attempt in range(_ATTEMPTS):
        plan = ImportPlan(store, parsed)
        if not plan.movies and not count:
            break
        try:
            # Memory keeps every review anyway, and should not read the disk while it holds its lock.
            store.add_all(plan.movies, plan.reviews if store.durable else list(plan.reviews), plan.corrections)
            break
        except (AlreadyThere, NotFound):
            if attempt == _ATTEMPTS - 1:
                raise
    return ImportCounts(len(plan.movies), count, len(plan.corrections))


class ImportPlan:
    """A parsed file with the store's ids: the file's own in a store that was always empty, otherwise new ones."""

    def __init__(self, store: Store, parsed: ParsedFile) -> None:
        existing = match_movies(store, parsed.movies.values())
        new: dict[str, MovieRow] = {}
        for row in parsed.movies.values():
            if row.id not in existing:
                new.setdefault(row.fields.key, row)
        count = len(parsed.reviews)
        keep = parsed.ids_fit and store.reserve(0, 0) == (1, 1)
        first_movie, first_review = (0, 0) if keep else store.reserve(len(new), count)
        made = {key: row.id if keep else first_movie + place for place, (key, row) in enumerate(new.items())}
        movie_ids = {row.id: existing.get(row.id) or made[row.fields.key] for row in parsed.movies.values()}
        self.movies = [Movie(**asdict(row.fields), id=made[key]) for key, row in new.items()]
        self.reviews = _Reviews(parsed.reviews, movie_ids, first_review)
        self.corrections = list(_corrections(parsed, self.reviews))


class _Reviews(Sequence[Review]):
    """The staged rows as reviews: with ids from `first` on, oldest first, as later ids are taken for newer reviews and
    tables may begin with the newest; with their own ids in the file's order where `first` is 0."""

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
        if place % _YIELD_EVERY == 0:
            yield_to_others()
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
        )


def _corrections(parsed: ParsedFile, reviews: _Reviews) -> Iterator[Correction]:
    """Yield those of reviews that are added now. Readers get marks that no browser has."""
    if not parsed.corrections:
        return
    wanted = {row.review_id for row in parsed.corrections}
    ids = {file_id: new_id for file_id, new_id in reviews.ids() if file_id in wanted}
    for row in parsed.corrections:
        if row.review_id in ids:
            yield Correction(ids[row.review_id], f"imported-{row.reader:08}", row.label, row.created_at)
