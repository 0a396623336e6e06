"""Normalised texts as tensors, and the inputs that the networks compute from them: numbers of n-grams, and jamo.

A text is a row of character codes, padded with zeros.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

MAX_NGRAM, MAX_LENGTH = 5, 160  # characters, as in app.sentiment.bundled_model
MAX_CODE = 0xFFFF  # codes are stored in 16 bits
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Texts:
    """Texts on a device: their codes in one tensor, and their lengths, as features.py wrote them."""

    def __init__(self, codes: torch.Tensor, lengths: torch.Tensor) -> None:
        self.codes, self.lengths = codes, lengths
        self.starts = lengths.cumsum(0) - lengths

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray]) -> "Texts":
        codes = torch.from_numpy(arrays["codes"].astype(np.int32)).to(DEVICE)
        return cls(codes, torch.from_numpy(arrays["lengths"].astype(np.int64)).to(DEVICE))

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the codes of these rows, (rows, characters)."""
        starts, lengths = self.starts[rows], self.lengths[rows]
        places = torch.arange(max(1, int(lengths.max())), device=DEVICE)
        at = (starts[:, None] + places).clamp(max=len(self.codes) - 1)
        return self.codes[at] * (places < lengths[:, None])

    def batches(self, size: int, rows: torch.Tensor | None = None) -> Iterator[torch.Tensor]:
        """Yield groups of rows of similar length, of about `size` characters each, in random order."""
        rows = torch.arange(len(self), device=DEVICE) if rows is None else rows
        lengths = self.lengths[rows]
        order = (lengths + torch.rand(len(rows), device=DEVICE) * 4).argsort()
        rows, longest = rows[order], lengths[order].tolist()
        groups, at = [], 0
        while at < len(rows):
            end = min(len(rows), at + max(1, size // longest[at]))
            end = min(end, at + max(1, size // longest[end - 1]))
            groups.append((at, end))
            at = end
        for place in torch.randperm(len(groups)).tolist():
            at, end = groups[place]
            yield rows[at:end]


class Ngrams(nn.Module):
    """Lookup of the numbers of a vocabulary's n-grams, from 1, by their 64-bit hashes."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        factors = torch.randint(-(2**62), 2**62, (2, MAX_NGRAM), generator=generator) * 2 + 1
        codes = torch.zeros(len(vocabulary), MAX_NGRAM, dtype=torch.int64)
        sizes = torch.tensor([len(ngram) for ngram in vocabulary])
        for row, ngram in enumerate(vocabulary):
            codes[row, : len(ngram)] = torch.tensor([ord(character) for character in ngram])
        hashes, order = ((codes * factors[0]).sum(1) + factors[1][sizes - 1]).sort()
        self.register_buffer("factors", factors)
        self.register_buffer("hashes", hashes)
        self.register_buffer("numbers", order + 1)

    def __len__(self) -> int:
        return len(self.numbers)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the numbers of the n-grams that begin at each character, (rows, characters, 5); 0 if unknown."""
        padded = nn.functional.pad(codes, (0, MAX_NGRAM - 1)).long()
        windows = padded.unfold(1, MAX_NGRAM, 1)
        hashes = (windows * self.factors[0]).cumsum(2) + self.factors[1]
        at = torch.searchsorted(self.hashes, hashes).clamp(max=len(self) - 1)
        inside = windows.ne(0).cumprod(2)
        return self.numbers[at] * (self.hashes[at] == hashes) * inside


def jamo(codes: torch.Tensor) -> torch.Tensor:
    """Return initial, vowel and final of each character, (rows, characters, 3), from 1; zeros if it is no syllable."""
    at = codes.long() - 0xAC00
    parts = torch.stack([at // 588, at % 588 // 28, at % 28], 2) + 1
    return parts * ((at >= 0) & (at < 11_172))[..., None]


def arrays(texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the codes and lengths of texts, of which an empty one becomes ".".

    Characters beyond `MAX_CODE` are replaced by U+FFFD.
    """
    cut = [text[:MAX_LENGTH] or "." for text in texts]
    codes = np.frombuffer("".join(cut).encode("utf-32-le", "surrogatepass"), np.uint32)
    return {
        "codes": np.where(codes <= MAX_CODE, codes, 0xFFFD).astype(np.uint16),
        "lengths": np.array([len(text) for text in cut], np.uint8),
    }


def load(file: Path) -> dict[str, np.ndarray]:
    """Read all arrays of a file."""
    with np.load(file) as found:
        return dict(found)
