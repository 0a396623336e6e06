"""The network for training and for export.

For each character the embeddings of the n-grams that begin there, and of its initial, vowel and final, are added up.
Gated convolutions (https://arxiv.org/abs/1612.08083) over five characters are applied to the sums. The ten stars'
logits are computed from the maximum of their output over the text, its sum divided by the root of the text's length,
and the same sum of the n-grams alone.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

STARS = 10
SPREAD = 0.6  # stars, by which the star of the author counts for those beside it
JAMO = (20, 22, 29)  # initials, vowels and finals, and 0 for none
NEGATIVE, POSITIVE = slice(0, 4), slice(8, 10)  # stars 1-4 and 9-10, as NSMC counts them


class Gated(nn.Module):
    """A convolution over an odd number of characters, half of whose outputs are gates of the others."""

    def __init__(self, width: int, hidden: int, size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, 2 * hidden, size, padding=size // 2)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return functional.glu(self.convolution(states), 1)


class Network(nn.Module):
    """Star logits, (rows, stars), of n-grams (rows, characters, 5), jamo (rows, characters, 3) and their mask."""

    def __init__(self, ngrams: int, dim: int, hidden: int, sizes: Sequence[int] = (5, 5)) -> None:
        super().__init__()
        self.sizes = ngrams, dim, hidden, sizes
        self.ngrams = nn.Embedding(ngrams, dim, padding_idx=0)
        self.jamo = nn.ModuleList(nn.Embedding(count, dim, padding_idx=0) for count in JAMO)
        for embedding in (self.ngrams, *self.jamo):
            nn.init.normal_(embedding.weight, 0, 0.1)
            embedding.weight.data[0] = 0
        self.layers = nn.ModuleList(Gated(dim if not at else hidden, hidden, size) for at, size in enumerate(sizes))
        self.dropout_inside, self.dropout = nn.Dropout(0.1), nn.Dropout(0.2)
        self.out = nn.Linear(2 * hidden + dim, STARS)

    def forward(self, ngrams: torch.Tensor, jamo: torch.Tensor, mask: torch.Tensor, hide: float = 0.0) -> torch.Tensor:
        """Return star logits; `hide` is the share of n-grams that is masked in training."""
        if hide:
            ngrams = ngrams * (torch.rand(ngrams.shape, device=ngrams.device) >= hide)
        return self.read(self.sums(ngrams), jamo, mask)

    def sums(self, ngrams: torch.Tensor) -> torch.Tensor:
        """Return the sum of the n-grams that begin at each character, (rows, characters, dim)."""
        return self.ngrams(ngrams).sum(2)

    def read(self, sums: torch.Tensor, jamo: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        mask = mask[:, None]
        root = mask.sum(2).clamp(min=1).sqrt()
        sums = sums.transpose(1, 2) * mask
        parts = sum(embedding(jamo[..., place]) for place, embedding in enumerate(self.jamo))
        first, *others = self.layers
        found = first(self.dropout_inside(sums + parts.transpose(1, 2) * mask)) * mask
        for layer in others:
            found = found + layer(self.dropout_inside(found)) * mask
        pooled = [(found + (mask - 1) * 1e4).amax(2), found.sum(2) / root, sums.sum(2) / root]
        return self.out(self.dropout(torch.cat(pooled, 1)))


def near_stars() -> torch.Tensor:
    """Return the targets for each star, (stars, stars): the stars beside it count a little, too."""
    stars = torch.arange(STARS)
    near = torch.exp(-(stars[:, None] - stars).abs() / SPREAD)
    return near / near.sum(1, keepdim=True)


def log_odds(logits: torch.Tensor) -> torch.Tensor:
    """Return the log-odds of positive against negative; stars 5-8 are ignored."""
    return logits[:, POSITIVE].logsumexp(1) - logits[:, NEGATIVE].logsumexp(1)


class HalfPrecision(nn.Module):
    """A convolution whose weights are stored in 16 bits."""

    def __init__(self, convolution: nn.Conv1d) -> None:
        super().__init__()
        self.register_buffer("weight", convolution.weight.detach().half())
        self.register_buffer("bias", convolution.bias.detach())

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return functional.conv1d(states, self.weight.float(), self.bias, padding=self.weight.shape[2] // 2)


class Exported(nn.Module):
    """The trained network with its n-grams in eight bits, a scale a column; its output is the log-odds of positive."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        weights = network.ngrams.weight.detach()
        scale = weights.abs().amax(0) / 127
        self.network = network
        self.register_buffer("scale", scale)
        self.register_buffer("eight_bits", (weights / scale).round().to(torch.int8))
        network.ngrams = None
        for layer in network.layers:
            layer.convolution = HalfPrecision(layer.convolution)

    def forward(self, ngrams: torch.Tensor, jamo: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        sums = functional.embedding(ngrams, self.eight_bits).float().sum(2) * self.scale
        return log_odds(self.network.read(sums, jamo, mask))
