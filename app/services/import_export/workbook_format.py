"""Spreadsheet workbooks (.xlsx, .xls, .ods), parsed by python-calamine in a subprocess."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.errors import ValidationFailed
from app.services.import_export.tables import Record, Table, count_known, find_header

_PROGRAM = Path(__file__).with_name("workbook_process.py")
_TIMEOUT = 120  # seconds


@contextmanager
def open_table(file: BinaryIO) -> Iterator[Table]:
    """Open the sheet with most known headings. Raise `ValidationFailed` for an unreadable workbook."""
    # On Windows, a file that is still open cannot be deleted.
    with tempfile.TemporaryDirectory(prefix="gampyeong-", ignore_cleanup_errors=True) as folder:
        file.seek(0)
        with open(Path(folder, "workbook"), "wb") as copy:
            shutil.copyfileobj(file, copy)
        try:
            subprocess.run(  # noqa: S603 - a fixed command
                [sys.executable, "-I", str(_PROGRAM)],
                cwd=folder,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise _broken() from error
        sheets = [path for path in sorted(Path(folder).glob("*.sheet")) if any(_records(path))]
        if not sheets:
            raise _broken()
        sheet = max(sheets, key=lambda path: count_known(find_header(_records(path))[1]))
        number, header = find_header(_records(sheet))
        records = (record for record in _records(sheet) if record[0] > number)
        yield Table(header, records, [_name(other) for other in sheets if other != sheet])


def _name(sheet: Path) -> str:
    with open(sheet, encoding="utf-8") as lines:
        name: str = json.loads(next(lines))
        return name


def _records(sheet: Path) -> Iterator[Record]:
    """Yield the rows of a sheet with their numbers in the spreadsheet."""
    with open(sheet, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            number, cells = json.loads(line)
            yield number, cells


def _broken() -> ValidationFailed:
    return ValidationFailed.in_file("workbook_broken", "the workbook cannot be read: open it and save it as CSV")
