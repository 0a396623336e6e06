"""A JSON array of objects, one a review, as crawlers write it: read as a table with the objects' keys as headings."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from app.errors import FieldError, ValidationFailed
from app.services.import_export.tables import Record, Table
from app.services.progress import yield_to_others

_CHUNK = 64 * 1024  # characters
_OBJECT_MAX = 1_000_000  # characters of one object
_KEYS_MAX = 1_000  # of all objects; those of an object above are no columns
_SPACE, _COMMA, _CLOSING = re.compile(r"\s*"), re.compile(r"\s*,\s*"), re.compile(r"\s*\]")
_decode = json.JSONDecoder().raw_decode


def read_table(file: BinaryIO) -> Table:
    """Return the array as a table. Raise `ValidationFailed` where it is not well-formed."""
    keys: dict[str, None] = {}
    for item in _read_array(file):
        if isinstance(item, dict) and len(keys) < _KEYS_MAX:
            keys |= dict.fromkeys(item)
    header = list(keys)
    return Table(header, 0, len(header), _records(header, _read_array(file)))


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
    """Yield the array's elements without holding more than one and a chunk of the file. Raise `ValidationFailed`."""
    file.seek(0)
    text = codecs.getreader("utf-8-sig")(file)
    buffer, position, count, at_end = _read(text, _CHUNK, 0).lstrip()[1:], 0, 0, False
    before = _SPACE
    while not (closing := _CLOSING.match(buffer, position)):
        found = before.match(buffer, position)
        try:
            item, end = _decode(buffer, found.end() if found else len(buffer))
            is_whole = end < len(buffer) or at_end  # a number may go on in the next chunk
        except (ValueError, RecursionError):
            is_whole = False
        if is_whole:
            yield item
            position, before, count = end, _COMMA, count + 1
            continue
        if at_end or len(buffer) - position > _OBJECT_MAX:
            raise _broken(count)
        yield_to_others()
        chunk = _read(text, max(_CHUNK, len(buffer) - position), count)
        buffer, position, at_end = buffer[position:] + chunk, 0, not chunk
    if buffer[closing.end() :].strip() or _read(text, -1, count).strip():
        raise _broken(count)


def _read(text: codecs.StreamReader, size: int, count: int) -> str:
    try:
        return text.read(size)
    except UnicodeDecodeError as error:
        raise _broken(count) from error


def _broken(count: int) -> ValidationFailed:
    message = f"the JSON array cannot be read after its element {count}"
    return ValidationFailed([FieldError("", "json_broken", message, {"count": count})], "file")
