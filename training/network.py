"""The network for training and for export.

For each character, the embeddings of the n-grams that begin there, and of its initial, vowel and final, are added up.
Gated convolutions (https://arxiv.org/abs/1612.08083) over five characters are applied to these sums. A linear layer
computes the logits of the ten stars from three vectors: the maximum of the convolutions' output over the text, the sum
of this output divided by the square root of the text's length, and the equally divided sum of the n-grams' embeddings.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

STARS = 10
TARGET_WIDTH = 0.6  # stars; see `soft_targets`
JAMO = (20, 22, 29)  # numbers of initials, vowels and finals, including 0 for none
NEGATIVE, POSITIVE = slice(0, 4), slice(8, 10)  # stars 1-4 and 9-10, as NSMC counts them


class GatedConvolution(nn.Module):
    """A convolution over an odd number of characters; half of its outputs are gates of the other half."""

    def __init__(self, width: int, hidden: int, size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, 2 * hidden, size, padding=size // 2)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return functional.glu(self.convolution(states), 1)


class Network(nn.Module):
    """The network: n-grams (rows, characters, 5), jamo (rows, characters, 3) and a mask to star logits (rows, stars).

    The mask, (rows, characters), is 1 for the characters of a text and 0 for padding.
    """

    def __init__(self, ngrams: int, dim: int, hidden: int, sizes: Sequence[int] = (5, 5)) -> None:
        super().__init__()
        self.sizes = ngrams, dim, hidden, sizes
        self.ngrams = nn.Embedding(ngrams, dim, padding_idx=0)
        self.jamo = nn.ModuleList(nn.Embedding(count, dim, padding_idx=0) for count in JAMO)
        for embedding in (self.ngrams, *self.jamo):
            nn.init.normal_(embedding.weight, 0, 0.1)
            embedding.weight.data[0] = 0
        self.layers = nn.ModuleList(
            GatedConvolution(dim if not at else hidden, hidden, size) for at, size in enumerate(sizes)
        )
        self.dropout_inside, self.dropout = nn.Dropout(0.1), nn.Dropout(0.2)
        self.out = nn.Linear(2 * hidden + dim, STARS)

    def forward(
        self, ngrams: torch.Tensor, jamo: torch.Tensor, mask: torch.Tensor, ngram_dropout: float = 0.0
    ) -> torch.Tensor:
        """Return star logits; `ngram_dropout` is the share of n-grams that is masked, at random, in training."""
        if ngram_dropout:
            ngrams = ngrams * (torch.rand(ngrams.shape, device=ngrams.device) >= ngram_dropout)
        return self.classify(self.sum_embeddings(ngrams), jamo, mask)

    def sum_embeddings(self, ngrams: torch.Tensor) -> torch.Tensor:
        """Return the sum of the embeddings of the n-grams that begin at each character, (rows, characters, dim)."""
        return self.ngrams(ngrams).sum(2)

    def classify(self, sums: torch.Tensor, jamo: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return star logits; `sums` are those of `sum_embeddings`."""
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


def soft_targets() -> torch.Tensor:
    """Return the target distribution for each star, (stars, stars).

    It decreases exponentially with the distance from the star, by a factor of e each `TARGET_WIDTH` stars.
    """
    stars = torch.arange(STARS)
    near = torch.exp(-(stars[:, None] - stars).abs() / TARGET_WIDTH)
    return near / near.sum(1, keepdim=True)


def log_odds(logits: torch.Tensor) -> torch.Tensor:
    """Return the log-odds of positive against negative; stars 5-8 are ignored."""
    return logits[:, POSITIVE].logsumexp(1) - logits[:, NEGATIVE].logsumexp(1)


class HalfPrecisionConvolution(nn.Module):
    """A convolution whose weights are stored in 16 bits."""

    def __init__(self, convolution: nn.Conv1d) -> None:
        super().__init__()
        self.register_buffer("weight", convolution.weight.detach().half())
        self.register_buffer("bias", convolution.bias.detach())

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return functional.conv1d(states, self.weight.float(), self.bias, padding=self.weight.shape[2] // 2)


class QuantizedNetwork(nn.Module):
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
            layer.convolution = HalfPrecisionConvolution(layer.convolution)

    def forward(self, ngrams: torch.Tensor, jamo: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        sums = functional.embedding(ngrams, self.eight_bits).float().sum(2) * self.scale
        return log_odds(self.network.classify(sums, jamo, mask))
