"""The commands `flask --app wsgi export`, `import`, `undo` and `rescore`."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn

import click
from flask import Blueprint

from app.errors import AppError
from app.extensions import get_service
from app.services import MaintenanceService, import_export
from app.services.import_export import FIELDS, ImportResult, TableOptions
from app.services.jobs import Progress, ProgressCallback, Stage
from app.services.maintenance import RescoreResult

_NO_DATABASE = (
    "set DATABASE_URL: without one, movies and reviews live in the memory of the running site, which no command sees"
)
_LABELS = {Stage.CHECK: "checking", Stage.READ: "reading", Stage.WRITE: "writing"}
_EXCERPT = 60  # characters of a review's text
blueprint = Blueprint("cli", __name__, cli_group=None)


class _Command(click.Command):
    """A command that needs a database; expected errors end in one line and exit code 1 or 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (AppError, OSError) as error:
            _fail(str(error), 1)
        except KeyboardInterrupt:
            _fail("interrupted", 130)


def _maintenance() -> MaintenanceService:
    """Return the service of a site with a database, else end the command."""
    maintenance = get_service(MaintenanceService)
    if not maintenance.store.durable:
        _fail(_NO_DATABASE, 2)
    return maintenance


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"gampyeong: {message}", err=True)
    sys.exit(code)


@blueprint.cli.command("export", cls=_Command)
@click.argument("file")
@click.option("--csv", is_flag=True, help="The reviews as CSV; so does a FILE that ends in .csv.")
@click.option("--corrections", is_flag=True, help="Corrected reviews as training rows, tab-separated.")
def export_command(file: str, csv: bool, corrections: bool) -> None:
    """Write everything to FILE as JSON Lines ("-": standard output)."""
    store = _maintenance().store
    if corrections:
        parts = import_export.export_corrections(store)
    elif csv or file.lower().endswith(".csv"):
        parts = import_export.export_reviews(store)
    else:
        parts = import_export.export_catalogue(store)
    with _output(file) as out:
        for part in parts:
            out.write(part)


def _read_map(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str | None]:
    """Return the mapping of repeated `--map` options, such as `content=review_text`."""
    columns = {}
    for value in values:
        field, equals, heading = value.partition("=")
        if not equals or field not in FIELDS:
            raise click.BadParameter(f"{value!r} is not FIELD=HEADING, with a field of: {', '.join(FIELDS)}")
        columns[field] = heading or None
    return columns


@blueprint.cli.command("import", cls=_Command)
@click.argument("file")
@click.option("--skip-bad", is_flag=True, help="Import the good rows of a file that has bad ones.")
@click.option("--reread", is_flag=True, help="Analyze reviews again that have a rating in the file.")
@click.option(
    "columns",
    "--map",
    multiple=True,
    metavar="FIELD=HEADING",
    callback=_read_map,
    help=f"The column of a field ({', '.join(FIELDS)}); FIELD= for none. May be repeated.",
)
@click.option("--title", default="", help="The movie of all reviews in a table without titles.")
@click.option("--author", default="", help="The author of all reviews in a table without authors.")
def import_command(
    file: str,
    skip_bad: bool,
    reread: bool,
    columns: dict[str, str | int | None],
    title: str,
    author: str,
) -> None:
    """Import FILE ("-": standard input): JSON Lines of an export, or a table. Known reviews are not added again."""
    maintenance = _maintenance()
    with _input(file) as source, progress_bar() as report:
        outcome = import_export.import_file(
            maintenance.store,
            maintenance.analyzer,
            source,
            options=TableOptions(columns, title, author),
            written_at=None if file == "-" else datetime.fromtimestamp(os.path.getmtime(file), UTC),
            skip_bad=skip_bad,
            reread=reread,
            report=report,
        )
    for line in _format_problems(outcome):
        click.echo(line, err=True)
    if outcome.added is None:
        _fail(_format_result(outcome), 1)
    click.echo(_format_result(outcome))
    if outcome.added and outcome.added.change_id:
        click.echo(f"to undo it within a day: flask --app wsgi undo {outcome.added.change_id}", err=True)


