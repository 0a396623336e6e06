"""Progress of a command on a terminal, by `click.progressbar`."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click

from app.services.progress import Progress, ProgressCallback, Stage

_LABELS = {Stage.CHECK: "checking", Stage.READ: "reading", Stage.WRITE: "writing"}


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
