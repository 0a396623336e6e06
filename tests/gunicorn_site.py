"""Sites under gunicorn, with a fake model, on a loopback port."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from app.settings import ROOT, Settings

GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"]
STARTS_WITHIN = 60  # seconds; only a start that hangs takes so long
FAKE_SITE = """
from app.factory import create_app
from app.models import Label, ModelCard, Sentiment

class Fake:
    card = ModelCard("fake")

    def analyze(self, texts):
        return [Sentiment(Label.POSITIVE, 0.9, 9.0) for _ in texts]

    def check(self):
        pass

app = create_app(analyzer=Fake())
"""


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return the environment with these settings only."""
    others = {field.metadata["env"] for field in fields(Settings)} | {"GUNICORN_CMD_ARGS", "FLASK_APP", "FLASK_DEBUG"}
    kept = {key: value for key, value in os.environ.items() if key not in others}
    return {**kept, "INSTANCE_DIR": str(folder), **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, code: str, *options: str, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a site under gunicorn with its options and settings; yield its process and its URL."""
    (folder / "site_of_test.py").write_text(code, encoding="utf-8")
    port = free_port()
    environ = environment(folder, PORT=str(port), PYTHONPATH=str(folder), WEB_CONCURRENCY="4", **settings)
    process = subprocess.Popen(
        [*GUNICORN, *options, "site_of_test:app"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(STARTS_WITHIN, process.kill)  # ends a start that hangs
    watchdog.start()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"gampyeong: http://127.0.0.1:{port}\n"
        watchdog.cancel()
        yield process, f"http://127.0.0.1:{port}"
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate(timeout=30)
