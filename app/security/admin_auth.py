"""The administrator: one password, and the sessions that were opened with it, kept in this process."""

import hmac
import secrets
import time
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

SESSION_HOURS = 12
"""How long a login lasts. A restart ends all of them."""


class AdminAuth:
    """Knows the password and who has logged in. Safe under threads.

    An empty password means open mode: everybody is the administrator.
    """

    def __init__(self, password: str, now: Callable[[], float] = time.monotonic) -> None:
        self.is_everybody = not password
        self._digest = _digest(password)
        self._now = now
        self._lock = Lock()
        self._ends: dict[str, float] = {}

    def knows(self, password: str) -> bool:
        """Whether that is the password; takes as long whatever is wrong with it."""
        return hmac.compare_digest(_digest(password), self._digest) and not self.is_everybody

    def open_session(self) -> str:
        """Create a session and return its random id."""
        session = secrets.token_urlsafe(24)
        with self._lock:
            now = self._now()
            self._ends = {known: end for known, end in self._ends.items() if end > now}
            self._ends[session] = now + SESSION_HOURS * 3_600
        return session

    def has_session(self, session: str) -> bool:
        """Whether that session was opened here, and neither closed nor ended."""
        return self._ends.get(session, 0.0) > self._now()

    def close_session(self, session: str) -> None:
        """From now on that session's cookie is worth nothing, wherever a copy of it may be."""
        with self._lock:
            self._ends.pop(session, None)


def _digest(password: str) -> bytes:
    # Hashed, so that the comparison does not tell the length; NFC, because keyboards differ in how they write Korean.
    return sha256(unicodedata.normalize("NFC", password).encode("utf-8", "replace")).digest()
