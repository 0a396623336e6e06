"""The id of a model, a hash of its files."""

import shutil
from pathlib import Path

from app.sentiment import BUNDLED
from app.sentiment.model_card import read_card


def test_the_id_is_a_hash_of_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(BUNDLED, folder)
    first = read_card("bundled", BUNDLED)
    assert first.id.startswith("bundled@")
    assert len(first.id) == len("bundled@") + 12
    assert read_card(str(folder), folder).id == first.id.replace("bundled@", "mine@")
    (folder / "README.md").write_text("another card", encoding="utf-8")
    assert read_card("bundled", folder).id == first.id
    weights = bytearray((folder / "network.onnx").read_bytes())
    weights[-1] ^= 1
    (folder / "network.onnx").write_bytes(weights)
    trained = read_card("bundled", folder).id
    assert trained != first.id
    (folder / "config.json").write_text("{}", encoding="utf-8")
    assert read_card("bundled", folder).id not in (first.id, trained)
