"""The part of the bundled model that knows n-grams: a softmax regression.

Every run of one to five letters of a text has a few weights, where it begins and ends counting as letters: the last
words often say most. A text's logits are the sum of the weights, divided by the square root of how many n-grams it
has. Only the n-grams that matter most are kept, so the rest of a text weighs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

LONGEST = 5  # letters
START, END = "\x02", "\x03"  # of a text
KEY_BITS = 30  # two n-grams share a key once in a billion; a text's n-gram that is not kept is taken for one 1 in 2,400

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, the usual multiplicative hash
_TEXT = np.uint64(KEY_BITS)
_BEYOND = "\0" * (LONGEST - 1)  # after the last text: letters of no n-gram
_LONGER = np.arange(LONGEST)[:, None]


def featurise(texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The distinct n-grams of each text, of 1..`LONGEST` code points from `START` to `END`: `(keys, texts)`, two arrays
    of one length.

    `keys` are hashes below 2**`KEY_BITS`, `texts` the index of the text each belongs to; sorted by text, then key.
    """
    marked = "".join(f"{START}{text}{END}" for text in texts) + _BEYOND
    codes = np.frombuffer(marked.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    size = len(codes) - len(_BEYOND)
    lengths = np.array([len(text) + 2 for text in texts], np.int64)
    text = np.arange(len(texts), dtype=np.uint64).repeat(lengths)
    left = lengths.cumsum().repeat(lengths) - np.arange(size)  # letters of its text from each on
    hashes, found = np.zeros(size, np.uint64), np.empty((LONGEST, size), np.uint64)
    for longer in range(LONGEST):
        hashes = (hashes ^ codes[longer : longer + size]) * _MIX  # wraps around, as hashes do
        hashes ^= hashes >> np.uint64(29)
        found[longer] = hashes
    pairs = (text << _TEXT | found * _MIX >> np.uint64(64 - KEY_BITS))[left > _LONGER]
    pairs.sort()
    first = np.ones(len(pairs), bool)
    np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
    pairs = pairs[first]
    return (pairs & np.uint64((1 << KEY_BITS) - 1)).astype(np.int32), (pairs >> _TEXT).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Ngrams:
    """`keys` (kept,) ascending; `weights` (kept, rank) int8; `projection` (rank, classes) turns their sum into logits;
    `bias` (classes,)."""

    keys: NDArray[np.int32]
    weights: NDArray[np.int8]
    projection: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def load(cls, file: Path) -> "Ngrams":
        """From a safetensors file, which holds the steps between keys instead of the keys.

        Raises OSError, KeyError, ValueError or safetensors' own error for a file that is not one of these."""
        tensors = load_file(file)
        keys = np.cumsum(tensors["steps"], dtype=np.int32)
        weights = np.asarray(tensors["weights"], np.int8)
        projection, bias = np.asarray(tensors["projection"], np.float32), np.asarray(tensors["bias"], np.float32)
        if len(keys) != len(weights) or weights.shape[1:] != projection.shape[:1] or projection.shape[1:] != bias.shape:
            raise ValueError("the shapes of its n-gram weights do not match")
        return cls(keys, weights, projection, bias)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Class logits, (texts, classes), of normalised texts."""
        keys, owners = featurise(texts)
        # Both are int32: of two types numpy would first copy all that are kept, each time.
        at = np.minimum(self.keys.searchsorted(keys), len(self.keys) - 1)
        known = self.keys[at] == keys
        at, owners = at[known], owners[known]
        ends = owners.searchsorted(np.arange(len(texts) + 1))  # owners ascend: where each text's n-grams begin
        running = np.zeros((len(at) + 1, self.weights.shape[1]), np.int64)
        self.weights[at].cumsum(axis=0, out=running[1:])
        sums, counts = running[ends[1:]] - running[ends[:-1]], ends[1:] - ends[:-1]
        scaled = (sums / np.sqrt(np.maximum(counts, 1))[:, None]).astype(np.float32)
        logits: NDArray[np.float32] = scaled @ self.projection + self.bias
        return logits
