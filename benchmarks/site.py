"""Servers for measurements, each a process group on a free loopback port; options and tables of the commands."""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import get, send

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 120.0  # seconds
GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")
SETTINGS = {"HOST": "127.0.0.1", "SECRET_KEY": "benchmark", "RATELIMIT_ENABLED": "0", "LOG_LEVEL": "error"}


@dataclass(frozen=True)
class Site:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    seconds_to_start: float

    def worker_pid(self) -> int:
        """Return the process id of gunicorn's worker."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def memory(self, key: str = "VmRSS") -> float:
        """Return the resident megabytes of master and worker (VmHWM: their peaks); 0 without /proc."""
        with suppress(FileNotFoundError):
            texts = [Path(f"/proc/{pid}/status").read_text() for pid in (self.process.pid, self.worker_pid())]
            return sum(int(re.findall(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)[0]) * 1024 / 1e6 for text in texts)
        return 0.0

    def kill_group(self) -> None:
        """Kill every process of the server with SIGKILL."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def parse_options(description: str | None, **defaults: object) -> argparse.Namespace:
    """Parse command-line options with these names, types and defaults; False is a flag."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        if default is False:
            parser.add_argument(f"--{name}", action="store_true")
        else:
            parser.add_argument(f"--{name}", type=type(default), default=default, metavar=repr(default))
    return parser.parse_args()


def print_row(*cells: object) -> None:
    """Print a row of a table in Markdown."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


@contextmanager
def running_site(**settings: str) -> Iterator[Site]:
    """Run the site as `make run` does, with the environment's settings and these."""
    with tempfile.TemporaryDirectory() as instance:
        with running(GUNICORN, "/healthz", SETTINGS | {"INSTANCE_DIR": instance} | settings) as site:
            yield site


@contextmanager
def running(command: Sequence[str], probe: str, settings: dict[str, str]) -> Iterator[Site]:
    """Run a server that reads its port from PORT; wait until it answers `probe` with 200."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environ, started = {**os.environ, **settings, "PORT": str(port)}, time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while not _answers(port, probe):
                if process.poll() is not None or time.perf_counter() - started > START_TIMEOUT:
                    output.seek(0)
                    raise SystemExit(f"{command} did not start:\n{output.read().decode('utf-8', 'replace')}")
                time.sleep(0.02)
            yield Site(port, process, time.perf_counter() - started)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            Site(port, process, 0.0).kill_group()


def _answers(port: int, path: str) -> bool:
    with suppress(OSError):
        return send(port, get(path))[0] == 200
    return False
