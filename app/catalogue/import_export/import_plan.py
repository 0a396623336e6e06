"""A finished draft into the store, in one go; reviews are made from their rows on disk as the store asks for them."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import overload

from app.catalogue.import_export.dates import format_utc
from app.catalogue.import_export.disk_list import DiskList
from app.catalogue.import_export.movie_matching import match_movies
from app.catalogue.import_export.parsed_file import ParsedFile
from app.catalogue.import_export.records import MovieRow
from app.catalogue.progress import ProgressCallback, ProgressReporter, Stage
from app.errors import AlreadyThere, NotFound
from app.models import Correction, Label, Movie, Review
from app.protocols import Store

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How much was added."""

    movies: int = 0
    reviews: int = 0
    corrections: int = 0


def write(store: Store, draft: ParsedFile, rows: DiskList, report: ProgressCallback) -> ImportCounts:
    """Adds movies, the reviews in `rows`, and corrections of these. Raises `AlreadyThere` or `NotFound` when somebody
    keeps adding or deleting the same movies meanwhile."""
    ProgressReporter(report, Stage.WRITE, len(rows))
    for attempt in range(_ATTEMPTS):
        plan = ImportPlan(store, draft, rows)
        if not plan.movies and not rows:
            break
        try:
            # Memory keeps every review anyway, and should not read the disk while it holds its lock.
            store.add_all(plan.movies, plan.reviews if store.durable else list(plan.reviews), plan.corrections)
            break
        except (AlreadyThere, NotFound):
            if attempt == _ATTEMPTS - 1:
                raise
    return ImportCounts(len(plan.movies), len(rows), len(plan.corrections))


class ImportPlan:
    """The draft with the store's ids: the file's own where the store has never held anything, fresh ones otherwise."""

    def __init__(self, store: Store, draft: ParsedFile, rows: DiskList) -> None:
        there = match_movies(store, draft.movies.values())
        new: dict[str, MovieRow] = {}
        for row in draft.movies.values():
            if row.id not in there:
                new.setdefault(row.fields.key, row)
        keep = draft.ids_fit and store.reserve(0, 0) == (1, 1)
        first_movie, first_review = (0, 0) if keep else store.reserve(len(new), len(rows))
        made = {key: row.id if keep else first_movie + place for place, (key, row) in enumerate(new.items())}
        movie_ids = {row.id: there.get(row.id) or made[row.fields.key] for row in draft.movies.values()}
        self.movies = [Movie(**asdict(row.fields), id=made[key]) for key, row in new.items()]
        self.reviews = _Reviews(rows, movie_ids, range(len(rows)) if keep else _by_moment(rows), first_review)
        self.corrections = list(_corrections(draft, self.reviews))


class _Reviews(Sequence[Review]):
    """The rows as reviews, in `order`; with ids from `first` on, or their own where that is 0."""

    def __init__(self, rows: DiskList, movie_ids: Mapping[int, int], order: Sequence[int], first: int) -> None:
        self._rows, self._movie_ids, self._order, self._first = rows, movie_ids, order, first
        self._now = format_utc(datetime.now(UTC))

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> Review: ...

    @overload
    def __getitem__(self, place: slice) -> list[Review]: ...

    def __getitem__(self, place: int | slice) -> Review | list[Review]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        row = self._rows[self._order[place]]
        return Review(
            id=self._first + place if self._first else row.id,
            movie_id=self._movie_ids[row.movie_id],
            author=row.author,
            content=row.content,
            sentiment_label=Label(row.label),
            sentiment_score=row.score,
            rating=row.rating,
            created_at=row.created_at or self._now,
            edited_at=row.edited_at,
            model=row.model,
        )

    def ids(self) -> Iterator[tuple[int, int]]:
        """Each row's id in the file, and the id it gets."""
        for place, index in enumerate(self._order):
            row_id = self._rows[index].id
            yield row_id, self._first + place if self._first else row_id


def _by_moment(rows: DiskList) -> Sequence[int]:
    """The rows' places, oldest first: later ids are taken for newer reviews, and tables may begin with the newest."""
    now = datetime.now(UTC).isoformat()
    moments = array("d", (datetime.fromisoformat(row.created_at or now).timestamp() for row in rows))
    return sorted(range(len(rows)), key=moments.__getitem__)


def _corrections(draft: ParsedFile, reviews: _Reviews) -> Iterator[Correction]:
    """Those of reviews that are added now. Readers get marks that no browser has."""
    if not draft.corrections:
        return
    wanted = {row.review_id for row in draft.corrections}
    ids = {file_id: new_id for file_id, new_id in reviews.ids() if file_id in wanted}
    for row in draft.corrections:
        if row.review_id in ids:
            yield Correction(ids[row.review_id], f"imported-{row.reader:08}", row.label, row.created_at)
