"""Requirements, the Makefile, the container and its host."""

import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from flask import Flask
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from app.settings import ROOT, Settings

PIN_FILES = ("requirements.txt", "requirements-dev.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
FINAL_STAGE = DOCKERFILE[max(i for i, line in enumerate(DOCKERFILE) if line.startswith("FROM ")) :]
RENDER = yaml.safe_load((ROOT / "render.yaml").read_text(encoding="utf-8"))
SETTINGS = {field.metadata["env"] for field in fields(Settings)}
COMMAND = "gunicorn -c gunicorn.conf.py wsgi:app"
OLDEST_PYTHON = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"


def pins(file: str) -> dict[str, Requirement]:
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    requirements = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


PINS = {file: pins(file) for file in PIN_FILES}
ALL_PINS = {name: pin for file in PIN_FILES for name, pin in PINS[file].items()}


def test_every_requirement_is_pinned_once() -> None:
    for name, pin in ALL_PINS.items():
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), f"{name} is not pinned: {pin}"
    assert not PINS["requirements.txt"].keys() & PINS["requirements-dev.txt"].keys()
    assert "-r requirements.txt" in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("file", "ranges"),
    [("requirements.txt", PROJECT["project"]["dependencies"]), (PIN_FILES[1], PROJECT["dependency-groups"]["dev"])],
    ids=PIN_FILES,
)
def test_ranges_admit_the_pins(file: str, ranges: list[str]) -> None:
    for text in ranges:
        wanted = Requirement(text)
        pin = PINS[file][canonicalize_name(wanted.name)]
        (version,) = (specifier.version for specifier in pin.specifier)
        assert wanted.specifier and version in wanted.specifier, f"{text} does not admit {pin}"


def test_pins_are_installed_and_complete() -> None:
    """Requirements of pinned packages are pinned, except torch's GPU libraries, and support the oldest Python."""
    for name, pin in ALL_PINS.items():
        if pin.marker and not pin.marker.evaluate():
            continue
        found = importlib.metadata.distribution(name)
        assert found.version in pin.specifier, f"{name} {found.version} is installed, not {pin}: make setup"
        assert OLDEST_PYTHON in SpecifierSet(found.metadata["Requires-Python"] or ""), name
        for needed in map(Requirement, found.requires or []):
            if needed.marker and not needed.marker.evaluate({"extra": ""}):
                continue
            if name != "torch" or not re.match("nvidia|cuda|triton", needed.name):
                assert canonicalize_name(needed.name) in ALL_PINS, f"{name} brings {needed.name}, which is not pinned"


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make without the variables of an outer make."""
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "ARGS", "PYTHON", "TORCH_INDEX"}
    environ = {key: value for key, value in os.environ.items() if key not in outer} | {"no_proxy": "127.0.0.1"}
    return subprocess.run(["make", *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=60)


def test_help_lists_the_targets() -> None:
    listed = re.findall(r"^make (\S+) +\S", make(ROOT).stdout, re.MULTILINE)
    assert {"setup", "run", "demo", "test", "test-slow", "check", "fmt", "bench"} <= set(listed)
    for command in listed:
        assert make(ROOT, "--dry-run", command).returncode == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose programs in .venv log their arguments."""
    for name in ("Makefile", *PIN_FILES):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "pip", "gunicorn"):
        really = f'[ "$1" != -c ] || exec {sys.executable} "$@"\n' if name == "python" else ""
        (programs / name).write_text(f'#!/bin/sh\n{really}echo {name} "$@" >>log\n')
        (programs / name).chmod(0o755)
    return tmp_path


def run_make(project: Path, *words: str, cpu_index: str = "http://127.0.0.1:9") -> list[str]:
    """Return what make ran in the .venv; port 9 refuses connections."""
    (project / "log").write_text("")
    result = make(project, *words, f"cpu_index={cpu_index}")
    assert result.returncode == 0, result.stderr
    return (project / "log").read_text().splitlines()


