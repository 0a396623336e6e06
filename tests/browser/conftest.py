"""The real site behind a loopback port, and headless Chromium in front of it.

The site runs as it does for users: under gunicorn, with the bundled model. Whatever a test does, the page may not
complain or ask another host.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.settings import ROOT

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
START_SECONDS = 60
expect.set_options(timeout=15_000)  # for a machine with other things to do


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running site; its movies are shared by all tests here."""
    folder = tmp_path_factory.mktemp("instance")
    yield from _under_gunicorn(folder)


@pytest.fixture(scope="module")
def empty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site that nobody has used yet."""
    yield from _under_gunicorn(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with the demo's movies and reviews in it; tests post more in a minute than one person may."""
    yield from _under_gunicorn(tmp_path_factory.mktemp("demo"), DEMO="1", RATELIMIT_ENABLED="0")


def _under_gunicorn(folder: Path, **more: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    settings = {"HOST": "127.0.0.1", "PORT": str(port), "INSTANCE_DIR": str(folder), **more}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | settings) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/healthz", process)
            yield address
        finally:
            process.terminate()


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"the site ended with exit code {process.returncode} before it answered"
        try:
            with urlopen(address, timeout=5):  # noqa: S310  # our own loopback address
                return
        except OSError:  # refused, or accepted by a site that still loads its model
            time.sleep(0.1)
    raise AssertionError(f"the site did not answer within {START_SECONDS} seconds")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).is_file():
        reason = f"no Chromium at {CHROMIUM}: install it (Debian: apt-get install chromium), or say where in CHROMIUM"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[OpenPage]:
    """Opens pages of the site; fails the test when one complains, or asks another host for something.

    `complaints_expected` is for tests that break something on purpose.
    """
    complaints: list[str] = []
    contexts = []

    def open_(path: str = "/", *, width: int = 1280, scripts: bool = True, complaints_expected: bool = False) -> Page:
        context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": 800},
            java_script_enabled=scripts,
            locale="ko-KR",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if not complaints_expected:
            page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if _is_ours(asked.url, site) else complaints.append(f"asked {asked.url}"))
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _is_ours(address: str, site: str) -> bool:
    return urlsplit(address).scheme == "data" or urlsplit(address).netloc == urlsplit(site).netloc
