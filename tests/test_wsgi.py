"""The entry file under gunicorn and flask: starts, failed starts and stops."""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.sentiment.worker import MAX_WAIT_SECONDS
from app.settings import ROOT
from tests.gunicorn_site import FAKE_SITE, GUNICORN, STARTS_WITHIN, environment, free_port, running

FLASK = [sys.executable, "-m", "flask", "--app", "wsgi", "run"]
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what open mode refuses
SLOW_SITE = """
import time
from app.factory import create_app
from app.models import Label, ModelCard, Sentiment
from app.sentiment.explanation import Prediction
from app.sentiment.worker import QueuedAnalyzer

def predict(texts):
    time.sleep(0.02 * len(texts))
    return [Prediction(Sentiment(Label.POSITIVE, 0.9, 9.0), 2.0) for _ in texts]

app = create_app(analyzer=QueuedAnalyzer(ModelCard("slow"), lambda: predict))
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", [[*GUNICORN, "wsgi:app"], FLASK], ids=["gunicorn", "flask"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTIMENT_MODEL", "/nonexistent"),
        ("IMPORT_MAX", "none"),
        ("DATABASE_URL", "sqlite:////nonexistent/reviews.db"),
    ],
)
def test_a_failed_start_prints_one_line(tmp_path: Path, command: list[str], name: str, value: str) -> None:
    environ = environment(tmp_path, PORT=str(free_port()), **{name: value})
    result = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=STARTS_WITHIN)
    assert result.returncode != 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("gampyeong: ")
    assert value in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "named"),
    [
        ([*GUNICORN, "wsgi:app", "-b", f"{EVERYWHERE}:0"], EVERYWHERE),
        ([*GUNICORN, "wsgi:app", "-b", "127.0.0.1:0", "-b", "[::]:0"], "::"),
        ([*GUNICORN, "wsgi:app", "-b", "unix:site.sock"], "site.sock"),
        ([*FLASK, "--host", EVERYWHERE, "--port", "0"], EVERYWHERE),
    ],
    ids=["gunicorn", "gunicorn, two", "unix", "flask"],
)
def test_open_mode_does_not_start_on_public_addresses(tmp_path: Path, command: list[str], named: str) -> None:
    assert_start_refused(command, environment(tmp_path), named)


def test_open_mode_checks_inherited_sockets(tmp_path: Path) -> None:
    with socket.create_server((EVERYWHERE, 0)) as handed:
        shell = f"exec 3<&{handed.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec " + " ".join([*GUNICORN, "wsgi:app"])
        assert_start_refused(["bash", "-c", shell], environment(tmp_path), EVERYWHERE, pass_fds=(handed.fileno(),))


def assert_start_refused(command: list[str], environ: dict[str, str], named: str, **more: Any) -> None:
    result = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=STARTS_WITHIN, **more
    )
    assert result.returncode != 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("gampyeong: ")
    assert named in line
    assert "ADMIN_PASSWORD" in line


def test_the_site_starts_answers_and_stops(tmp_path: Path) -> None:
    with running(tmp_path, FAKE_SITE) as (process, address):
        with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        assert len(psutil.Process(process.pid).children()) == 1
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        assert [json.loads(line)["path"] for line in rest.splitlines()] == ["/healthz"]


@pytest.mark.slow
def test_a_stop_answers_waiting_requests(tmp_path: Path) -> None:
    with running(tmp_path, SLOW_SITE, LOG_LEVEL="off") as (process, address):
        clients = [HTTPConnection(address.removeprefix("http://"), timeout=30) for _ in range(40)]
        for number, client in enumerate(clients):
            body = json.dumps({"text": f"리뷰 {number}"})
            client.request("POST", "/sentiment", body.encode(), {"Content-Type": "application/json"})
        assert status_of(clients[0]) == 200
        process.send_signal(signal.SIGTERM)
        assert [status_of(client) for client in clients[1:]] == [200] * 39
        rest, _ = process.communicate(timeout=30)
        assert (process.returncode, rest) == (0, "")


def status_of(client: HTTPConnection) -> int:
    """Read the response; return its status."""
    with closing(client), client.getresponse() as answer:
        answer.read()
        return answer.status


def configuration(monkeypatch: pytest.MonkeyPatch, **settings: str) -> dict[str, Any]:
    monkeypatch.setattr(os, "environ", dict(settings))
    return runpy.run_path(str(ROOT / "gunicorn.conf.py"))


def test_configuration_is_one_process_with_greenlets(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configuration(monkeypatch, WEB_CONCURRENCY="4")
    assert (found["workers"], found["worker_class"]) == (1, "app.gevent_worker.SiteWorker")
    assert (found["preload_app"], found["max_requests"], found["control_socket_disable"]) == (False, 0, True)
    assert found["graceful_timeout"] > MAX_WAIT_SECONDS


@pytest.mark.parametrize(
    ("host", "bind"),
    [("0.0.0.0", "0.0.0.0:81"), ("::1", "[::1]:81"), ("localhost", "localhost:81")],  # noqa: S104
)
def test_configuration_binds_to_host_and_port(monkeypatch: pytest.MonkeyPatch, host: str, bind: str) -> None:
    assert configuration(monkeypatch, HOST=host, PORT="81")["bind"] == bind
