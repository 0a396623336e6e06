"""A file in: checked as a whole, then read by the model, then written in one go, or not at all.

Repeating it doubles nothing. A review is there already if its movie has one of the same author and content (and
moment, where the file says one); what the file holds twice may be there twice, as people do write the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from app.catalogue.import_export.disk_list import DiskList
from app.catalogue.import_export.import_plan import ImportCounts, write
from app.catalogue.import_export.movie_matching import match_movies
from app.catalogue.import_export.parsed_file import ParsedFile
from app.catalogue.import_export.records import BadRow, ReviewRow
from app.catalogue.progress import ProgressCallback, ProgressReporter, Stage, ignore
from app.catalogue.reading import chunks, pages, read_patiently
from app.protocols import Analyzer, Store


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file: what was `added`, how many of its reviews were there already (`known`), how many rows are
    bad, and the first thousand of those. `added` is None where nothing was, because of them."""

    added: ImportCounts | None
    known: int = 0
    bad_count: int = 0
    bad: Sequence[BadRow] = ()


def import_file(
    store: Store,
    analyzer: Analyzer,
    file: BinaryIO,
    *,
    skip_bad: bool = False,
    reread: bool = False,
    report: ProgressCallback = ignore,
) -> ImportResult:
    """Takes in JSON Lines or CSV. All or nothing, but with `skip_bad` all good rows.

    Reviews that bring how they were read keep it, unless `reread`; the others are read here. Raises `Invalid` for a
    file that is neither format, `Busy` when the model has no time for minutes, and whatever `report` raises; then
    nothing was written.
    """
    with ParsedFile() as draft, DiskList() as finished:
        draft.fill(file, report)
        if draft.bad and not skip_bad:
            return ImportResult(None, 0, draft.bad_count, draft.bad)
        known = _read_reviews(draft, finished, _count_known(store, draft), analyzer, reread, report)
        added = write(store, draft, finished, report)
        return ImportResult(added, known, draft.bad_count, draft.bad)


@dataclass(slots=True)
class ExistingReviews:
    """How often the store holds the reviews of a file, by their keys: each time one is `taken`, one less."""

    movies: Mapping[int, int]
    counts: Counter[int]

    def key(self, row: ReviewRow) -> int:
        return hash((self.movies[row.movie_id], row.author, row.content, row.created_at))

    def take(self, row: ReviewRow) -> bool:
        """Whether the store has this row already."""
        if not self.counts or row.movie_id not in self.movies or self.counts[key := self.key(row)] == 0:
            return False
        self.counts[key] -= 1
        return True


def _count_known(store: Store, draft: ParsedFile) -> ExistingReviews:
    """Looks for the rows of movies that the store has; a row without a moment is any of its author and content."""
    known = ExistingReviews(match_movies(store, draft.movies.values()), Counter())
    keys = {known.key(row) for row in draft.reviews if row.movie_id in known.movies} if known.movies else set()
    for page in pages(store) if keys else ():
        for review in page:
            said = (review.movie_id, review.author, review.content)
            known.counts.update(keys & {hash((*said, "")), hash((*said, review.created_at))})
    return known


def _read_reviews(
    draft: ParsedFile,
    finished: DiskList,
    known: ExistingReviews,
    analyzer: Analyzer,
    reread: bool,
    report: ProgressCallback,
) -> int:
    """Puts the rows that are new into `finished`, each with its reading; how many are known."""
    meter = ProgressReporter(report, Stage.READ, len(draft.reviews))
    for chunk in chunks(draft.reviews):
        fresh = [row for row in chunk if not known.take(row)]
        unread = [row.content for row in fresh if reread or not row.label]
        readings = iter(read_patiently(analyzer, unread, lambda: meter.add(0)) if unread else ())
        for row in fresh:
            finished.append(row.read_as(next(readings), analyzer.card.id) if reread or not row.label else row)
        meter.add(len(chunk))
    return len(draft.reviews) - len(finished)
