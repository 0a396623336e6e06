"""Which encoding a table is in: Korean Excel writes CP949, UTF-8 with a BOM, or UTF-16, and says it nowhere."""

import codecs
from typing import BinaryIO

from app.errors import FieldError, Invalid

_CHUNK = 64 * 1024


def find_encoding(file: BinaryIO) -> str:
    """The name of the encoding; the file is left at its start. Raises `Invalid` when none fits.

    CP949 comes last: UTF-8 of more than a few letters is hardly ever CP949 as well, and the other way round never.
    """
    file.seek(0)
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8-sig", "cp949"]
    for encoding in candidates:
        if _fits(file, encoding):
            file.seek(0)
            return encoding
    raise Invalid([FieldError("", "encoding_unknown", "the file is neither UTF-8 nor CP949")], "file")


def _fits(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
