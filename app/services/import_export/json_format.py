"""JSON arrays of objects, one per review, parsed as tables with the keys as headings."""

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from app.errors import FieldError, ValidationFailed
from app.services.import_export.tables import Record, Table
from app.store.base import yield_to_others

_CHUNK = 64 * 1024  # characters
_MAX_OBJECT_LENGTH = 1_000_000  # characters
_MAX_KEYS = 1_000  # no object after that many keys adds columns
_SPACE, _COMMA, _CLOSING = re.compile(r"\s*"), re.compile(r"\s*,\s*"), re.compile(r"\s*\]")
_decode = json.JSONDecoder().raw_decode


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
