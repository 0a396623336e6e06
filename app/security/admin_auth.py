"""Administrator authentication: one password, and login sessions kept in this process."""

import hmac
import secrets
import time
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

SESSION_HOURS = 12
"""Hours until a login expires. A restart of the process ends all logins."""


class AdminAuth:
    """The administrator's password and login sessions. Thread-safe.

    An empty password means open mode: every caller has the administrator's permissions.
    """

    def __init__(self, password: str, now: Callable[[], float] = time.monotonic) -> None:
        self.open_mode = not password
        self._digest = _digest(password)
        self._now = now
        self._lock = Lock()
        self._expiry: dict[str, float] = {}

    def check_password(self, password: str) -> bool:
        """Return whether the password is right, in constant time; always False in open mode."""
        return hmac.compare_digest(_digest(password), self._digest) and not self.open_mode

    def create_session(self) -> str:
        """Create a session and return its random id."""
        session = secrets.token_urlsafe(24)
        with self._lock:
            now = self._now()
            self._expiry = {other: end for other, end in self._expiry.items() if end > now}
            self._expiry[session] = now + SESSION_HOURS * 3_600
        return session

    def has_session(self, session: str) -> bool:
        """Return whether the session exists in this process and has not expired."""
        return self._expiry.get(session, 0.0) > self._now()

    def close_session(self, session: str) -> None:
        """End the session, for every copy of its cookie."""
        with self._lock:
            self._expiry.pop(session, None)


def _digest(password: str) -> bytes:
    # Hashing gives both sides one length, so that timing does not reveal it. NFC, because keyboards compose Korean
    # syllables differently.
    return sha256(unicodedata.normalize("NFC", password).encode("utf-8", "replace")).digest()
