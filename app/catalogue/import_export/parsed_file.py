"""What a file asks for, checked as far as the file alone can tell."""

import codecs
from array import array
from collections.abc import Iterator
from typing import BinaryIO, Self

from app.catalogue.import_export import csv_format, jsonl_format
from app.catalogue.import_export.disk_list import DiskList
from app.catalogue.import_export.records import BadRow, CorrectionRow, MovieRow, ReviewRow, Row, bad
from app.catalogue.progress import ProgressCallback, ProgressReporter, Stage
from app.errors import FieldError, Invalid

BAD_KEPT = 1_000
"""As many bad rows are kept with their reasons; the rest is counted."""
_REPORT_EVERY = 1_000  # rows
_ID_FITS = 2**53  # above, JavaScript takes two ids for one, and later ids would run into a database's limit
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .xls


class ParsedFile:
    """Movies by the file's id, and corrections, in memory; reviews on disk. Use it in a `with`.

    `ids_fit` says whether a store that never held anything can take the file's ids: they ascend, as in every export.
    """

    def __init__(self) -> None:
        self.movies: dict[int, MovieRow] = {}
        self.reviews = DiskList()
        self.corrections: list[CorrectionRow] = []
        self.bad: list[BadRow] = []
        self.bad_count = 0
        self.ids_fit = True
        self._review_ids = array("q")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reviews.close()

    def fill(self, file: BinaryIO, report: ProgressCallback) -> None:
        """Takes every row of the file, which can be sought in. Raises `Invalid` for a file that cannot be read."""
        size = file.seek(0, 2)
        meter = ProgressReporter(report, Stage.CHECK, size)
        at = 0
        for count, row in enumerate(_read_rows(file), start=1):
            self._take(row)
            if count % _REPORT_EVERY == 0:
                meter.add(file.tell() - at)
                at = file.tell()
        self._check_corrections()

    def _take(self, row: Row) -> None:
        match row:
            case MovieRow():
                self._take_movie(row)
            case ReviewRow():
                self._take_review(row)
            case CorrectionRow():
                self.corrections.append(row)
            case BadRow():
                self._refuse(row)

    def _take_movie(self, row: MovieRow) -> None:
        if row.id in self.movies:
            return self._refuse(bad(row.number, "id_twice", f"the id {row.id} is another movie's", "id", id=row.id))
        self.ids_fit &= next(reversed(self.movies), 0) < row.id <= _ID_FITS
        self.movies[row.id] = row

    def _take_review(self, row: ReviewRow) -> None:
        if row.movie_id not in self.movies:
            message = f"no good line above has the movie {row.movie_id}"
            return self._refuse(bad(row.number, "movie_unknown", message, "movie_id", id=row.movie_id))
        self.ids_fit &= (self._review_ids[-1] if self._review_ids else 0) < row.id <= _ID_FITS
        self._review_ids.append(row.id)
        self.reviews.append(row)

    def _check_corrections(self) -> None:
        """Leaves those that have their review in the file, one a reader."""
        there = set(self._review_ids) if self.corrections else set()
        kept: dict[tuple[int, int], CorrectionRow] = {}
        for row in self.corrections:
            if row.review_id not in there:
                message = f"no good line above has the review {row.review_id}"
                self._refuse(bad(row.number, "review_unknown", message, "review_id", id=row.review_id))
            elif (row.review_id, row.reader) in kept:
                message = f"reader {row.reader} has corrected this review already"
                self._refuse(bad(row.number, "reader_twice", message, "reader", id=row.reader))
            else:
                kept[row.review_id, row.reader] = row
        self.corrections = list(kept.values())

    def _refuse(self, row: BadRow) -> None:
        self.bad_count += 1
        if len(self.bad) < BAD_KEPT:
            self.bad.append(row)


def _read_rows(file: BinaryIO) -> Iterator[Row]:
    """The rows of a file of either format, told apart by its first character."""
    file.seek(0)
    start = file.read(1_024).removeprefix(codecs.BOM_UTF8).lstrip()
    file.seek(0)
    if not start:
        raise Invalid([FieldError("", "file_empty", "the file is empty")], "file")
    if start.startswith(_WORKBOOKS):
        raise Invalid([FieldError("", "file_is_workbook", "the file is an Excel workbook: save it as CSV")], "file")
    return jsonl_format.read_rows(file) if start.startswith(b"{") else csv_format.read_rows(file)
