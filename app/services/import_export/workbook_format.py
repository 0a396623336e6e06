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

from app.errors import FieldError, ValidationFailed
from app.services.import_export.csv_columns import count_known
from app.services.import_export.tables import Record, Table, find_header

_PROGRAM = Path(__file__).with_name("workbook_process.py")
_TIMEOUT = 120  # seconds


@contextmanager
def open_table(file: BinaryIO) -> Iterator[Table]:
    """Open the sheet with most known headings. Raise `ValidationFailed` for an unreadable workbook."""
    with tempfile.TemporaryFile(prefix="gampyeong-") as cells:
        _convert(file, cells)
        sheets = _find_sheets(cells)
        if not sheets:
            raise _broken()
        found = [(name, find_header(_records(cells, start))) for name, start in sheets]
        name, (number, header, width, _) = max(found, key=lambda item: count_known(item[1][1]))
        start = dict(sheets)[name]
        records = ((index, row) for index, row in _records(cells, start) if index > number)
        yield Table(header, width, records, [other for other, _ in sheets if other != name])


def _convert(file: BinaryIO, cells: BinaryIO) -> None:
    with tempfile.TemporaryFile(prefix="gampyeong-") as workbook:
        file.seek(0)
        shutil.copyfileobj(file, workbook)
        workbook.seek(0)
        command = [sys.executable, "-I", str(_PROGRAM)]
        try:
            subprocess.run(  # noqa: S603 - a fixed command
                command, stdin=workbook, stdout=cells, stderr=subprocess.DEVNULL, timeout=_TIMEOUT, check=True
            )
        except subprocess.SubprocessError as error:
            raise _broken() from error


def _find_sheets(cells: BinaryIO) -> list[tuple[str, int]]:
    """Return the names of the sheets that have cells, with the offsets of their first rows."""
    cells.seek(0)
    names: list[tuple[str, int]] = []
    is_new, name = False, ""
    while line := cells.readline():
        if line.startswith(b'["sheet"'):
            is_new, name, start = True, json.loads(line)[1], cells.tell()
        elif is_new:
            names.append((name, start))
            is_new = False
    return names


def _records(cells: BinaryIO, start: int) -> Iterator[Record]:
    """Yield the rows of a sheet with their numbers in the spreadsheet."""
    position = start
    while True:
        cells.seek(position)
        line = cells.readline()
        position = cells.tell()
        if not line or line.startswith(b'["sheet"'):
            return
        number, row = json.loads(line)
        yield number, row


def _broken() -> ValidationFailed:
    message = "the workbook cannot be read: open it and save it as CSV"
    return ValidationFailed([FieldError("", "workbook_broken", message)], "file")
