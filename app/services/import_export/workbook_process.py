"""A program that writes the cells of the workbook on its standard input as lines of JSON, for `workbook_format`.

It runs in a process of its own: the library holds a sheet as a full rectangle and aborts where there is no memory for
it, which a single cell far down and right brings about.
"""

import json
import sys
from datetime import date, datetime, time

from python_calamine import CalamineWorkbook

MEMORY_MAX = 1024 * 1024 * 1024
"""Bytes of address space; a workbook of the allowed size takes a fraction."""


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

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


def _write(line: list[object]) -> None:
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n")


def _text(cell: object) -> str:
    """Return a cell as it would be typed."""
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


if __name__ == "__main__":
    main()
