"""Who is asking: the administrator, the browser that wrote something (by a mark in its signed cookie), or anybody."""

import hmac
import secrets

from flask import current_app, request, session

from app.errors import PermissionDenied
from app.extensions import get_service
from app.security.admin_auth import AdminAuth
from app.security.rate_limits import RateLimitScope, check_rate_limit, reset_rate_limit

ADMIN = "admin"
"""The administrator's name in the audit log; a writer token is longer."""
_MARK, _LOGIN, _NICKNAMES = "writer", "admin", "nicknames"
_MAX_NICKNAMES = 5
_ANSWER = "gampyeong.is_admin"
"""Where a request keeps what was found out about it."""


def writer_token() -> str:
    """Return the random token of this browser; empty if it has none yet."""
    found = session.get(_MARK)
    return found if isinstance(found, str) else ""


def ensure_writer_token() -> str:
    """Return the random token of this browser, creating its cookie if absent."""
    if not writer_token():
        session[_MARK] = secrets.token_urlsafe(18)
        session.permanent = True  # who wrote a review may still delete it after closing the browser
    return writer_token()


def owner_token(nickname: str = "") -> str:
    """Return the owner token stored with new content; empty in open mode.

    It is that of a claimed `nickname` if this browser has given its passphrase, else the writer token.
    """
    if get_service(AdminAuth).is_everybody:
        return ""
    return nickname_mark(nickname) if nickname in nicknames() else ensure_writer_token()


def nicknames() -> list[str]:
    """Return the keys of the nicknames whose passphrase this browser has given."""
    found = session.get(_NICKNAMES)
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []


def keep_nickname(key: str) -> None:
    """Remember that this browser has given the nickname's passphrase."""
    session[_NICKNAMES] = [*(other for other in nicknames() if other != key), key][-_MAX_NICKNAMES:]
    session.permanent = True


def nickname_mark(key: str) -> str:
    """Return the mark of what is written under a claimed nickname, in whatever browser."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return "n-" + hmac.digest(secret, f"nickname\n{key}".encode(), "sha256").hex()[:32]


def is_writer(owner: str) -> bool:
    """Return whether this browser, or a nickname whose passphrase it has given, wrote what `owner` marks."""
    return bool(owner) and (owner == writer_token() or any(owner == nickname_mark(key) for key in nicknames()))


def is_admin() -> bool:
    """Whether the administrator asks: everybody in open mode, else by login or `Authorization: Bearer`.

    Raise `PermissionDenied` for a wrong bearer password.
    """
    if _ANSWER not in request.environ:
        request.environ[_ANSWER] = False  # what the page that reports a wrong password goes by
        request.environ[_ANSWER] = _is_admin()
    return bool(request.environ[_ANSWER])


def is_logged_in() -> bool:
    """Return whether the administrator asks; never true in open mode, which has no login."""
    return not get_service(AdminAuth).is_everybody and is_admin()


def _knows(password: str) -> bool:
    """Whether that is the administrator's password. Raise `RateLimited` for who guesses."""
    check_rate_limit(RateLimitScope.LOGINS)
    known = get_service(AdminAuth).knows(password)
    if known:
        reset_rate_limit(RateLimitScope.LOGINS)
    return known


def _is_admin() -> bool:
    administrator = get_service(AdminAuth)
    if administrator.is_everybody:
        return True
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return administrator.has_session(str(session.get(_LOGIN, "")))
    if not _knows(_as_typed(given.strip())):
        raise PermissionDenied("this is not the administrator's password", needs_login=True)
    return True


def _as_typed(header: str) -> str:
    """Decode a header as UTF-8; WSGI passes its bytes as Latin-1."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def actor() -> str:
    """Return the caller's name in the audit log: "admin", a writer token, or "" in open mode."""
    if get_service(AdminAuth).is_everybody:
        return ""
    return ADMIN if is_admin() else writer_token()


def log_in(password: str) -> bool:
    """Log the administrator in if the password is right. The session is new but for its writer token."""
    if not _knows(password):
        return False
    log_out()
    session[_LOGIN] = get_service(AdminAuth).open_session()
    request.environ[_ANSWER] = True
    return True


def log_out() -> None:
    """End the administrator's session for every copy of its cookie. The writer token stays."""
    get_service(AdminAuth).close_session(str(session.get(_LOGIN, "")))
    kept, kept_nicknames = writer_token(), nicknames()
    session.clear()
    for key in kept_nicknames:
        keep_nickname(key)
    if kept:
        session[_MARK] = kept
        session.permanent = True
    request.environ[_ANSWER] = False
