"""Models by Hugging Face id, from a hub on loopback.

Every start is a process of its own with a cache of its own, as the hub's client reads its environment once.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.models import Label
from app.sentiment import load
from app.settings import ROOT
from tests.gunicorn_site import free_port, running
from tests.sentiment import models
from tests.sentiment.hub import Hub, commit_of

pytestmark = pytest.mark.slow

ID = "matthewburke/korean_sentiment"
TIMEOUT = 90  # seconds, for a start that would never end
LOAD = """
import json, sys
from app.errors import ModelError
from app.sentiment import load
try:
    analyzer = load(sys.argv[1], sys.argv[2])
except ModelError as error:
    found = {"error": str(error)}
else:
    (sentiment,) = analyzer.analyze(["영화 정말 재미있다"])
    found = {"name": analyzer.card.name, "label": sentiment.label, "rating": sentiment.rating}
print(json.dumps(found))
"""
FETCH = """
import json, sys
from app.sentiment.process_setup import configure_process
configure_process()
from app.sentiment.hub import download
print(json.dumps({"folder": str(download(sys.argv[1], sys.argv[2] or "main"))}))
"""
Start = Callable[..., dict[str, Any]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def run(script: str, url: str, model: str = ID, revision: str = "") -> dict[str, Any]:
        unset = {"HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HTTP_PROXY", "http_proxy"}
        environ = {name: value for name, value in os.environ.items() if name not in unset}
        environ |= {"HF_HOME": str(tmp_path / "cache"), "HF_ENDPOINT": url}
        command = [sys.executable, "-c", script, model, revision]
        result = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=TIMEOUT)
        assert (result.returncode, result.stderr) == (0, "")
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    return run


@pytest.fixture(scope="module")
def positive_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A revision that labels every text LABEL_1."""
    return models.electra(tmp_path_factory.mktemp("positive_model"), bias=6)


