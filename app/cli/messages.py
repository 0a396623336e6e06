"""What commands say when they are done."""

from collections.abc import Iterator

from app.errors import FieldError
from app.services.import_export import ImportResult
from app.services.rescoring import RescoreResult

_EXCERPT = 60


def format_result(outcome: ImportResult) -> str:
    """One line about an import."""
    added = outcome.added
    if added is None:
        return f"nothing imported: {outcome.bad_count:,} bad of {outcome.rows:,} rows (--skip-bad takes the others)"
    parts = [f"{added.movies:,} movies and {added.reviews:,} reviews added"]
    parts += [f"{added.corrections:,} corrections"] if added.corrections else []
    parts += [f"{outcome.known:,} reviews were there already"] if outcome.known else []
    parts += [f"{outcome.repeated:,} repeats in the file left out"] if outcome.repeated else []
    parts += [f"{outcome.bad_count:,} bad rows left out"] if outcome.bad_count else []
    return f"{', '.join(parts)}; {outcome.rows:,} rows read"


def format_errors(outcome: ImportResult) -> Iterator[str]:
    """Return a line for each bad row, as far as they were kept."""
    for row in outcome.bad:
        yield f"row {row.number}: {'; '.join(map(format_error, row.errors))}"
    if outcome.bad_count > len(outcome.bad):
        yield f"... and {outcome.bad_count - len(outcome.bad):,} more bad rows"


def format_losses(outcome: ImportResult) -> Iterator[str]:
    """Return a line for each kind of cell that was dropped, with the first row that had one, and for each note."""
    for kind, count in outcome.dropped_counts.items():
        first = next(cell for cell in outcome.dropped if (cell.error.field, cell.error.type) == kind)
        yield f"{count:,} cells not taken, first in row {first.number}: {format_error(first.error)}"
    yield from map(format_error, outcome.notes)


def format_error(error: FieldError) -> str:
    return f"{error.field}: {error.message}" if error.field else error.message


def format_rescore(result: RescoreResult) -> Iterator[str]:
    """Return what moved, in a few lines."""
    if not result.count:
        yield "nothing to read: the present model read every review"
        return
    flipped = result.to_positive + result.to_negative
    yield f"{result.count:,} reviews read again"
    yield f"labels changed: {flipped:,} ({result.to_positive:,} to positive, {result.to_negative:,} to negative)"
    before, now = result.mean_before or 0.0, result.mean_now or 0.0
    yield f"mean rating: {before:.2f} -> {now:.2f} ({now - before:+.2f})"
    for move in result.biggest:
        text = " ".join(move.review.content.split())
        text = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
        yield f"  {move.review.rating:4.1f} -> {move.now.rating:4.1f}  review {move.review.id}: {text}"
