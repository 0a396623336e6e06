"""Detection of a file's type by its content, and unpacking."""

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import IO, BinaryIO

from app.errors import FieldError, ValidationFailed
from app.services.import_export.dates import KST

MAX_UNPACKED_SIZE = 256 * 1024 * 1024
"""Maximum bytes of an unpacked file, so that a small file cannot fill the disk."""
MAX_WORKBOOK_SIZE = 64 * 1024 * 1024
"""Maximum bytes of an unpacked workbook, which is parsed in memory."""
_HEAD_SIZE = 4_096
_CHUNK_SIZE = 1024 * 1024
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\x00", b"MM\x00*")
_WEB_PAGES = (b"<!doctype", b"<html", b"<head", b"<body", b"<table", b"<meta", b"<script", b"<style", b"<div")
_TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl")
_REVIEWS_FILE = "reviews.csv"  # in Letterboxd's exports
_IGNORED_FOLDERS = {"deleted", "orphaned", "__MACOSX"}


class FileType(StrEnum):
    """Format of a file's content."""

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
    if start.startswith(b"\x1f\x8b"):
        with tempfile.TemporaryFile(prefix="gampyeong-") as content:
            packed_at = _unpack_gzip(file, content)
            yield OpenedFile(_find_type(content), content, packed_at or written_at)
    elif start.startswith(b"PK\x03\x04") or start.startswith(b"PK\x05\x06"):
        with _open_archive(file) as archive:
            if _is_workbook(archive):
                _check_size(archive.infolist(), MAX_WORKBOOK_SIZE)
                yield OpenedFile(FileType.WORKBOOK, file, written_at)
                return
            member = _find_table(archive)
            with tempfile.TemporaryFile(prefix="gampyeong-") as content:
                _unpack(archive, member, content)
                packed_at = datetime(*member.date_time, tzinfo=KST) if member.date_time[0] > 1980 else written_at
                yield OpenedFile(_find_type(content), content, packed_at)
    else:
        yield OpenedFile(_find_type(file), file, written_at)


def _find_type(file: BinaryIO) -> FileType:
    """Detect the type of unpacked content. Raise `ValidationFailed` for an unsupported one."""
    start = _read_start(file)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise _invalid("file_empty", "the file is empty")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return FileType.WORKBOOK
    if start.startswith(b"%PDF"):
        raise _invalid("file_is_pdf", "the file is a PDF document, not a table")
    if start.startswith(_IMAGES) and b"\x00" in start or start[4:12] in (b"ftypheic", b"ftypavif", b"ftypmif1"):
        raise _invalid("file_is_image", "the file is a picture, not a table")
    if start.startswith((b"\x1f\x8b", b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")):
        raise _invalid("file_is_archive", "the file is an archive: unpack it")
    if text.lower().startswith(_WEB_PAGES):
        message = "the file is a web page, whatever its name: open it in a spreadsheet and save it as CSV"
        raise _invalid("file_is_web_page", message)
    if text.startswith(b"<?xml"):
        raise _invalid("file_is_xml", "the file is XML: open it in a spreadsheet and save it as CSV")
    if text.startswith(b"{\\rtf"):
        raise _invalid("file_is_document", "the file is a text document, not a table")
    if text.startswith(b"{"):
        return FileType.JSON_LINES
    return FileType.JSON_ARRAY if text[:1] == b"[" and text[1:].lstrip()[:1] in (b"{", b"]") else FileType.TEXT


def _read_start(file: BinaryIO) -> bytes:
    file.seek(0)
    start = file.read(_HEAD_SIZE)
    file.seek(0)
    return start


def _unpack_gzip(file: BinaryIO, content: BinaryIO) -> datetime | None:
    """Unpack into `content`; return the original file's modification time, if known."""
    try:
        with gzip.open(file) as packed:
            _copy(packed, content, MAX_UNPACKED_SIZE)
            return datetime.fromtimestamp(packed.mtime, UTC) if packed.mtime else None
    except (OSError, EOFError, zlib.error) as error:
        raise _invalid("file_broken", "the packed file is damaged or cut off") from error


@contextmanager
def _open_archive(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _invalid("file_broken", "the packed file is damaged or cut off") from error
    with archive:
        yield archive


def _is_workbook(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    if any(name.startswith("xl/workbook") for name in names):
        return True
    if any(name.startswith(("word/", "ppt/")) for name in names) or "Contents/content.hpf" in names:
        raise _invalid("file_is_document", "the file is a text document, not a table")
    if "mimetype" not in names:
        return False
    with archive.open("mimetype") as file:
        return file.read(100).startswith(b"application/vnd.oasis.opendocument.spreadsheet")


def _find_table(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the reviews.csv nearest to the archive's root, or the only table."""
    paths = [(PurePosixPath(info.filename), info) for info in archive.infolist() if not info.is_dir()]
    tables = [
        (path, info)
        for path, info in paths
        if path.suffix.lower() in _TABLES and not _IGNORED_FOLDERS.intersection(path.parts)
    ]
    reviews = [
        (len(path.parts), index, info)
        for index, (path, info) in enumerate(tables)
        if path.name.lower() == _REVIEWS_FILE
    ]
    if reviews:
        return min(reviews)[2]
    if len(tables) == 1:
        return tables[0][1]
    names = ", ".join(str(path) for path, _ in paths)[:200] or "-"
    message = f"the archive has no reviews.csv, and not just one table; it holds: {names}"
    raise _invalid("archive_without_reviews", message, found=names.encode("utf-8", "replace").decode())


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, content: BinaryIO) -> None:
    if member.flag_bits & 1:
        raise _invalid("archive_locked", "the archive has a password: unpack it")
    try:
        with archive.open(member) as packed:
            _copy(packed, content, MAX_UNPACKED_SIZE)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _invalid("file_broken", "the packed file is damaged or cut off") from error


def _check_size(members: list[zipfile.ZipInfo], limit: int) -> None:
    if sum(member.file_size for member in members) > limit:
        raise _too_large(limit)


def _copy(source: IO[bytes] | gzip.GzipFile, target: BinaryIO, limit: int) -> None:
    while chunk := source.read(_CHUNK_SIZE):
        if target.tell() + len(chunk) > limit:
            raise _too_large(limit)
        target.write(chunk)
    target.seek(0)


def _too_large(limit: int) -> ValidationFailed:
    megabytes = limit // 1024**2
    return _invalid("unpacked_too_large", f"unpacked, the file has more than {megabytes} MB", megabytes=megabytes)


def _invalid(type: str, message: str, **context: str | int) -> ValidationFailed:
    return ValidationFailed([FieldError("", type, message, context)], "file")