@pytest.fixture(scope="module")
def negative_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A revision that labels every text LABEL_0; its tokenizer is only a vocab.txt."""
    return models.electra(tmp_path_factory.mktemp("negative_model"), bias=-6, fast=False)


def test_the_second_start_needs_no_hub(start: Start, positive_model: Path) -> None:
    with Hub({ID: {"main": positive_model}}) as hub:
        first = start(LOAD, hub.url)
    assert first.get("name") == ID, first
    assert first["label"] == Label.POSITIVE
    assert first["rating"] > 9
    assert any("pytorch_model.bin" in request for request in hub.requests)
    assert all("/resolve/" in request or "/cdn/" in request for request in hub.requests)  # nothing else is needed
    assert start(LOAD, hub.url) == first  # the hub is gone


def test_gunicorn_serves_a_model_from_the_hub(tmp_path: Path, positive_model: Path) -> None:
    with Hub({ID: {"main": positive_model}}) as hub:
        settings = {"SENTIMENT_MODEL": ID, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "cache")}
        with running(tmp_path, "from wsgi import app", **settings) as (_, address):
            body = json.dumps({"text": "재미있어요"}).encode()
            request = urllib.request.Request(  # noqa: S310 - loopback
                f"{address}/sentiment", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                assert json.load(answer)["sentiment_label"] == Label.POSITIVE


def test_a_cached_model_costs_a_request_and_starts_with_an_unresponsive_hub(start: Start, positive_model: Path) -> None:
    with Hub({ID: {"main": positive_model}}) as hub:
        folder = start(FETCH, hub.url)["folder"]
        hub.requests.clear()
        assert start(FETCH, hub.url)["folder"] == folder
        assert 1 <= len(hub.requests) <= 3
        assert set(hub.requests) == {f"HEAD /{ID}/resolve/main/config.json"}
        hub.silent_from = 0
        assert start(FETCH, hub.url)["folder"] == folder


def test_a_changed_model_is_downloaded_again(start: Start, positive_model: Path, negative_model: Path) -> None:
    with Hub({ID: {"main": positive_model}}) as hub:
        old = start(FETCH, hub.url)["folder"]
        hub.models[ID]["main"] = negative_model
        new = start(FETCH, hub.url)["folder"]
    assert (Path(old).name, Path(new).name) == (commit_of(positive_model), commit_of(negative_model))
    assert start(FETCH, hub.url)["folder"] == new


def test_a_revision_is_used_with_and_without_the_hub(start: Start, positive_model: Path, negative_model: Path) -> None:
    commit = commit_of(negative_model)
    with Hub({ID: {"main": positive_model, "refs/pr/1": negative_model}}) as hub:
        online = [start(FETCH, hub.url, revision=revision)["folder"] for revision in ("main", "refs/pr/1", commit)]
    offline = [start(FETCH, hub.url, revision=revision)["folder"] for revision in ("main", "refs/pr/1", commit)]
    assert offline == online
    assert [label_of(folder) for folder in online[:2]] == [Label.POSITIVE, Label.NEGATIVE]
    assert online[2] == online[1]


def test_safetensors_are_preferred(start: Start, tmp_path: Path) -> None:
    folder = models.roberta(tmp_path / "both")
    (folder / "pytorch_model.bin").write_bytes(b"never asked for")
    with Hub({ID: {"main": folder}}) as hub:
        start(FETCH, hub.url)
    assert not any("pytorch_model.bin" in request for request in hub.requests)


def test_weights_in_several_files_are_fetched(start: Start, tmp_path: Path) -> None:
    shards = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
    files = dict.fromkeys(("config.json", "vocab.txt", *shards.values()), "x")
    files["model.safetensors.index.json"] = json.dumps({"weight_map": shards})
    with Hub({ID: {"main": write_files(tmp_path / "sharded", files)}}) as hub:
        folder = start(FETCH, hub.url)["folder"]
    assert all(Path(folder, shard).is_file() for shard in shards.values())


def write_files(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_a_slow_download_is_not_a_timeout(start: Start, tmp_path: Path) -> None:
    files = {"config.json": "{}", "vocab.txt": "a", "pytorch_model.bin": "weights" * 50_000}
    with Hub({ID: {"main": write_files(tmp_path / "slow", files)}}, slow=True) as hub:
        folder = start(FETCH, hub.url)["folder"]
    assert Path(folder, "pytorch_model.bin").stat().st_size == 350_000


@pytest.mark.parametrize("silent_from", [0, 1, 5], ids=["at once", "after the first answer", "in the middle"])
def test_an_unresponsive_hub_is_a_timeout(start: Start, positive_model: Path, silent_from: int) -> None:
    with Hub({ID: {"main": positive_model}}, silent_from=silent_from) as hub:
        line = failure(start(LOAD, hub.url))
    assert "cannot be reached" in line and hub.url in line


def test_without_network_and_cache_the_start_fails(start: Start) -> None:
    line = failure(start(LOAD, f"http://127.0.0.1:{free_port()}"))
    assert "not in the cache" in line and "leave it empty for the bundled model" in line


def test_an_incomplete_cache_is_not_used(start: Start, positive_model: Path) -> None:
    with Hub({ID: {"main": positive_model}}) as hub:
        folder = start(FETCH, hub.url)["folder"]
    Path(folder, "pytorch_model.bin").unlink()
    assert "not in the cache" in failure(start(LOAD, hub.url))


@pytest.mark.parametrize(("model", "revision", "cause"), [
    ("nobody/nothing", "", "no such model"), ("some/gated", "", "HF_TOKEN"), (ID, "v9", "no revision v9"),
    ("some/weightless", "", "none of model.safetensors"), ("some/configless", "", "no config.json"),
    ("no id at all", "", "no such folder"), ("foo--bar", "", "check SENTIMENT_MODEL"),
    ("some/name.git", "", "check SENTIMENT_MODEL"), ("~nobody-of-that-name/x", "", "check SENTIMENT_MODEL"),
    ("a" * 300, "", "check SENTIMENT_MODEL"), ("/no/such/folder", "", "no such folder"),
    ("./no-folder", "", "no such folder"), ("../no-folder", "", "no such folder"),
])  # fmt: skip
def test_refused_ids_are_explained(
    start: Start, positive_model: Path, tmp_path: Path, model: str, revision: str, cause: str
) -> None:
    weightless, configless = write_files(tmp_path / "a", {"config.json": "{}"}), write_files(tmp_path / "b", {})
    folders = {ID: positive_model, "some/weightless": weightless, "some/configless": configless}
    with Hub({name: {"main": folder} for name, folder in folders.items()}, gated="some/gated") as hub:
        assert cause in failure(start(LOAD, hub.url, model, revision), model)


def failure(found: dict[str, Any], model: str = ID) -> str:
    """Return the one line of a start that failed."""
    line: str = found["error"]
    assert model in line
    assert "\n" not in line
    return line


def label_of(folder: str) -> Label:
    analyzer = load(folder)
    try:
        (sentiment,) = analyzer.analyze(["영화 정말 재미있다"])
    finally:
        analyzer.close()
    return sentiment.label
