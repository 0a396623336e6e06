"""Import a file: parse and check it as a whole, analyze its reviews, then write all of it, or nothing.

Every row is accounted for: rows = added + known + repeated + bad. Importing again doubles nothing: a review is known if
its movie has one of the same author and text, and moment where both have one (see `duplicates`).
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
from app.services.progress import ProgressCallback, ProgressReporter, Stage, ignore
from app.store import Store

_SORTED = 1_024
_WRITES_FASTER = 10
"""How many times as fast reviews are written as they are analyzed, for the time that is left."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import.

    Of the file's `rows`: those `added`, `known` (in the store already), `repeated` (in the file before) and bad, of
    which the first thousand are listed; `added` is None if bad rows kept the file out.

    `dropped` cells cost no review: the first thousand, and how many by (field, reason). `notes` name what else of the
    file was not imported.
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
    """Import JSON Lines or a table, packed or not. All or nothing, but with `skip_bad` all good rows.

    It is one entry of the audit log, `who`'s, and can be undone as a whole.

    Reviews that bring their sentiment keep it, unless `reread`; the others are analyzed here. `written_at` is when the
    file was, if known. Raise `ValidationFailed` for an unreadable file, `ModelBusy` if the queue stays full,
    and what `report` raises; then nothing was written.
    """
    with ParsedFile() as parsed:
        parsed.fill(file, options or TableOptions(), report, written_at)
        if parsed.is_blocked and not skip_bad:
            return _result(parsed, None)
        existing = match_movies(store, parsed.movies.values())
        parsed.reviews.merge_movies(_find_merged(parsed, existing))
        repeated = parsed.reviews.remove_repeats()
        known = parsed.reviews.remove_known(_stored(store, existing)) if existing else 0
        if reread:
            parsed.reviews.forget_sentiments()
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
    """Yield the file's ids of one movie, each with the first of them."""
    first: dict[int | str, int] = {}
    for row in parsed.movies.values():
        yield row.id, first.setdefault(existing.get(row.id, row.fields.key), row.id)


def _stored(store: Store, existing: Mapping[int, int]) -> Iterator[tuple[int, int, str, bool]]:
    """Yield the stored reviews of the movies in the file, as `StagedReviews.remove_known` wants them."""
    file_ids = {stored_id: file_id for file_id, stored_id in reversed(list(existing.items()))}
    for page in iter_pages(store):
        for review in page:
            if review.movie_id in file_ids:
                key = text_hash(review.author, review.content)
                yield file_ids[review.movie_id], key, review.created_at, review.writer == UNDATED


def _analyze(reviews: StagedReviews, analyzer: Analyzer, report: ProgressCallback) -> None:
    """Store the sentiments of the rows that have none.

    Of every `_SORTED` rows those of similar length are analyzed together, as a batch costs what its longest text does;
    not of all rows, so that the rate is the same throughout and tells when it will be done.
    """
    count, _ = reviews.lengths()
    progress = ProgressReporter(report, Stage.READ, count, later=len(reviews) // _WRITES_FASTER)
    model = analyzer.card.id
    after = 0
    while window := reviews.to_analyze(after, _SORTED):
        after = window[-1][0]
        window.sort(key=lambda row: len(row[1]))
        for rows in batched(window):
            sentiments = analyze_with_retry(analyzer, [content for _, content in rows], lambda: progress.add(0))
            reviews.put_sentiments(
                (sentiment.label, sentiment.score, sentiment.rating, model, place)
                for (place, _), sentiment in zip(rows, sentiments, strict=True)
            )
            progress.add(len(rows))
