"""Weights in eight bits are the numbers that torch takes them for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from app.sentiment.weights import load_weights


def test_every_byte_is_the_number_torch_takes_it_for(tmp_path: Path) -> None:
    eight = torch.arange(256).to(torch.uint8).view(torch.float8_e4m3fn)
    save_file({"eight": eight.reshape(16, 16), "half": torch.tensor([1.5, -2.0], dtype=torch.float16)}, tmp_path / "w")
    tensors = load_weights(tmp_path / "w")
    np.testing.assert_array_equal(tensors["eight"], eight.float().numpy().reshape(16, 16))
    assert np.array_equal(np.signbit(tensors["eight"].ravel()[:255]), np.arange(255) >= 128)
    assert tensors["half"].tolist() == [1.5, -2.0]
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float32)}


def test_other_types_and_files_are_refused(tmp_path: Path) -> None:
    save_file({"whole": torch.tensor([1])}, tmp_path / "w")
    with pytest.raises(ValueError, match="whole is of type I64"):
        load_weights(tmp_path / "w")
    (tmp_path / "w").write_bytes(b"{}")
    with pytest.raises(SafetensorError):
        load_weights(tmp_path / "w")
