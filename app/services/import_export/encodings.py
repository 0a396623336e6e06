"""Find the encoding of a table: Korean Excel writes CP949, UTF-8 with a BOM, or UTF-16, and does not name it."""

import codecs
from typing import BinaryIO

from app.errors import FieldError, ValidationFailed
from app.services.progress import yield_to_others

ERRORS = "surrogateescape"
"""How bytes that the encoding does not have are read: as surrogates, so that the row they are in can be named."""
_CHUNK = 64 * 1024
_MAX_WRONG = 0.1
"""The share of the bytes beyond ASCII that may be wrong; of a text in another encoding nearly all are."""


def find_encoding(file: BinaryIO) -> str:
    """Return the name of the encoding; the file is left at its start. Raise `ValidationFailed` when none fits.

    CP949 comes last: UTF-8 of more than a few letters is hardly ever valid CP949, and CP949 never UTF-8.
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
    """Return a UTF-16 by its mark or, without one, by the zero bytes of its spaces, commas and line ends."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even + odd < len(start) // 50 + 1:
        return None
    # Some Korean letters have a zero byte, too (가 is U+AC00), at the other places.
    return "utf-16-le" if odd > 2 * even else "utf-16-be" if even > 2 * odd else None


def _fits(file: BinaryIO, encoding: str) -> bool:
    """Return whether a file is in an encoding, but for a few wrong bytes."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(ERRORS)
    foreign = wrong = 0
    try:
        while chunk := file.read(_CHUNK):
            foreign += len(chunk) - len(chunk.translate(None, _BEYOND_ASCII))
            wrong += _count_wrong(decoder.decode(chunk))
            yield_to_others()
        wrong += _count_wrong(decoder.decode(b"", final=True))
    except UnicodeDecodeError:  # UTF-16 has no bytes to escape
        return False
    return wrong <= foreign * _MAX_WRONG


_BEYOND_ASCII = bytes(range(0x80, 0x100))
_WRONG = {code: None for code in range(0xDC80, 0xDD00)}


def _count_wrong(text: str) -> int:
    return 0 if text.isascii() else len(text) - len(text.translate(_WRONG))
