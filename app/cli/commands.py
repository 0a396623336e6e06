"""The commands: each opens its files, calls one operation, and says in a line what came of it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask.cli import with_appcontext

from app.cli import messages
from app.cli.progress_bar import progress_bar
from app.errors import AppError, ValidationFailed
from app.extensions import get_service
from app.services import MaintenanceService
from app.services.import_export import FIELDS, TableOptions

_NO_DATABASE = (
    "set DATABASE_URL: without one, movies and reviews live in the memory of the running site, which no command sees"
)


def _command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Return a command that needs a database; failures we know by name are one line and exit code 1 or 2."""

    def decorate(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        def run(**arguments: Any) -> None:
            workshop = get_service(MaintenanceService)
            if not workshop.durable:
                _fail(_NO_DATABASE, 2)
            try:
                function(workshop, **arguments)
            except (AppError, OSError) as error:
                _fail(
                    "; ".join(map(messages.format_error, error.errors))
                    if isinstance(error, ValidationFailed)
                    else str(error),
                    1,
                )
            except KeyboardInterrupt:
                _fail("interrupted", 130)

        return click.command(name)(with_appcontext(run))

    return decorate


def _fail(message: str, code: int) -> None:
    click.echo(f"gampyeong: {message}", err=True)
    sys.exit(code)


@_command("export")
@click.argument("file")
@click.option("--csv", is_flag=True, help="The reviews as CSV; so does a FILE that ends in .csv.")
@click.option("--corrections", is_flag=True, help="Corrected reviews as training rows, tab-separated.")
def export_command(workshop: MaintenanceService, file: str, csv: bool, corrections: bool) -> None:
    """Write everything to FILE as JSON Lines ("-": standard output)."""
    if corrections:
        parts = workshop.export_corrections()
    elif csv or file.lower().endswith(".csv"):
        parts = workshop.export_reviews()
    else:
        parts = workshop.export_catalogue()
    with _output(file) as out:
        for part in parts:
            out.write(part)


def _read_map(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str | None]:
    """Read what `--map` names: `content=review_text`."""
    columns = {}
    for value in values:
        field, equals, heading = value.partition("=")
        if not equals or field not in FIELDS:
            raise click.BadParameter(f"{value!r} is not FIELD=HEADING, with a field of: {', '.join(FIELDS)}")
        columns[field] = heading or None
    return columns


def _written_at(file: BinaryIO) -> datetime | None:
    """When a file was written; None for standard input."""
    return datetime.fromtimestamp(os.stat(file.name).st_mtime, UTC) if isinstance(file.name, str) else None


@_command("import")
@click.argument("file")
@click.option("--skip-bad", is_flag=True, help="Take the good rows of a file that has bad ones.")
@click.option("--reread", is_flag=True, help="Read reviews anew that bring how they were read.")
@click.option(
    "columns",
    "--map",
    multiple=True,
    metavar="FIELD=HEADING",
    callback=_read_map,
    help=f"Which column holds a field ({', '.join(FIELDS)}); FIELD= for none. May be repeated.",
)
@click.option("--title", default="", help="The movie of all reviews in a table without titles.")
@click.option("--author", default="", help="The author of all reviews in a table without authors.")
def import_command(
    workshop: MaintenanceService,
    file: str,
    skip_bad: bool,
    reread: bool,
    columns: dict[str, str | int | None],
    title: str,
    author: str,
) -> None:
    """Take in FILE ("-": standard input): JSON Lines of an export, or a table. Repeating it doubles nothing."""
    options = TableOptions(columns, title, author)
    with _input(file) as source, progress_bar() as report:
        outcome = workshop.import_file(
            source,
            options=options,
            written_at=_written_at(source),
            skip_bad=skip_bad,
            reread=reread,
            report=report,
        )
    for told in (*messages.format_errors(outcome), *messages.format_losses(outcome)):
        click.echo(told, err=True)
    if outcome.added is None:
        _fail(messages.format_result(outcome), 1)
    click.echo(messages.format_result(outcome))
    if outcome.added and outcome.added.change_id:
        click.echo(f"to undo it within a day: flask --app wsgi undo {outcome.added.change_id}", err=True)


@_command("undo")
@click.argument("number", type=click.IntRange(1), required=False)
def undo_command(workshop: MaintenanceService, number: int | None) -> None:
    """Undo an import or a deletion of the last day, by its NUMBER in the log; the latest import where none is given."""
    change = workshop.undo(number or 0)
    click.echo(f"undone: {change.action.value} {change.id} ({change.summary})")


@_command("rescore")
@click.option("--all", "everything", is_flag=True, help="Read all reviews, not only those another model read.")
def rescore_command(workshop: MaintenanceService, everything: bool) -> None:
    """Read reviews again with the present model. Interrupted, it goes on where it stopped."""
    with progress_bar() as report:
        result = workshop.rescore(everything=everything, report=report)
    for told in messages.format_rescore(result):
        click.echo(told)


COMMANDS = (export_command, import_command, rescore_command, undo_command)


@contextmanager
def _output(file: str) -> Iterator[BinaryIO]:
    """Open the file to write, which appears when it is complete. `-` is standard output; pipes are written directly."""
    if file == "-":
        yield sys.stdout.buffer
        return
    path = Path(file).resolve()  # of a link, what it leads to
    if path.exists() and not path.is_file():
        with open(path, "wb") as out:
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
    """Return the file to read; standard input by way of the disk, as it is read twice."""
    if file != "-":
        with open(file, "rb") as source:
            yield source
        return
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        yield kept
