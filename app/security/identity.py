"""Identity of the caller: the administrator, or a browser with a random writer token in its signed cookie.

The administrator authenticates with one password; login sessions are kept in this process.
"""

import hmac
import secrets
import time
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

from flask import current_app, g, request, session

from app.errors import PermissionDenied
from app.extensions import get_service
from app.security.rate_limits import RateLimitScope, check_rate_limit, reset_rate_limit

SESSION_HOURS = 12
"""Hours until a login expires. A restart of the process ends all logins."""
ADMIN = "admin"
"""The administrator's name in the audit log; a writer token is longer."""
_TOKEN, _LOGIN, _NICKNAMES = "writer", "admin", "nicknames"  # keys of the session
_MAX_NICKNAMES = 5


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
        session_id = secrets.token_urlsafe(24)
        with self._lock:
            now = self._now()
            self._expiry = {other: end for other, end in self._expiry.items() if end > now}
            self._expiry[session_id] = now + SESSION_HOURS * 3_600
        return session_id

    def has_session(self, session_id: str) -> bool:
        """Return whether the session exists in this process and has not expired."""
        return self._expiry.get(session_id, 0.0) > self._now()

    def close_session(self, session_id: str) -> None:
        """End the session, for every copy of its cookie."""
        with self._lock:
            self._expiry.pop(session_id, None)


def _digest(password: str) -> bytes:
    # Hashing gives both sides one length, so that timing does not reveal it. NFC, because keyboards compose Korean
    # syllables differently.
    return sha256(unicodedata.normalize("NFC", password).encode("utf-8", "replace")).digest()


def writer_token() -> str:
    """Return the random token of this browser; empty if it has none yet."""
    found = session.get(_TOKEN)
    return found if isinstance(found, str) else ""


def ensure_writer_token() -> str:
    """Return the random token of this browser, creating its cookie if absent."""
    if not writer_token():
        session[_TOKEN] = secrets.token_urlsafe(18)
        session.permanent = True  # reviews stay deletable after the browser is closed
    return writer_token()


def owner_token(nickname: str = "") -> str:
    """Return the owner token stored with new content; empty in open mode.

    That is the token of the claimed `nickname` if this browser has given its passphrase, else the writer token.
    """
    if get_service(AdminAuth).open_mode:
        return ""
    return nickname_token(nickname) if nickname in nicknames() else ensure_writer_token()


def nicknames() -> list[str]:
    """Return the keys of the nicknames whose passphrase this browser has given."""
    return list(session.get(_NICKNAMES, []))


def unlock_nickname(key: str) -> None:
    """Record in the session that this browser has given the nickname's passphrase."""
    session[_NICKNAMES] = [*(other for other in nicknames() if other != key), key][-_MAX_NICKNAMES:]
    session.permanent = True


def nickname_token(key: str) -> str:
    """Return the owner token of a claimed nickname, the same in every browser."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return "n-" + hmac.digest(secret, f"nickname\n{key}".encode(), "sha256").hex()[:32]


def owner_tokens() -> set[str]:
    """Return the tokens of this browser: its own, and those of the nicknames whose passphrase it has given."""
    return {token for token in (writer_token(), *map(nickname_token, nicknames())) if token}


def is_writer(owner: str) -> bool:
    """Return whether the owner token is one of this browser's."""
    return owner in owner_tokens()


def is_admin() -> bool:
    """Return whether the caller is the administrator, by login or `Authorization: Bearer`; always True in open mode.

    Raise `PermissionDenied` for a wrong bearer password.
    """
    if "is_admin" not in g:
        g.is_admin = False  # for the error page, if the bearer password is wrong
        g.is_admin = _is_admin()
    return bool(g.is_admin)


def is_logged_in() -> bool:
    """Return whether the caller is the administrator; always False in open mode, which has no login."""
    return not get_service(AdminAuth).open_mode and is_admin()


def _check_password(password: str) -> bool:
    """Return whether the administrator's password is right. Raise `RateLimited` after too many wrong ones."""
    check_rate_limit(RateLimitScope.LOGINS)
    is_right = get_service(AdminAuth).check_password(password)
    if is_right:
        reset_rate_limit(RateLimitScope.LOGINS)
    return is_right


def _is_admin() -> bool:
    auth = get_service(AdminAuth)
    if auth.open_mode:
        return True
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return auth.has_session(str(session.get(_LOGIN, "")))
    password = given.strip().encode("latin-1").decode("utf-8", "replace")  # WSGI passes bytes as Latin-1
    if not _check_password(password):
        raise PermissionDenied("this is not the administrator's password", needs_login=True)
    return True


def actor() -> str:
    """Return the caller's name in the audit log: "admin", a writer token, or "" in open mode."""
    if get_service(AdminAuth).open_mode:
        return ""
    return ADMIN if is_admin() else writer_token()


def log_in(password: str) -> bool:
    """Return whether the password is the administrator's; if so, start a new session with the same writer token."""
    if not _check_password(password):
        return False
    log_out()
    session[_LOGIN] = get_service(AdminAuth).create_session()
    g.is_admin = True
    return True


def log_out() -> None:
    """End the administrator's session for every copy of its cookie. Keep the writer token and nicknames."""
    get_service(AdminAuth).close_session(str(session.get(_LOGIN, "")))
    kept = {key: session[key] for key in (_TOKEN, _NICKNAMES) if key in session}
    session.clear()
    session.update(kept)
    if kept:
        session.permanent = True
    g.is_admin = False
