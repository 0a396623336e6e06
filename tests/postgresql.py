"""A PostgreSQL server with a new cluster in a temporary folder, on a socket there and a loopback port."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.gunicorn_site import free_port

BIN = Path("/usr/lib/postgresql/15/bin")
START_WITHIN = 60  # seconds


class Server:
    """A cluster that can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self.port = free_port()
        self._databases = 0
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres")
        password = folder / "password"
        password.write_text("secret-of-tests", encoding="utf-8")
        password.chmod(0o644)
        self._run(BIN / "initdb", "-D", self._data, "-U", "site", "-A", "scram-sha-256", "--pwfile", password,
                  "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} -c fsync=off"
        log = self._folder / "log"
        self._run(BIN / "pg_ctl", "-D", self._data, "-l", log, "-w", "-t", START_WITHIN, "-o", options, "start")

    def stop(self) -> None:
        """Stop the server and close its connections, as a restart does."""
        self._run(BIN / "pg_ctl", "-D", self._data, "-w", "-m", "fast", "stop")

    def kill(self) -> None:
        """Stop the server as a crash does: it recovers from its log at the next start."""
        self._run(BIN / "pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://site:secret-of-tests@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Create a database; return its URL."""
        self._databases += 1
        self.execute(f"CREATE DATABASE site_{self._databases}")
        return self.url(f"site_{self._databases}")

    def execute(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(self.url(database).replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())

    def remove(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.kill()
        shutil.rmtree(self._folder)

    def _run(self, *command: object) -> None:
        who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(
            [str(part) for part in command],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=2 * START_WITHIN,
            **who,
        )


def start_server() -> Server:
    """Start a server. Without PostgreSQL skip the test, or fail it in CI."""
    if not (BIN / "initdb").exists():
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"there is no PostgreSQL 15 in {BIN}")
    folder = Path(tempfile.mkdtemp(prefix="gampyeong-postgresql-"))  # short: a socket's path has at most 107 bytes
    server = Server(folder)
    server.start()
    return server
