"""Who is asking: the administrator, the browser that wrote something (by a mark in its signed cookie), or anybody."""

import secrets

from flask import request, session

from app.errors import Denied
from app.http.administrator import Administrator
from app.http.context import installed
from app.http.limits import Count, count, forget

ADMIN = "admin"
"""How the log of changes names the administrator; a mark is longer."""
_MARK, _LOGIN = "writer", "admin"
_ANSWER = "gampyeong.is_admin"
"""Where a request keeps what was found out about it."""


def mark() -> str:
    """The mark of this browser; empty while it has written nothing."""
    found = session.get(_MARK)
    return found if isinstance(found, str) else ""


def leave_mark() -> str:
    """The mark of this browser, made now if it has none. It tells nothing, and only its cookie carries it."""
    if not mark():
        session[_MARK] = secrets.token_urlsafe(18)
        session.permanent = True  # who wrote a review may still delete it after closing the browser
    return mark()


def writer() -> str:
    """Whose what the caller writes is: the mark, or nobody's in open mode, where none is asked for."""
    return "" if installed(Administrator).is_everybody else leave_mark()


def is_admin() -> bool:
    """Whether the administrator asks: everybody in open mode, else by login or `Authorization: Bearer`.

    Raises `Denied` for a wrong bearer password.
    """
    if _ANSWER not in request.environ:
        request.environ[_ANSWER] = False  # what the page that reports a wrong password goes by
        request.environ[_ANSWER] = _is_admin()
    return bool(request.environ[_ANSWER])


def is_logged_in() -> bool:
    """Return whether the administrator asks; never true in open mode, which has no login."""
    return not installed(Administrator).is_everybody and is_admin()


def _knows(password: str) -> bool:
    """Whether that is the administrator's password. Raises `TooMany` for who guesses."""
    count(Count.LOGINS)
    known = installed(Administrator).knows(password)
    if known:
        forget(Count.LOGINS)
    return known


def _is_admin() -> bool:
    administrator = installed(Administrator)
    if administrator.is_everybody:
        return True
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return administrator.has_session(str(session.get(_LOGIN, "")))
    if not _knows(_as_typed(given.strip())):
        raise Denied("this is not the administrator's password", needs_login=True)
    return True


def _as_typed(header: str) -> str:
    """A header's text: WSGI hands its bytes over as Latin-1, and people type UTF-8."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def who() -> str:
    """The caller as the log of changes names it: "admin", a mark, or nothing in open mode."""
    if installed(Administrator).is_everybody:
        return ""
    return ADMIN if is_admin() else mark()


def log_in(password: str) -> bool:
    """Makes the caller the administrator if that is the password. The session starts anew, but for its mark."""
    if not _knows(password):
        return False
    log_out()
    session[_LOGIN] = installed(Administrator).open_session()
    request.environ[_ANSWER] = True
    return True


def log_out() -> None:
    """Ends the administrator's session, here and for every copy of its cookie; the mark stays."""
    installed(Administrator).close_session(str(session.get(_LOGIN, "")))
    kept = mark()
    session.clear()
    if kept:
        session[_MARK] = kept
        session.permanent = True
    request.environ[_ANSWER] = False
