"""Connections: pooled, and made anew when the database went and came back. Its failures become `Unavailable`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import BoundedSemaphore, Lock
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InvalidatePoolError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import ConnectionPoolEntry

from app.errors import Unavailable

CONNECT_WITHIN = 5
"""Seconds to wait for a server, or for a connection that another thread has."""
WRITE_WITHIN = 15
"""Seconds to wait for whoever is writing: somebody's import takes so long."""
PATIENT_MOST = 16
"""How many may wait for longer than a second: each holds a thread that others want."""
_FRESH = 0.1
"""Seconds after its last use for which a connection is taken to be still there."""
_RETRY_SECONDS = 0.01
_USED = "used"
_POOLED, _MORE = 10, 10  # a server of PostgreSQL's lets 100 in; statements are short, and threads take turns
_OURS = (IntegrityError, DataError, ProgrammingError)
"""What would be our own mistake, not the database's: nobody is told to try again."""
_LOST = "the database cannot be reached or written; try again"


class Database:
    """One database: any number of readers, and one writer at a time."""

    def __init__(self, address: URL) -> None:
        self.is_sqlite = address.drivername == "sqlite"
        self._engine = create_engine(
            address,
            connect_args={"timeout": WRITE_WITHIN} if self.is_sqlite else _patience(address),
            pool_size=_POOLED,
            max_overflow=_MORE,
            pool_timeout=CONNECT_WITHIN,
            hide_parameters=True,  # what people write is not for the log
        )
        self._reading = self._engine if self.is_sqlite else self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = self._engine.execution_options(writes=True)
        self._turn = Lock()
        self._patient = BoundedSemaphore(PATIENT_MOST)
        self._deadline = 0.0
        """Until when the one whose turn it is may wait for other processes, as of `time.monotonic()`."""
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", self._begin_sqlite)
        else:  # a server restarts and forgets its connections; a file does not
            event.listen(self._engine, "connect", _note_use)
            event.listen(self._engine, "checkin", _note_use)
            event.listen(self._engine, "checkout", self._knock)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which every statement stands for itself."""
        with _failures(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back by what the block raises."""
        deadline = monotonic() + WRITE_WITHIN
        self._wait_for_turn()
        self._deadline = deadline
        try:
            with _failures(), self._writing.begin() as connection:
                yield connection
        finally:
            self._turn.release()

    def close(self) -> None:
        self._engine.dispose()

    def _wait_for_turn(self) -> None:
        if self._turn.acquire(timeout=1):
            return
        if self._patient.acquire(blocking=False):
            try:
                if self._turn.acquire(timeout=WRITE_WITHIN - 1):
                    return
            finally:
                self._patient.release()
        raise Unavailable("somebody else has been writing for long; try again")

    def _begin_sqlite(self, connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            self._lock_sqlite(connection)

    def _lock_sqlite(self, connection: Connection) -> None:
        """Take the write lock at the begin: two transactions that wait for it halfway are a deadlock.

        SQLite's own wait (its busy timeout) would stop gevent's event loop, and with it the whole site.
        """
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as error:
                is_busy = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
                if not is_busy or monotonic() > self._deadline:
                    raise
                sleep(_RETRY_SECONDS)

    def _knock(self, connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        """Tries a connection that nobody used just now: a round trip, and not for each request of a busy site."""
        if monotonic() - record.info.get(_USED, -inf) < _FRESH:
            return
        try:
            self._engine.dialect.do_ping(connection)
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # the pool makes another, and forgets all that are as old


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """What is executed in the block, and nobody looks at the answers of, travels to a server in one round trip."""
    driven: Any = connection.connection.driver_connection
    if not hasattr(driven, "pipeline"):
        yield
        return
    errors = connection.dialect.loaded_dbapi
    try:
        with driven.pipeline():
            yield
    except (errors.IntegrityError, errors.DataError, errors.ProgrammingError):
        raise
    except errors.Error as error:  # comes from the end of the block, past SQLAlchemy
        raise Unavailable(_LOST) from error


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except _OURS:
        raise
    except DBAPIError as error:
        raise Unavailable(_LOST) from error.orig
    except NoConnection as error:
        raise Unavailable("all connections to the database are busy; try again") from error


def _patience(address: URL) -> dict[str, Any]:
    """How long to wait for a server that does not answer; what the address itself says goes first."""
    wanted = {
        "connect_timeout": CONNECT_WITHIN,
        "tcp_user_timeout": CONNECT_WITHIN * 1_000,
        "options": f"-c lock_timeout={WRITE_WITHIN}s -c idle_in_transaction_session_timeout=60s",
    }
    return {name: value for name, value in wanted.items() if name not in address.query}


def _note_use(_: Any, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = monotonic()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the module's own BEGIN comes too late: with the first change
    for pragma in (
        "journal_mode=WAL",  # readers do not wait for the writer
        "synchronous=FULL",  # what was committed outlives a power cut, too, not only a killed process
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