@contextmanager
def serve(folder: Path, path: str) -> Iterator[int]:
    """Answer requests for this path; yield the server's port."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).touch()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_make_installs_changed_requirements_only(project: Path) -> None:
    assert [line.split()[-1] for line in run_make(project, "setup")] == ["requirements.txt"]
    assert run_make(project, "run") == [COMMAND]
    os.utime(project / "requirements.txt")
    assert run_make(project, "setup") == []
    installation, test = run_make(project, "test")
    assert installation.split()[-1] == "requirements-dev.txt"
    assert test == "python -m pytest -n 2 --dist worksteal -m not slow"
    assert run_make(project, "test", "ARGS=-k movie") == ["python -m pytest -n 2 --dist worksteal -m not slow -k movie"]
    assert run_make(project, "test-slow", "ARGS=-k movie") == ["python -m pytest -m slow -k movie"]
    assert run_make(project, "setup") == []
    with (project / "requirements.txt").open("a") as file:
        file.write("more==1\n")
    assert len(run_make(project, "run")) == 2
    assert len(run_make(project, "test")) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch comes without GPU libraries")
def test_make_uses_the_cpu_index_if_it_answers(project: Path) -> None:
    with serve(project, "cpu/torch/index.html") as port:
        index = f"http://127.0.0.1:{port}"
        (line,) = run_make(project, "setup", "TORCH_INDEX=", cpu_index=f"{index}/cpu")
        assert "--extra-index-url" not in line
        (line,) = run_make(project, "test", cpu_index=f"{index}/cpu")[:1]
        assert f"--extra-index-url {index}/cpu -r requirements-dev.txt" in line
        (project / "requirements.txt").write_text("more==1\n")
        (line,) = run_make(project, "setup", cpu_index=f"{index}/broken")
        assert "--extra-index-url" not in line
        (project / "requirements.txt").write_text("more==2\n")
        (line,) = run_make(project, "setup", "TORCH_INDEX=https://wheels.example/cpu")
        assert "--extra-index-url https://wheels.example/cpu -r requirements.txt" in line


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch comes without GPU libraries")
def test_make_does_not_wait_for_an_unresponsive_index(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (line,) = run_make(project, "setup", cpu_index=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "--extra-index-url" not in line


def test_make_refuses_an_old_python(project: Path) -> None:
    shutil.rmtree(project / ".venv")
    result = make(project, "setup", "PYTHON=false")
    assert result.returncode != 0
    assert "Python 3.11 or newer is needed" in result.stderr
    assert not (project / ".venv").exists()


def copied() -> list[str]:
    """Return the files that the final stage copies from the checkout."""
    copies = [line.split()[1:-1] for line in FINAL_STAGE if line.startswith("COPY ") and "--from=" not in line]
    return [source for sources in copies for source in sources]


def test_the_container_starts_with_its_environment() -> None:
    environ = dict(pair.split("=", 1) for line in FINAL_STAGE if line.startswith("ENV ") for pair in line.split()[1:])
    assert Settings.from_env(environ).has_password


def test_the_container_copies_existing_files() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in allowed
    for source in (*copied(), "requirements.txt"):
        assert (ROOT / source).exists(), source
        assert f"!{source}" in allowed
    assert {"app", "templates", "static", "wsgi.py", "gunicorn.conf.py"} == set(copied())


def test_the_containers_health_check_uses_its_port(tmp_path: Path) -> None:
    (line,) = (line for line in FINAL_STAGE if line.startswith("HEALTHCHECK "))
    python, *arguments = json.loads(line.split("CMD ", 1)[1])
    assert python == "python"
    with serve(tmp_path, "healthz") as port:
        environ = {**os.environ, "PORT": str(port)}
        assert subprocess.run([sys.executable, *arguments], env=environ, timeout=30).returncode == 0
    dead = subprocess.run([sys.executable, *arguments], env=environ, capture_output=True, timeout=30)
    assert dead.returncode != 0


def test_the_host_runs_one_small_instance(app: Flask) -> None:
    (service,) = RENDER["services"]
    assert (service["runtime"], service["plan"], service["numInstances"]) == ("docker", "starter", 1)
    assert service["healthCheckPath"] in {rule.rule for rule in app.url_map.iter_rules()}
    given = {variable["key"]: variable for variable in service["envVars"]}
    assert given.keys() <= SETTINGS
    assert given["SECRET_KEY"]["generateValue"] is True
    assert given["ADMIN_PASSWORD"]["generateValue"] is True
    Settings.from_env({key: variable["value"] for key, variable in given.items() if "value" in variable})


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_catalogues_are_compiled(tmp_path: Path, file: str) -> None:
    command = re.search(r"pybabel (-q compile .+)", (ROOT / file).read_text(encoding="utf-8"))
    assert command
    catalogue = Path("app/translations/en/LC_MESSAGES/messages.po")
    (tmp_path / catalogue).parent.mkdir(parents=True)
    shutil.copy(ROOT / catalogue, tmp_path / catalogue)
    compiled = tmp_path / catalogue.with_suffix(".mo")
    arguments = command[1].replace("$<", str(catalogue)).replace("$@", str(compiled)).split()
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *arguments], check=True, cwd=tmp_path)
    assert compiled.stat().st_size > 10_000
