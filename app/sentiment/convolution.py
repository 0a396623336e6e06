"""The part of the bundled model that reads letters in their order: a convolution.

What it finds at a letter depends on that letter and `REACH` to each side; of all that is found in a text, only the
maximum and the sum count. A text that is another one without some of its letters, as explaining asks for by the dozen,
therefore finds the same as that one but beside the gap, and only the letters there are computed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.sentiment.batches import batches

REACH = 4  # letters to each side
PAD, UNKNOWN, FIRST = 0, 1, 2  # numbers of letters
_BATCH_LETTERS = 512  # more at once is no faster on a core, and takes memory
_CALL_LETTERS = 16  # what a call costs however little it reads, in letters: padding that saves one may take as many
# Of 512 reviews of heldout.tsv, 32 at once, 2,520 are read in a second of processor with padding of 16 letters at most,
# 2,320 with 48, 1,860 with none, 1,720 without bound; batches of 256 to 4,096 letters differ by 5 %.

Row = NDArray[np.int64]
"""The numbers of a text's letters."""

Feed = dict[str, NDArray[Any]]
"""What the graph reads: `letters` (rows, letters + 2 x `REACH`), `most` and `total`, maximum and sum of what was found
elsewhere in each text, both (rows, features), and `lengths` of the texts, (rows, 1). Nothing found is below 0."""

Compute = Callable[[list[str], Feed], list[NDArray[np.float32]]]
"""The graph: computes `logits` (rows, classes) and `found` (rows, letters, features), as named."""


class Cut(NamedTuple):
    """A row that is `whole` without some letters: `at` of its letters lie before the gap."""

    whole: int
    at: int


class Alphabet:
    """Letters that have a number of their own, from `FIRST` up."""

    def __init__(self, letters: str) -> None:
        """`letters`: ascending by code point."""
        self._codes = _codes(letters)

    def __len__(self) -> int:
        return len(self._codes)

    def rows(self, texts: Sequence[str]) -> list[Row]:
        """Numbers of the letters of each text; a text of none is one unknown letter."""
        codes = _codes("".join(text or "\0" for text in texts))
        at = np.minimum(self._codes.searchsorted(codes), len(self._codes) - 1)
        numbers = np.where(self._codes[at] == codes, at + FIRST, UNKNOWN)
        ends = accumulate((len(text) or 1 for text in texts), initial=0)
        return [numbers[start:end] for start, end in pairwise(ends)]


@dataclass(frozen=True, slots=True)
class Convolution:
    """`features`: how many things it looks for."""

    compute: Compute
    alphabet: Alphabet
    features: int

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Class logits, (texts, classes), of normalised texts."""
        rows = self.alphabet.rows(texts)
        cuts = _cuts(rows)
        wholes = {cut.whole for cut in cuts.values()}
        logits: dict[int, NDArray[np.float32]] = {}
        found: dict[int, NDArray[np.float32]] = {}
        read = [index for index in range(len(rows)) if index not in cuts]
        for group in batches([len(rows[index]) for index in read], _BATCH_LETTERS, _CALL_LETTERS):
            batch = [read[place] for place in group]
            outputs = ["logits"] if wholes.isdisjoint(batch) else ["logits", "found"]
            answers, *features = self.compute(outputs, feed([rows[index] for index in batch], self.features))
            logits |= zip(batch, answers, strict=True)
            for place, index in enumerate(batch):
                if index in wholes:
                    found[index] = features[0][place, : len(rows[index])]
        if cuts:
            logits |= zip(cuts, self._beside_gaps(rows, cuts, found), strict=True)
        return np.array([logits[index] for index in range(len(rows))])

    def _beside_gaps(
        self, rows: list[Row], cuts: dict[int, Cut], found: dict[int, NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Class logits of the rows in `cuts`, of what was `found` in whole ones and what is found beside the gaps."""
        known = {index: _before_and_after(features) for index, features in found.items()}
        letters = np.full((len(cuts), 4 * REACH), PAD)
        most, total = np.empty((2, len(cuts), self.features), np.float32)
        for place, (index, (whole, at)) in enumerate(cuts.items()):
            row, size = rows[index], len(rows[whole])
            low, high = max(0, at - 2 * REACH), min(len(row), at + 2 * REACH)
            letters[place, low - at + 2 * REACH : high - at + 2 * REACH] = row[low:high]
            before, after = max(0, at - REACH), min(size, at + REACH + size - len(row))
            most_before, most_after, total_before = known[whole]
            most[place] = np.maximum(most_before[before], most_after[after])
            total[place] = total_before[before] + (total_before[-1] - total_before[after])
        lengths = np.array([[len(rows[index])] for index in cuts], np.float32)
        return self.compute(["logits"], {"letters": letters, "most": most, "total": total, "lengths": lengths})[0]


def feed(rows: Sequence[Row], features: int) -> Feed:
    """What the graph reads for whole rows."""
    letters = np.full((len(rows), max(map(len, rows)) + 2 * REACH), PAD)
    for place, row in enumerate(rows):
        letters[place, REACH : REACH + len(row)] = row
    nothing = np.zeros((len(rows), features), np.float32)
    lengths = np.array([[len(row)] for row in rows], np.float32)
    return {"letters": letters, "most": nothing, "total": nothing, "lengths": lengths}


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _before_and_after(
    found: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Of what was found, (letters, features): the maximum before each letter and from each letter on, and the sum
    before each, all (letters + 1, features)."""
    nothing = np.zeros((1, found.shape[1]), np.float32)
    return (
        np.maximum.accumulate(np.concatenate([nothing, found])),
        np.maximum.accumulate(np.concatenate([found, nothing])[::-1])[::-1],
        np.concatenate([nothing, found.cumsum(axis=0)]),
    )


def _cuts(rows: list[Row]) -> dict[int, Cut]:
    """Those of `rows` that are another one, looked at before them, without some neighbouring letters."""
    cuts: dict[int, Cut] = {}
    whole = 0
    for index in range(1, len(rows)):
        row, other = rows[index], rows[whole]
        if 4 * REACH < len(row) <= len(other):
            before, after = _alike(row, other), _alike(row[::-1], other[::-1])
            if before + after >= len(row):
                cuts[index] = Cut(whole, before)
                continue
        whole = index
    return cuts


def _alike(one: Row, other: Row) -> int:
    """How many letters two rows begin with alike."""
    size = min(len(one), len(other))
    different = one[:size] != other[:size]
    first = int(different.argmax()) if size else 0
    return first if size and different[first] else size