@blueprint.cli.command("undo", cls=_Command)
@click.argument("number", type=click.IntRange(1), required=False)
def undo_command(number: int | None) -> None:
    """Undo an import or a deletion of the last day by its NUMBER in the log, by default the latest import."""
    maintenance = _maintenance()
    change = maintenance.store.undo(number) if number else maintenance.undo_latest_import()
    click.echo(f"undone: {change.action.value} {change.id} ({change.summary})")


@blueprint.cli.command("rescore", cls=_Command)
@click.option("--all", "everything", is_flag=True, help="Analyze all reviews, not only those of another model.")
def rescore_command(everything: bool) -> None:
    """Analyze reviews again with the present model. An interrupted run continues where it stopped."""
    maintenance = _maintenance()
    with progress_bar() as report:
        result = maintenance.rescore(everything=everything, report=report)
    for line in _format_rescore(result):
        click.echo(line)


@contextmanager
def _output(file: str) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces `file` when complete. `-` is standard output; pipes are written directly."""
    path = Path(file).resolve()  # follows a symbolic link
    if file == "-" or (path.exists() and not path.is_file()):
        with click.open_file(file, "wb") as out:
            yield out
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "wb") as out:
            yield out
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _input(file: str) -> Iterator[BinaryIO]:
    """Open the file to read. Standard input is copied to disk, as the importer reads twice."""
    if file != "-":
        with open(file, "rb") as source:
            yield source
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        yield copy


@contextmanager
def progress_bar() -> Iterator[ProgressCallback]:
    """Return a callback that draws one bar for each stage on standard error, if that is a terminal."""
    stage: Stage | None = None
    bar: Any = None  # click does not export the type
    with ExitStack() as stack:

        def report(progress: Progress) -> None:
            nonlocal stage, bar
            if progress.stage is not stage:
                stack.close()  # ends the line of the stage before
                stage = progress.stage
                bar = stack.enter_context(
                    click.progressbar(
                        length=progress.total,
                        label=_LABELS[stage],
                        show_pos=stage is not Stage.CHECK,  # which counts bytes
                        file=sys.stderr,
                        hidden=not sys.stderr.isatty(),
                    )
                )
            bar.update(progress.done - bar.pos)

        yield report


def _format_result(outcome: ImportResult) -> str:
    """Return a line with the counts of an import."""
    added = outcome.added
    if added is None:
        return f"nothing imported: {outcome.bad_count:,} bad of {outcome.rows:,} rows (--skip-bad takes the others)"
    parts = [f"{added.movies:,} movies and {added.reviews:,} reviews added"]
    parts += [f"{added.corrections:,} corrections"] if added.corrections else []
    parts += [f"{outcome.known:,} reviews were there already"] if outcome.known else []
    parts += [f"{outcome.repeated:,} repeats in the file left out"] if outcome.repeated else []
    parts += [f"{outcome.bad_count:,} bad rows left out"] if outcome.bad_count else []
    return f"{', '.join(parts)}; {outcome.rows:,} rows read"


def _format_problems(outcome: ImportResult) -> Iterator[str]:
    """Yield a line for each bad row that was kept, for each kind of dropped cell, and for each note."""
    for row in outcome.bad:
        yield f"row {row.number}: {'; '.join(map(str, row.errors))}"
    if outcome.bad_count > len(outcome.bad):
        yield f"... and {outcome.bad_count - len(outcome.bad):,} more bad rows"
    for first, count in zip(outcome.dropped, outcome.dropped_counts.values(), strict=True):
        yield f"{count:,} cells not taken, first in row {first.number}: {first.error}"
    yield from map(str, outcome.notes)


def _format_rescore(result: RescoreResult) -> Iterator[str]:
    """Yield the counts of changed labels, the mean rating before and after, and the largest changes."""
    if not result.count:
        yield "nothing to read: the present model read every review"
        return
    flipped = result.to_positive + result.to_negative
    yield f"{result.count:,} reviews read again"
    yield f"labels changed: {flipped:,} ({result.to_positive:,} to positive, {result.to_negative:,} to negative)"
    before, now = result.mean_before, result.mean_now
    yield f"mean rating: {before:.2f} -> {now:.2f} ({now - before:+.2f})"
    for move in result.biggest:
        text = " ".join(move.review.content.split())
        text = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
        yield f"  {move.review.rating:4.1f} -> {move.now.rating:4.1f}  review {move.review.id}: {text}"
