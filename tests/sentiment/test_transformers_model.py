"""Loading of model folders; test_hub.py is about ids."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.models import Label
from app.sentiment.worker import QueuedAnalyzer
from app.settings import ROOT
from tests.sentiment import models
from tests.sentiment.conftest import refusal

pytestmark = pytest.mark.slow

Loaded = Callable[[Path], QueuedAnalyzer]
OFFLINE = """
import socket, sys

def refuse(*arguments, **_):
    sys.stderr.write(f"the network was asked: {arguments}\\n")
    raise OSError("no network")

for name in ("connect", "connect_ex", "sendto", "bind"):
    setattr(socket.socket, name, refuse)
socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse
from app.sentiment import load
analyzer = load(sys.argv[1])
print(analyzer.analyze(["영화 정말 재미있다"])[0].label)
"""


@pytest.fixture
def broken(stars_folder: Path, tmp_path: Path) -> Path:
    """A copy of a valid folder, for tests to damage."""
    return shutil.copytree(stars_folder, tmp_path / "broken")


def test_star_model_loads_in_full_precision(stars: QueuedAnalyzer, stars_folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    from app.sentiment.transformers_model import load_transformers_model

    assert stars.card.name == stars_folder.name
    stored = load_file(stars_folder / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    model = load_transformers_model(stars_folder)
    assert {weights.dtype for weights in model.network.parameters()} == {torch.float32}
    assert model.predict(["재미있다"]) == model.predict(["재미있다"])  # without dropout


@pytest.mark.parametrize("fast", [True, False], ids=["tokenizer.json", "vocab.txt"])
@pytest.mark.parametrize(("bias", "label"), [(-6, Label.NEGATIVE), (6, Label.POSITIVE)])
def test_electra_in_a_bin_file_loads(loaded: Loaded, tmp_path: Path, fast: bool, bias: int, label: Label) -> None:
    folder = models.electra(tmp_path / "electra", bias=bias, fast=fast)
    assert not (folder / "model.safetensors").exists()
    (sentiment,) = loaded(folder).analyze(["영화 정말 재미있다"])
    assert sentiment.label is label
    assert sentiment.score > 0.9


def test_safetensors_are_preferred_to_a_bin_file(loaded: Loaded, broken: Path) -> None:
    (broken / "pytorch_model.bin").write_bytes(b"never read")
    assert loaded(broken).analyze(["영화"])


def test_pickled_code_is_not_executed(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    folder = models.electra(tmp_path / "electra")
    import torch

    torch.save({"weights": Trap()}, folder / "pytorch_model.bin")
    assert "weights cannot be loaded" in refusal(folder)
    assert not (tmp_path / "sprung").exists()


def test_code_in_the_folder_is_not_executed(broken: Path) -> None:
    (broken / "modeling.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    models.change_config(broken, model_type="own", auto_map={"AutoConfig": "modeling.C", "AutoModel": "modeling.M"})
    refusal(broken)


def test_loading_a_folder_needs_no_network(stars_folder: Path, tmp_path: Path) -> None:
    environ = os.environ | {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", OFFLINE, str(stars_folder)]
    result = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=90)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip() in set(Label)


@pytest.mark.parametrize(
    ("file", "cause"),
    [("config.json", "config.json"), ("model.safetensors", "weights"), ("tokenizer.json", "tokenizer")],
)
def test_missing_and_damaged_files_are_refused(broken: Path, file: str, cause: str) -> None:
    content = (broken / file).read_bytes()
    (broken / file).write_bytes(content[: len(content) // 2])
    assert cause in refusal(broken)
    (broken / file).write_text("[]", encoding="utf-8")
    assert cause in refusal(broken)
    (broken / file).unlink()
    assert cause in refusal(broken)


@pytest.mark.parametrize(("changes", "cause"), [
    ({"id2label": {0: "joy", 1: "anger"}}, "joy, anger"),
    ({"id2label": {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}}, "LABEL_0, LABEL_1, LABEL_2"),
    ({"id2label": {"a": "b"}}, "config.json"), ({"model_type": "unheard_of"}, "unheard_of"),
    ({"sentiment": {"threshold": 2}}, "threshold is 2"),
])  # fmt: skip
def test_invalid_configs_are_refused(broken: Path, changes: dict[str, Any], cause: str) -> None:
    models.change_config(broken, **changes)
    assert cause in refusal(broken)


def test_the_calibration_is_applied(loaded: Loaded, stars: QueuedAnalyzer, broken: Path) -> None:
    models.change_config(broken, sentiment={"threshold": 0.999999, "temperature": 1})
    texts = ["재미있다", "최고 영화", "지루해요", "연기가 정말 최악"]
    assert {sentiment.label for sentiment in loaded(broken).analyze(texts)} == {Label.NEGATIVE}
    assert max(sentiment.rating for sentiment in loaded(broken).analyze(texts)) < 5
    assert stars.analyze(texts) != loaded(broken).analyze(texts)


def test_a_model_without_a_classifier_is_refused(tmp_path: Path) -> None:
    folder = models.electra(tmp_path / "electra")
    import torch

    weights = torch.load(folder / "pytorch_model.bin", weights_only=True)
    base = {name: tensor for name, tensor in weights.items() if not name.startswith("classifier")}
    torch.save(base, folder / "pytorch_model.bin")
    assert "classifier" in refusal(folder)


def test_missing_folders_and_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    assert "no such folder" in refusal(tmp_path / "nothing")
    assert "not a number" in refusal(models.electra(tmp_path / "electra", bias=float("nan")))


def test_the_tokenizer_of_another_model_is_refused(broken: Path) -> None:
    tokenizer = json.loads((broken / "tokenizer.json").read_text("utf-8"))
    tokenizer["model"]["vocab"] += [[f"가{number}", -9.0] for number in range(100)]
    (broken / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    assert "do not match" in refusal(broken)
