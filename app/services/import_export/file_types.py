"""Detection of a file's type by its content, unpacking of archives, and spreadsheet workbooks (.xlsx, .xls, .ods).

Workbooks are parsed by python-calamine, in a subprocess.
"""

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from app.errors import ValidationFailed
from app.models import KST
from app.services.import_export.tables import Record, Table, count_known, find_header

MAX_UNPACKED_SIZE = 256 * 1024 * 1024
"""Maximum bytes of an unpacked file, so that a small file cannot fill the disk."""
MAX_WORKBOOK_SIZE = 64 * 1024 * 1024
"""Maximum bytes of an unpacked workbook, which is parsed in memory."""
_HEAD_SIZE = 4_096
_CHUNK_SIZE = 1024 * 1024
_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\x00", b"MM\x00*")
_REFUSED_STARTS = {
    "file_is_pdf": (b"%pdf",),
    "file_is_archive": (_GZIP, b"pk\x03\x04", b"7z\xbc\xaf", b"rar!", b"bzh", b"\xfd7zxz"),
    "file_is_web_page": (
        b"<!doctype", b"<html", b"<head", b"<body", b"<table", b"<meta", b"<script", b"<style", b"<div",
    ),
    "file_is_xml": (b"<?xml",),
    "file_is_document": (b"{\\rtf",),
}  # fmt: skip
"""Contents of these types start so, in lower case."""
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl")
_REVIEWS_FILE = "reviews.csv"  # in Letterboxd's exports
_IGNORED_FOLDERS = {"deleted", "orphaned", "__MACOSX"}
_WORKBOOK_PROCESS = Path(__file__).with_name("workbook_process.py")
_WORKBOOK_TIMEOUT = 120  # seconds
_MESSAGES = {
    "file_empty": "the file is empty",
    "file_is_pdf": "the file is a PDF document, not a table",
    "file_is_image": "the file is a picture, not a table",
    "file_is_archive": "the file is an archive: unpack it",
    "file_is_web_page": "the file is a web page, whatever its name: open it in a spreadsheet and save it as CSV",
    "file_is_xml": "the file is XML: open it in a spreadsheet and save it as CSV",
    "file_is_document": "the file is a text document, not a table",
    "archive_locked": "the archive has a password: unpack it",
    "file_broken": "the packed file is damaged or cut off",
    "workbook_broken": "the workbook cannot be read: open it and save it as CSV",
}


class FileType(StrEnum):
    JSON_LINES = "jsonl"
    JSON_ARRAY = "json"
    TEXT = "text"
    WORKBOOK = "workbook"


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file's content, unpacked and seekable, and the time at which it was written, if known."""

    type: FileType
    content: BinaryIO
    written_at: datetime | None = None


@contextmanager
def open_file(file: BinaryIO, written_at: datetime | None = None) -> Iterator[OpenedFile]:
    """Open a file of any supported type; in a .zip, its reviews.csv or its only table.

    Raise `ValidationFailed`, with the type of the file, for other types.
    """
    start = _read_start(file)
    if not start.startswith((_GZIP, *_ZIP)):
        yield OpenedFile(_find_type(file), file, written_at)
        return
    with tempfile.TemporaryFile(prefix="gampyeong-") as unpacked:
        try:
            opened = (_open_gzip if start.startswith(_GZIP) else _open_zip)(file, unpacked, written_at)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError) as error:
            raise _refused("file_broken") from error
        yield opened


def _find_type(file: BinaryIO) -> FileType:
    """Detect the type of unpacked content. Raise `ValidationFailed` for an unsupported one."""
    start = _read_start(file)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise _refused("file_empty")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return FileType.WORKBOOK
    if start.startswith(_IMAGES) and b"\x00" in start or start[4:12] in (b"ftypheic", b"ftypavif", b"ftypmif1"):
        raise _refused("file_is_image")
    for kind, starts in _REFUSED_STARTS.items():
        if text.lower().startswith(starts):
            raise _refused(kind)
    if text.startswith(b"{"):
        return FileType.JSON_LINES
    return FileType.JSON_ARRAY if text[:1] == b"[" and text[1:].lstrip()[:1] in (b"{", b"]") else FileType.TEXT


def _read_start(file: BinaryIO) -> bytes:
    file.seek(0)
    start = file.read(_HEAD_SIZE)
    file.seek(0)
    return start


