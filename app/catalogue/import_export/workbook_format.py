"""Workbooks of spreadsheets (.xlsx, .xls, .ods), read by python-calamine."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from app.catalogue.import_export.csv_columns import count_known
from app.catalogue.import_export.tables import Record, Table, find_header
from app.errors import FieldError, Invalid


def read_table(file: BinaryIO) -> Table:
    """Return the first sheet with most known headings. Raises `Invalid` for a workbook that cannot be read."""
    file.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        sheets = [workbook.get_sheet_by_index(index) for index in range(len(workbook.sheet_names))]
    except (CalamineError, ValueError, OSError) as error:
        raise _broken() from error
    found = [(sheet, find_header(_records(sheet))) for sheet in sheets]
    if not found:
        raise _broken()
    sheet, (number, header, width, records) = max(found, key=lambda item: count_known(item[1][1]))
    unused = [other.name for other in sheets if other is not sheet and other.height]
    return Table(header, number, width, records, unused)


def _records(sheet: CalamineSheet) -> Iterator[Record]:
    """Yield the rows with the numbers that the spreadsheet shows."""
    first = (sheet.start or (0, 0))[0]
    for number, row in enumerate(sheet.to_python(skip_empty_area=True) if sheet.height else [], start=first + 1):
        cells = [_text(cell) for cell in row]
        if any(map(str.strip, cells)):
            yield number, cells


def _text(cell: object) -> str:
    """Return a cell as it would be typed."""
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _broken() -> Invalid:
    message = "the workbook cannot be read: open it and save it as CSV"
    return Invalid([FieldError("", "workbook_broken", message)], "file")
