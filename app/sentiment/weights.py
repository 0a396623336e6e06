"""Tensors of a safetensors file as float32.

The bundled model's matrices are kept in eight bits, as `float8_e4m3fn` of https://arxiv.org/abs/2209.05433: torch and
transformers read that, numpy has no such type.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import deserialize

_KINDS = {"F16": "<f2", "F32": "<f4"}


def load_weights(file: Path) -> dict[str, NDArray[np.float32]]:
    """Its tensors by name. Raises OSError, safetensors' own error, or ValueError for a type that is none of ours."""
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, tensor in deserialize(file.read_bytes()):  # type: ignore[no-untyped-call]
        kind, data = tensor["dtype"], tensor["data"]
        if kind == "F8_E4M3":
            values = _EIGHT_BITS[np.frombuffer(data, np.uint8)]
        elif kind in _KINDS:
            values = np.frombuffer(data, _KINDS[kind]).astype(np.float32)
        else:
            raise ValueError(f"{name} is of type {kind}")
        tensors[name] = values.reshape(tensor["shape"])
    return tensors


def _eight_bits() -> NDArray[np.float32]:
    """The number that each byte stands for: a sign, four bits of exponent from -7 up, three bits of mantissa."""
    byte = np.arange(256)
    exponent, mantissa = byte >> 3 & 15, byte & 7
    size = np.where(exponent == 0, mantissa / 8 * 2.0**-6, (1 + mantissa / 8) * 2.0 ** (exponent - 7))
    size[byte & 127 == 127] = np.nan
    return np.where(byte < 128, size, -size).astype(np.float32)


_EIGHT_BITS = _eight_bits()
