"""Detection of a table's encoding: Korean Excel writes CP949, UTF-8 with a BOM, or UTF-16."""

import codecs
from typing import BinaryIO

from app.errors import FieldError, ValidationFailed
from app.services.jobs import yield_to_others

ERRORS = "surrogateescape"
"""Error handler for invalid bytes: as surrogates, they can be reported with their row."""
_CHUNK = 64 * 1024
_MAX_INVALID = 0.1
"""Maximum share of invalid bytes among the non-ASCII ones; in a text of another encoding nearly all are invalid."""


def find_encoding(file: BinaryIO) -> str:
    """Return the name of the encoding and seek to the file's start. Raise `ValidationFailed` if none is valid.

    UTF-8 is tried before CP949: text in CP949 is practically never valid UTF-8.
    """
    file.seek(0)
    start = file.read(_CHUNK)
    candidates = [name for name in (_find_utf16(start), "utf-8-sig", "cp949") if name]
    encoding = next((name for name in candidates if _fits(file, name)), None)
    file.seek(0)
    if encoding is None:
        raise ValidationFailed([FieldError("", "encoding_unknown", "the file is neither UTF-8 nor CP949")], "file")
    return encoding


def _find_utf16(start: bytes) -> str | None:
    """Detect UTF-16 by its BOM or by the zero bytes of its spaces, commas and line ends."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even + odd < len(start) // 50 + 1:
        return None
    # Some Korean letters have a zero byte, too (가 is U+AC00), in the other half.
    return "utf-16-le" if odd > 2 * even else "utf-16-be" if even > 2 * odd else None


def _fits(file: BinaryIO, encoding: str) -> bool:
    """Return whether the file is valid in the encoding, except for a few bytes."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(ERRORS)
    non_ascii = invalid = 0
    try:
        while chunk := file.read(_CHUNK):
            non_ascii += len(chunk) - len(chunk.translate(None, _NON_ASCII))
            invalid += _count_invalid(decoder.decode(chunk))
            yield_to_others()
        invalid += _count_invalid(decoder.decode(b"", final=True))
    except UnicodeDecodeError:  # the UTF-16 decoder does not support surrogateescape
        return False
    return invalid <= non_ascii * _MAX_INVALID


_NON_ASCII = bytes(range(0x80, 0x100))
_SURROGATES = {code: None for code in range(0xDC80, 0xDD00)}


def _count_invalid(text: str) -> int:
    return 0 if text.isascii() else len(text) - len(text.translate(_SURROGATES))
