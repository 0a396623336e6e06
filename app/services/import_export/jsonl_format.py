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
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, BinaryIO

from app.errors import FieldError, ValidationFailed
from app.models import Correction, Movie, MovieFields, Review
from app.schemas import CorrectionRecord, MovieRecord, ReviewRecord, parse
from app.services.import_export.records import BadRow, CorrectionRow, MovieRow, ReviewRow, Row, bad_row

FORMAT, VERSION = "gampyeong", 1
MAX_LINE_LENGTH = 1_000_000
"""Bytes; the longest review takes 60,000 if every letter is written as two escapes."""

_MOVIE = ("id", *(field.name for field in fields(MovieFields)))
_REVIEW = (
    "id", "movie_id", "author", "content", "sentiment_label", "sentiment_score", "rating", "created_at", "edited_at",
    "model",
)  # fmt: skip


def head() -> bytes:
    return _line({"format": FORMAT, "version": VERSION})


def movie_line(movie: Movie) -> bytes:
    return _line({"kind": "movie"} | {name: getattr(movie, name) for name in _MOVIE})


def review_line(review: Review) -> bytes:
    warning = {"spoiler": True} if review.spoiler else {}
    return _line({"kind": "review"} | {name: getattr(review, name) for name in _REVIEW} | warning)


def correction_line(correction: Correction, reader: int) -> bytes:
    """Return the line of a correction; `reader` is a number within the review, instead of the reader's token."""
    return _line(
        {
            "kind": "correction",
            "review_id": correction.review_id,
            "reader": reader,
            "label": correction.label,
            "created_at": correction.created_at,
        }
    )


def end() -> bytes:
    return _line({"kind": "end"})


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of an export. Raise `ValidationFailed` if the first line is not that of an export."""
    lines = _numbered(file)
    number, first = next(lines, (1, b""))
    _check_head(first)
    ended = False
    for number, line in lines:
        if ended:
            yield bad_row(number, "line_after_end", "comes after the last line")
            continue
        row = _read_line(number, line)
        if row is None:
            ended = True
        else:
            yield row
    if not ended:
        yield bad_row(number + 1, "file_cut_off", 'the file is cut off: its last line, {"kind":"end"}, is missing')


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
    head = _parse(line)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        message = (
            f'the first line of JSON Lines must be {{"format":"{FORMAT}","version":{VERSION}}}, as an export of this'
            " site has it; other reviews come in as a table or a JSON array"
        )
        raise ValidationFailed([FieldError("", "head_missing", message)], "file")
    if head.get("version") != VERSION:
        version = ascii(head.get("version"))[:20]  # ASCII, as lone surrogates cannot be encoded
        message = f"the file has version {version}; this site reads version {VERSION}"
        raise ValidationFailed([FieldError("", "version_unknown", message, {"version": version})], "file")


def _read_line(number: int, line: bytes) -> Row | None:
    """Parse a line to a row; None for the last line."""
    record = _parse(line)
    if not isinstance(record, dict):
        return bad_row(number, "json_invalid", "is no JSON object")
    kind = record.get("kind")
    if kind == "end":
        return None
    parse_record = _PARSERS.get(kind) if isinstance(kind, str) else None
    if parse_record is None:
        return bad_row(number, "kind_unknown", f"has an unknown kind: {str(kind)[:20]!r}", "kind")
    try:
        return parse_record(number, record)
    except ValidationFailed as error:
        return BadRow(number, error.errors)


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line.decode(), parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None


def _movie(number: int, record: dict[str, Any]) -> Row:
    movie = parse(MovieRecord, record)
    return MovieRow(number, movie.id, movie.fields())


def _review(number: int, record: dict[str, Any]) -> Row:
    review = parse(ReviewRecord, record)
    row = ReviewRow(
        number,
        review.id,
        review.movie_id,
        review.author,
        review.content,
        review.created_at,
        review.edited_at,
        spoiler=review.spoiler,
    )
    return row if review.sentiment is None else row.with_sentiment(review.sentiment, review.model)


def _correction(number: int, record: dict[str, Any]) -> Row:
    correction = parse(CorrectionRecord, record)
    return CorrectionRow(number, correction.review_id, correction.reader, correction.label, correction.created_at)


_PARSERS: dict[str, Callable[[int, dict[str, Any]], Row]] = {
    "movie": _movie,
    "review": _review,
    "correction": _correction,
}
