"""JSON Lines: the whole catalogue, one record per line, with keys in a fixed order.

    {"format": "gampyeong", "version": 1}
    {"kind": "movie", "id", "title", "release_date", "director", "genre", "poster_url"}
    {"kind": "review", "id", "movie_id", "author", "content", "sentiment_label", "sentiment_score", "rating",
     "created_at", "edited_at", "model", "spoiler": true (only if set)}
    {"kind": "correction", "review_id", "reader", "label", "created_at"}
    {"kind": "end"}

Movies come before their reviews and reviews before their corrections, each by id. A file without the last line was
truncated.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from app.errors import ValidationFailed
from app.models import Movie
from app.schemas import CorrectionRecord, MovieRecord, ReviewRecord, parse
from app.services.import_export.records import Row

FORMAT, VERSION = "gampyeong", 1
MAX_LINE_LENGTH = 1_000_000
"""Bytes; the longest review takes 60,000 if every letter is written as two escapes."""


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
