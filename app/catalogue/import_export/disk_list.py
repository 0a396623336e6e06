"""Review rows on disk, as a hundred thousand of them are too much beside a model in half a gigabyte."""

import json
import tempfile
from array import array
from collections.abc import Iterator
from typing import Self

from app.catalogue.import_export.records import ReviewRow


class DiskList:
    """A list of rows in a temporary file, 8 bytes each in memory. First filled, then read, in any order."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="gampyeong-")
        self._starts = array("q")
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()

    def append(self, row: ReviewRow) -> None:
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        self._starts.append(self._end)
        self._end += len(line)
        self._file.write(line)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> ReviewRow:
        self._file.seek(self._starts[index])
        return ReviewRow(*json.loads(self._file.readline().decode()))

    def __iter__(self) -> Iterator[ReviewRow]:
        return map(self.__getitem__, range(len(self)))
