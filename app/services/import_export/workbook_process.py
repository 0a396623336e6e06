"""Script that converts a workbook on standard input to lines of JSON, for `workbook_format`.

It runs in a subprocess, because the library allocates the full rectangle of a sheet and aborts without enough memory: a
single cell far down and right suffices.
"""

import json
import sys
from datetime import date, datetime, time

from python_calamine import CalamineWorkbook

MAX_MEMORY = 1024 * 1024 * 1024
"""Maximum bytes of address space; a workbook of the allowed size needs a fraction."""


def main() -> None:
    """Write `["sheet", name]` for every sheet, and `[number, cells]` for each of its rows that is not blank."""
    _limit_memory()
    workbook = CalamineWorkbook.from_filelike(sys.stdin.buffer)
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        _write(["sheet", name])
        for number, row in enumerate(sheet.iter_rows() if sheet.height else [], start=1):
            cells = [_text(cell) for cell in row]
            if any(map(str.strip, cells)):
                _write([number, cells])


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def _write(line: list[object]) -> None:
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n")


def _text(cell: object) -> str:
    """Return the text of a cell."""
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


if __name__ == "__main__":
    main()
