"""Parsing of `DATABASE_URL`, and its error messages."""

from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import SettingsError, first_line

_POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")
_EXAMPLES = "sqlite:///reviews.db or postgresql+psycopg://user:password@host/name"


def parse_url(text: str) -> URL:
    """Parse a database URL and set the site's driver. Raise `app.errors.SettingsError` for an unsupported one."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(f"DATABASE_URL is no address of a database; it looks like {_EXAMPLES}") from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(f"DATABASE_URL starts with {url.drivername!r}, which is not supported; use {_EXAMPLES}")
    if not url.database or url.database == ":memory:":
        raise SettingsError("DATABASE_URL names no file; leave it empty to keep everything in memory")
    return url.set(drivername="sqlite", database=str(Path(url.database).expanduser()))


def as_settings_error(url: URL, cause: BaseException) -> SettingsError:
    """Return a one-line error without passwords that explains why the database cannot be used."""
    reason = first_line(cause)
    for secret in {str(url.password or ""), str(url.query.get("password", ""))} - {""}:
        reason = reason.replace(secret, "***")
    shown = url.set(query={}).render_as_string(hide_password=True)  # the query may contain a password, too
    return SettingsError(f"DATABASE_URL: cannot use {shown}: {reason}")
