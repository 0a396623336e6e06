"""Script that converts the file `workbook` in the current folder to files of JSON lines, for `open_workbook`.

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
    """Write a file for every sheet: its name, then `[number, cells]` for each row that is not blank."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    workbook = CalamineWorkbook.from_path("workbook")
    for index, name in enumerate(workbook.sheet_names):
        sheet = workbook.get_sheet_by_name(name)
        with open(f"{index:05}.sheet", "w", encoding="utf-8") as file:
            file.write(json.dumps(name) + "\n")
            for number, row in enumerate(sheet.iter_rows() if sheet.height else [], start=1):
                cells = [_text(cell) for cell in row]
                if any(map(str.strip, cells)):
                    file.write(json.dumps([number, cells]) + "\n")


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


if __name__ == "__main__":
    main()
