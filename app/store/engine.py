"""Addresses, connections and transactions. Database failures are raised as `app.errors.StoreUnavailable`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from app.errors import SettingsError, StoreUnavailable, first_line

CONNECT_TIMEOUT = 5
"""Seconds to wait for the server or for a connection from the pool."""
WRITE_TIMEOUT = 15
"""Seconds to wait for other writers."""
RETRY_INTERVAL = 0.01
"""Seconds between attempts to take SQLite's write lock from another process. Other greenlets run meanwhile."""
_POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")
_EXAMPLES = "sqlite:///reviews.db or postgresql+psycopg://user:password@host/name"
MIGRATION_LOCK, TITLES_LOCK, MERGES_LOCK = 7_160_823_401, 7_160_823_402, 7_160_823_403
"""Advisory locks. The numbers are arbitrary, but the same in all versions of the site."""
_PROGRAMMING_ERRORS = (IntegrityError, DataError, ProgrammingError)
_UNAVAILABLE = "the database cannot be reached or written; try again"


def parse_url(text: str) -> sa.URL:
    """Parse a database URL and set the site's driver. Raise `app.errors.SettingsError` for an unsupported one."""
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(f"DATABASE_URL is no address of a database; it looks like {_EXAMPLES}") from None
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(f"DATABASE_URL starts with {url.drivername!r}, which is not supported; use {_EXAMPLES}")
    if not url.database or url.database == ":memory:":
        raise SettingsError("DATABASE_URL names no file; leave it empty to keep everything in memory")
    return url.set(drivername="sqlite", database=str(Path(url.database).expanduser()))


def as_settings_error(url: sa.URL, cause: BaseException) -> SettingsError:
    """Return a one-line error without passwords that explains why the database cannot be used."""
    reason = first_line(cause)
    for secret in {str(url.password or ""), str(url.query.get("password", ""))} - {""}:
        reason = reason.replace(secret, "***")
    shown = url.set(query={}).render_as_string(hide_password=True)  # the query may contain a password, too
    return SettingsError(f"DATABASE_URL: cannot use {shown}: {reason}")


class Database:
    """A database engine. `url` None means SQLite in memory, with one connection that is locked from begin to commit."""

    def __init__(self, url: sa.URL | None) -> None:
        self.in_memory = url is None
        self._lock: Lock | None = None
        if url is None or url.drivername == "sqlite":
            memory = {"poolclass": StaticPool} if url is None else {"pool_timeout": CONNECT_TIMEOUT}
            connect = {"check_same_thread": False, "timeout": CONNECT_TIMEOUT}
            self._engine = sa.create_engine(url or "sqlite://", connect_args=connect, hide_parameters=True, **memory)
            self._reading = self._engine
            self._lock = Lock()  # writers of this process wait for this lock instead of polling
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_immediate)
        else:
            self._engine = sa.create_engine(
                url,
                connect_args=_timeouts(url),
                pool_size=10,
                max_overflow=10,
                pool_timeout=CONNECT_TIMEOUT,
                pool_pre_ping=True,
                hide_parameters=True,  # keeps reviews out of the log
            )
            self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection in autocommit mode: each statement is a transaction."""
        lock = self._lock if self.in_memory else None
        with _locked(lock), _translate_errors(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction, committed at the end of the block or rolled back on an exception."""
        deadline = monotonic() + WRITE_TIMEOUT
        with _locked(self._lock), _translate_errors(), self._engine.connect() as connection:
            connection.execution_options(write_deadline=deadline)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def take_lock(connection: sa.Connection, number: int, *, shared: bool = False) -> None:
    """Take an advisory lock until the transaction ends. SQLite, where one transaction writes at a time, needs none."""
    if connection.dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        connection.execute(sa.select(lock(number)))


@contextmanager
def _locked(lock: "Lock | None") -> Iterator[None]:
    if lock is None:
        yield
        return
    if not lock.acquire(timeout=WRITE_TIMEOUT):
        raise StoreUnavailable("another write takes too long; try again")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise `StoreUnavailable` for failures of the database; errors of the program are not changed."""
    try:
        yield
    except _PROGRAMMING_ERRORS:
        raise
    except DBAPIError as error:
        raise StoreUnavailable(_UNAVAILABLE) from error.orig
    except sqlite3.Error as error:  # from BEGIN, which SQLAlchemy does not wrap
        raise StoreUnavailable(_UNAVAILABLE) from error
    except PoolTimeout as error:
        raise StoreUnavailable("all connections to the database are busy; try again") from error


def _timeouts(url: sa.URL) -> dict[str, Any]:
    """Return psycopg's timeout parameters, except those set in the URL."""
    defaults = {
        "connect_timeout": CONNECT_TIMEOUT,
        "tcp_user_timeout": CONNECT_TIMEOUT * 1_000,
        "options": f"-c lock_timeout={WRITE_TIMEOUT}s -c idle_in_transaction_session_timeout=60s",
    }
    return {name: value for name, value in defaults.items() if name not in url.query}


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # sqlite3's implicit BEGIN comes too late: with the first change
    for pragma in (
        "journal_mode=WAL",  # readers do not wait for the writer
        "synchronous=FULL",  # commits survive a power cut, not only a killed process
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: sa.Connection) -> None:
    """Begin with SQLite's write lock: a transaction that upgrades from a read can fail.

    The busy timeout is disabled meanwhile, because SQLite's own wait blocks all greenlets of the process.
    """
    deadline = connection.get_execution_options().get("write_deadline")
    if deadline is None:  # a read-only connection
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while not _try_to_begin(driver, is_last=monotonic() >= deadline):
            sleep(RETRY_INTERVAL)
    finally:
        driver.execute(f"PRAGMA busy_timeout={CONNECT_TIMEOUT * 1_000}")


def _try_to_begin(driver: sqlite3.Connection, *, is_last: bool) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
