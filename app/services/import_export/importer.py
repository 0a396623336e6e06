"""Import of files: parse and validate the whole file, analyze its reviews, then write all of it or nothing.

Every row is counted: rows = added + known + repeated + bad. Importing a file again adds no duplicates: a review is
known if its movie has one with the same author, text and (if both have one) timestamp; see `duplicates`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from app.errors import FieldError
from app.protocols import Analyzer
from app.services.batch_analysis import analyze_with_retry, batched, iter_pages
from app.services.import_export.csv_columns import TableOptions
from app.services.import_export.import_plan import UNDATED, ImportCounts, write
from app.services.import_export.movie_matching import match_movies
from app.services.import_export.parsed_file import ParsedFile
from app.services.import_export.records import BadRow, DroppedCell
from app.services.import_export.staged_reviews import StagedReviews, text_hash
from app.services.jobs import ProgressCallback, ProgressReporter, Stage, ignore
from app.store import Store

_SORT_WINDOW = 1_024
_WRITE_SPEEDUP = 10
"""Speed of writing reviews relative to analyzing them, to estimate the time left."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import.

    `rows` is the number of the file's rows: `added`, `known` (in the store already), `repeated` (in the file) and bad
    ones, of which the first thousand are listed. `added` is None if bad rows prevented the import.

    `dropped` lists the first thousand dropped cells; `dropped_counts` counts all by (field, error type). `notes` list
    other parts of the file that were not imported.
    """

    added: ImportCounts | None
    rows: int = 0
    known: int = 0
    repeated: int = 0
    bad_count: int = 0
    bad: Sequence[BadRow] = ()
    dropped: Sequence[DroppedCell] = ()
    dropped_counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    notes: Sequence[FieldError] = ()


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
    report: ProgressCallback = ignore,
) -> ImportResult:
    """Import JSON Lines or a table, packed or not: the whole file or nothing, or with `skip_bad` all good rows.

    The import is logged as one entry of the audit log, with the actor `who`, and can be undone as a whole.

    Reviews with a sentiment in the file keep it, unless `reread`; the others are analyzed. `written_at` is the time of
    the file, if known. Raise `ValidationFailed` for an unreadable file, `ModelBusy` if the queue stays full, and the
    errors of `report`; then nothing is imported.
    """
    with ParsedFile() as parsed:
        parsed.parse(file, options or TableOptions(), report, written_at)
        if parsed.is_blocked and not skip_bad:
            return _result(parsed, None)
        existing = match_movies(store, parsed.movies.values())
        parsed.reviews.merge_movies(_find_merged(parsed, existing))
        repeated = parsed.reviews.remove_repeats()
        known = parsed.reviews.remove_known(_stored_reviews(store, existing)) if existing else 0
        if reread:
            parsed.reviews.clear_sentiments()
        _analyze(parsed.reviews, analyzer, report)
        added = write(store, parsed, who, report)
        return _result(parsed, added, known, repeated)


def _result(parsed: ParsedFile, added: ImportCounts | None, known: int = 0, repeated: int = 0) -> ImportResult:
    return ImportResult(
        added,
        parsed.row_count,
        known,
        repeated,
        parsed.bad_count,
        parsed.bad,
        parsed.dropped,
        parsed.dropped_counts,
        parsed.notes,
    )


def _find_merged(parsed: ParsedFile, existing: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the file's movie ids, each with the first id of the same movie."""
    first: dict[int | str, int] = {}
    for row in parsed.movies.values():
        yield row.id, first.setdefault(existing.get(row.id, row.fields.key), row.id)


def _stored_reviews(store: Store, existing: Mapping[int, int]) -> Iterator[tuple[int, int, str, bool]]:
    """Yield the stored reviews of the file's movies, in the form of `StagedReviews.remove_known`."""
    file_ids = {stored_id: file_id for file_id, stored_id in reversed(list(existing.items()))}
    for page in iter_pages(store):
        for review in page:
            if review.movie_id in file_ids:
                key = text_hash(review.author, review.content)
                yield file_ids[review.movie_id], key, review.created_at, review.writer == UNDATED


def _analyze(reviews: StagedReviews, analyzer: Analyzer, report: ProgressCallback) -> None:
    """Analyze the rows without a sentiment.

    Rows are sorted by length, as the cost of a batch depends on its longest text; but only within windows of
    `_SORT_WINDOW`, so that the rate stays constant and predicts the time left.
    """
    count = reviews.count_unanalyzed()
    progress = ProgressReporter(report, Stage.READ, count, later=len(reviews) // _WRITE_SPEEDUP)
    model = analyzer.card.id
    after = 0
    while window := reviews.unanalyzed(after, _SORT_WINDOW):
        after = window[-1][0]
        window.sort(key=lambda row: len(row[1]))
        for rows in batched(window):
            sentiments = analyze_with_retry(analyzer, [content for _, content in rows], lambda: progress.add(0))
            reviews.set_sentiments(
                (sentiment.label, sentiment.score, sentiment.rating, model, position)
                for (position, _), sentiment in zip(rows, sentiments, strict=True)
            )
            progress.add(len(rows))
