"""The site under test: gunicorn on a free loopback port, as `make run` starts it; stopped by its own process id."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import Connection

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN = 120


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
def running_site() -> Iterator[Site]:
    """The site, ready. SENTIMENT_*, WEB_THREADS and the like are passed on from the environment."""
    with tempfile.TemporaryDirectory() as instance, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environ = {
            **os.environ,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "INSTANCE_DIR": instance,
            "SECRET_KEY": "bench",
            "RATELIMIT_ENABLED": "0",
        }
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until_healthy(port, process, started)
            yield Site(port, process.pid, time.perf_counter() - started)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until_healthy(port: int, process: subprocess.Popen[bytes], started: float) -> None:
    while time.perf_counter() - started < START_WITHIN:
        if process.poll() is not None:
            raise SystemExit(f"the site did not start: gunicorn left with {process.returncode}")
        connection = Connection(port)
        try:
            if connection.get("/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    raise SystemExit(f"the site did not answer within {START_WITHIN} s")
