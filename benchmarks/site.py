"""The servers under test, each a process of its own on a free loopback port, stopped by its process id."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.client import Connection, get

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN = 120
GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")


@dataclass(frozen=True)
class Site:
    port: int
    pid: int
    seconds_to_start: float

    def memory(self, key: str = "VmRSS") -> dict[str, float]:
        """Megabytes (10^6 bytes) of the master and its worker; pages both use count in each for
        VmRSS and VmHWM, once in all for Pss. Empty without /proc."""
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except FileNotFoundError:
            return {}
        return {"master": _megabytes(self.pid, key), "worker": sum(_megabytes(int(child), key) for child in children)}


def _megabytes(pid: int, key: str) -> float:
    file = "smaps_rollup" if key == "Pss" else "status"
    found = re.search(rf"^{key}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


@contextmanager
def running_site(prefix: Sequence[str] = (), **settings: str) -> Iterator[Site]:
    """The site as `make run` starts it, ready. SENTIMENT_* and the like are passed on from the
    environment, but for `settings`; `prefix` comes before the command (`taskset`)."""
    with tempfile.TemporaryDirectory() as instance:
        own = {"HOST": "127.0.0.1", "INSTANCE_DIR": instance, "SECRET_KEY": "bench", "RATELIMIT_ENABLED": "0"}
        with running([*prefix, *GUNICORN], "/healthz", own | settings) as site:
            yield site


@contextmanager
def running(
    command: Sequence[str], probe: str, settings: dict[str, str], within: float = START_WITHIN
) -> Iterator[Site]:
    """A server that is told its port by PORT, once it answers `probe` with 200, which it has `within` seconds for. What
    it prints is shown only if it does not start."""
    port = _free_port()
    with tempfile.TemporaryFile() as printed:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **settings, "PORT": str(port)},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_it_answers(port, probe, process, printed, within)
            yield Site(port, process.pid, time.perf_counter() - started)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_it_answers(
    port: int,
    probe: str,
    process: subprocess.Popen[bytes],
    printed: IO[bytes] | None = None,
    within: float = START_WITHIN,
) -> None:
    """Until `probe` is answered with 200; a server that never does ends the program, with what it printed."""
    until = time.monotonic() + within
    while time.monotonic() < until and process.poll() is None:
        connection = Connection(port)
        try:
            if connection.ask(get(probe))[0] == 200:
                return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    if printed:
        printed.seek(0)
        sys.stderr.write(printed.read().decode("utf-8", "replace"))
    state = f"left with {process.returncode}" if process.poll() is not None else f"is silent after {within:.0f} s"
    raise SystemExit(f"{process.args!r} did not start: it {state}")