def _open_gzip(file: BinaryIO, unpacked: BinaryIO, written_at: datetime | None) -> OpenedFile:
    with gzip.open(file) as packed:
        _copy(packed, unpacked)
        packed_at = datetime.fromtimestamp(packed.mtime, UTC) if packed.mtime else written_at
    return OpenedFile(_find_type(unpacked), unpacked, packed_at)


def _open_zip(file: BinaryIO, unpacked: BinaryIO, written_at: datetime | None) -> OpenedFile:
    with zipfile.ZipFile(file) as archive:
        if _is_workbook(archive):
            if sum(member.file_size for member in archive.infolist()) > MAX_WORKBOOK_SIZE:
                raise _too_large(MAX_WORKBOOK_SIZE)
            return OpenedFile(FileType.WORKBOOK, file, written_at)
        member = _find_table(archive)
        if member.flag_bits & 1:
            raise _refused("archive_locked")
        with archive.open(member) as packed:
            _copy(packed, unpacked)
    packed_at = datetime(*member.date_time, tzinfo=KST) if member.date_time[0] > 1980 else written_at
    return OpenedFile(_find_type(unpacked), unpacked, packed_at)


def _is_workbook(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    if any(name.startswith("xl/workbook") for name in names):
        return True
    if any(name.startswith(("word/", "ppt/")) for name in names) or "Contents/content.hpf" in names:
        raise _refused("file_is_document")
    return "mimetype" in names and archive.read("mimetype").startswith(_SPREADSHEET)


def _find_table(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the reviews.csv nearest to the archive's root, or the only table."""
    members = {PurePosixPath(member.filename): member for member in archive.infolist() if not member.is_dir()}
    tables = [
        path for path in members if path.suffix.lower() in _TABLES and not _IGNORED_FOLDERS.intersection(path.parts)
    ]
    reviews = [path for path in tables if path.name.lower() == _REVIEWS_FILE]
    if reviews or len(tables) == 1:
        return members[min(reviews or tables, key=lambda path: len(path.parts))]
    names = ", ".join(map(str, members))[:200] or "-"
    message = f"the archive has no reviews.csv, and not just one table; it holds: {names}"
    shown = names.encode("utf-8", "replace").decode()
    raise ValidationFailed.in_file("archive_without_reviews", message, found=shown)


def _copy(source: IO[bytes] | gzip.GzipFile, target: BinaryIO) -> None:
    while chunk := source.read(_CHUNK_SIZE):
        if target.tell() + len(chunk) > MAX_UNPACKED_SIZE:
            raise _too_large(MAX_UNPACKED_SIZE)
        target.write(chunk)


def _too_large(limit: int) -> ValidationFailed:
    megabytes = limit // 1024**2
    message = f"unpacked, the file has more than {megabytes} MB"
    return ValidationFailed.in_file("unpacked_too_large", message, megabytes=megabytes)


def _refused(type: str) -> ValidationFailed:
    return ValidationFailed.in_file(type, _MESSAGES[type])


@contextmanager
def open_workbook(file: BinaryIO) -> Iterator[Table]:
    """Open the sheet with most known headings. Raise `ValidationFailed` for an unreadable workbook."""
    # On Windows, a file that is still open cannot be deleted.
    with tempfile.TemporaryDirectory(prefix="gampyeong-", ignore_cleanup_errors=True) as folder:
        file.seek(0)
        with open(Path(folder, "workbook"), "wb") as copy:
            shutil.copyfileobj(file, copy)
        try:
            subprocess.run(  # noqa: S603 - a fixed command
                [sys.executable, "-I", str(_WORKBOOK_PROCESS)],
                cwd=folder,
                stderr=subprocess.DEVNULL,
                timeout=_WORKBOOK_TIMEOUT,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise _refused("workbook_broken") from error
        sheets = [path for path in sorted(Path(folder).glob("*.sheet")) if any(_sheet_records(path))]
        if not sheets:
            raise _refused("workbook_broken")
        sheet = max(sheets, key=lambda path: count_known(find_header(_sheet_records(path))[1]))
        number, header = find_header(_sheet_records(sheet))
        records = (record for record in _sheet_records(sheet) if record[0] > number)
        yield Table(header, records, [_sheet_name(other) for other in sheets if other != sheet])


def _sheet_name(sheet: Path) -> str:
    with open(sheet, encoding="utf-8") as lines:
        name: str = json.loads(next(lines))
        return name


def _sheet_records(sheet: Path) -> Iterator[Record]:
    """Yield the rows of a sheet with their numbers in the spreadsheet."""
    with open(sheet, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            number, cells = json.loads(line)
            yield number, cells
