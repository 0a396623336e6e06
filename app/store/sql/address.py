"""`DATABASE_URL` as an address, and what is wrong with it in one line that shows no password."""

from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import SettingsError, first_line

_POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")
_EXAMPLES = "sqlite:///reviews.db or postgresql+psycopg://user:password@host/name"


def read_address(text: str) -> URL:
    """The address in `text`. Raises `app.errors.SettingsError` for what is none, or none that the site can use."""
    try:
        address = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(f"DATABASE_URL is no address of a database; it looks like {_EXAMPLES}") from None
    if address.drivername in _POSTGRESQL:
        return address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(f"DATABASE_URL starts with {address.drivername!r}, which is not supported; use {_EXAMPLES}")
    if not address.database or address.database == ":memory:":
        raise SettingsError("DATABASE_URL names no file; leave it empty to keep everything in memory")
    return address.set(drivername="sqlite", database=str(Path(address.database).expanduser()))


def show(address: URL) -> str:
    """The address without its password, nor what follows the question mark, where one may be, too."""
    return address.set(query={}).render_as_string(hide_password=True)


def refusal(address: URL, cause: BaseException) -> SettingsError:
    """Why the database at `address` cannot be used, in one line."""
    reason = first_line(cause)
    for secret in {str(address.password or ""), str(address.query.get("password", ""))} - {""}:
        reason = reason.replace(secret, "***")
    return SettingsError(f"DATABASE_URL: cannot use {show(address)}: {reason}")
