"""Temporary storage of uploaded files between the preview and the import."""

import re
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO

MAX_FILES = 4
EXPIRES_AFTER = 60 * 60
"""Seconds until an uploaded file is deleted."""


class Uploads:
    """Recently uploaded files in a folder, with random tokens as names."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def add(self, stream: IO[bytes]) -> str:
        """Copy an uploaded file, as the original is closed after its request, and return its token."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        token = secrets.token_urlsafe(18)
        with open(self._folder / token, "xb") as file:
            shutil.copyfileobj(stream, file)
        self._expire()
        return token

    def open(self, token: str) -> BinaryIO | None:
        """Open the file of a token; return None if it has expired."""
        self._expire()
        if not re.fullmatch(r"[\w-]{24}", token, re.ASCII):
            return None
        try:
            return open(self._folder / token, "rb")
        except FileNotFoundError:
            return None

    def discard(self, token: str) -> None:
        """Delete the file of a token, if it exists."""
        if re.fullmatch(r"[\w-]{24}", token, re.ASCII):
            (self._folder / token).unlink(missing_ok=True)

    def _expire(self) -> None:
        """Delete expired and excess files."""
        if not self._folder.is_dir():
            return
        files = sorted(((path.stat().st_mtime, path) for path in self._folder.iterdir()), reverse=True)
        for place, (written_at, path) in enumerate(files):
            if place >= MAX_FILES or written_at + EXPIRES_AFTER <= self._now():
                path.unlink(missing_ok=True)
