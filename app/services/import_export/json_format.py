"""JSON: exports of the whole catalogue as JSON Lines, and arrays of one object per review, parsed as tables.

An export has one record per line, with keys in a fixed order:

    {"format": "gampyeong", "version": 1}
    {"kind": "movie", "id", "title", "release_date", "director", "genre", "poster_url"}
    {"kind": "review", "id", "movie_id", "author", "content", "sentiment_label", "sentiment_score", "rating",
     "created_at", "edited_at", "model", "spoiler": true (only if set)}
    {"kind": "correction", "review_id", "reader", "label", "created_at"}
    {"kind": "end"}

Movies come before their reviews and reviews before their corrections, each by id. A file without the last line was
truncated.
"""

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from app.errors import FieldError, ValidationFailed
from app.models import Movie
from app.schemas import CorrectionRecord, MovieRecord, ReviewRecord, parse
from app.services.import_export.tables import Record, Row, Table
from app.store.base import yield_to_others

FORMAT, VERSION = "gampyeong", 1
MAX_LINE_LENGTH = 1_000_000
"""Bytes; the longest review takes 60,000 if every letter is written as two escapes."""
_CHUNK = 64 * 1024  # characters
_MAX_OBJECT_LENGTH = 1_000_000  # characters
_MAX_KEYS = 1_000  # no object after that many keys adds columns
_SPACE, _COMMA, _CLOSING = re.compile(r"\s*"), re.compile(r"\s*,\s*"), re.compile(r"\s*\]")
_decode = json.JSONDecoder().raw_decode


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of an export. Raise `ValidationFailed` if the first line is not that of an export."""
    file.seek(0)
    lines = _numbered(file)
    number, first = next(lines, (1, b""))
    _check_head(first)
    has_ended = False
    for number, line in lines:
        record = _parse_json(line)
        if has_ended:
            yield number, ValidationFailed.in_file("line_after_end", "comes after the last line")
        elif isinstance(record, dict) and record.get("kind") == "end":
            has_ended = True
        else:
            try:
                yield number, _read_record(record)
            except ValidationFailed as error:
                yield number, error
    if not has_ended:
        message = 'the file is cut off: its last line, {"kind":"end"}, is missing'
        yield number + 1, ValidationFailed.in_file("file_cut_off", message)


def _numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers; an overlong line is empty."""
    number = 0
    while line := file.readline(MAX_LINE_LENGTH):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_LINE_LENGTH)):
            line = b""
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip() or not line:
            yield number, line


def _check_head(line: bytes) -> None:
    head = _parse_json(line)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        message = (
            f'the first line of JSON Lines must be {{"format":"{FORMAT}","version":{VERSION}}}, as an export of this'
            " site has it; other reviews come in as a table or a JSON array"
        )
        raise ValidationFailed.in_file("head_missing", message)
    if head.get("version") != VERSION:
        version = ascii(head.get("version"))[:20]  # ASCII, as lone surrogates cannot be encoded
        message = f"the file has version {version}; this site reads version {VERSION}"
        raise ValidationFailed.in_file("version_unknown", message, version=version)


def _read_record(record: Any) -> Movie | ReviewRecord | CorrectionRecord:
    if not isinstance(record, dict):
        raise ValidationFailed.in_file("json_invalid", "is no JSON object")
    match record.get("kind"):
        case "movie":
            return Movie(**parse(MovieRecord, record).model_dump())
        case "review":
            return parse(ReviewRecord, record)
        case "correction":
            return parse(CorrectionRecord, record)
        case kind:
            message = f"has an unknown kind: {str(kind)[:20]!r}"
            raise ValidationFailed.in_file("kind_unknown", message, "kind")


def _parse_json(line: bytes) -> Any:
    try:
        return json.loads(line.decode(), parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None


@contextmanager
def open_table(file: BinaryIO) -> Iterator[Table]:
    """Open the array as a table. Raise `ValidationFailed` for malformed JSON."""
    keys: dict[str, None] = {}
    for item in _read_array(file):
        if isinstance(item, dict) and len(keys) < _MAX_KEYS:
            keys |= dict.fromkeys(item)
    header = list(keys)
    yield Table(header, _records(header, _read_array(file)))


def _records(header: list[str], objects: Iterator[Any]) -> Iterator[Record]:
    for number, item in enumerate(objects, start=1):
        if isinstance(item, dict):
            yield number, [_cell(item.get(key)) for key in header]
        else:
            yield number, FieldError("", "json_invalid", "is no JSON object")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read_array(file: BinaryIO) -> Iterator[Any]:
    """Yield the array's elements, reading the file in chunks. Raise `ValidationFailed` for malformed JSON."""
    file.seek(0)
    text = codecs.getreader("utf-8-sig")(file)
    count = 0
    try:
        buffer, position, at_end = text.read(_CHUNK).lstrip()[1:], 0, False
        separator = _SPACE
        while not (closing := _CLOSING.match(buffer, position)):
            found = separator.match(buffer, position)
            try:
                item, end = _decode(buffer, found.end() if found else len(buffer))
                is_complete = end < len(buffer) or at_end  # a number may continue in the next chunk
            except (ValueError, RecursionError):
                is_complete = False
            if is_complete:
                yield item
                position, separator, count = end, _COMMA, count + 1
                continue
            if at_end or len(buffer) - position > _MAX_OBJECT_LENGTH:
                raise _broken(count)
            yield_to_others()
            chunk = text.read(max(_CHUNK, len(buffer) - position))
            buffer, position, at_end = buffer[position:] + chunk, 0, not chunk
        if buffer[closing.end() :].strip() or text.read().strip():
            raise _broken(count)
    except UnicodeDecodeError as error:
        raise _broken(count) from error


def _broken(count: int) -> ValidationFailed:
    message = f"the JSON array cannot be read after its element {count}"
    return ValidationFailed.in_file("json_broken", message, count=count)
