"""The store in a database. Importing this room loads SQLAlchemy: only a `DATABASE_URL` asks for it."""

from sqlalchemy.exc import SQLAlchemyError

from app.errors import SettingsError, Unavailable
from app.store.clock import Clock, utc_now
from app.store.sql.address import read_address, refusal, show
from app.store.sql.database import Database
from app.store.sql.schema import upgrade
from app.store.sql.store import SqlStore


def open_sql(url: str, now: Clock = utc_now) -> SqlStore:
    """The store at that address, its tables made or brought up to date.

    Raises `app.errors.SettingsError`, one line without the password, when that cannot be.
    """
    address = read_address(url)
    try:
        return _open(Database(address), now)
    except SettingsError as error:
        raise SettingsError(f"DATABASE_URL: cannot use {show(address)}: {error}") from None
    except Unavailable as error:
        raise refusal(address, error.__cause__ or error) from None
    except (SQLAlchemyError, ImportError) as error:
        raise refusal(address, error) from None


def _open(database: Database, now: Clock) -> SqlStore:
    try:
        with database.write() as connection:
            upgrade(connection)
        store = SqlStore(database, now)
        store.check()
    except BaseException:
        database.close()
        raise
    return store
