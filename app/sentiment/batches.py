"""Which rows are computed together. Imports nothing."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], most: int, padding: int) -> Iterator[list[int]]:
    """Group the indices of `lengths`, longest first, into batches.

    The rows of a batch, padded to its longest, have at most `most` places and `padding` empty ones. A row longer than
    `most` is a batch by itself.
    """
    batch: list[int] = []
    longest = padded = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        padded += longest - lengths[index]
        if batch and ((len(batch) + 1) * longest > most or padded > padding):
            yield batch
            batch = []
        if not batch:
            longest, padded = lengths[index], 0
        batch.append(index)
    if batch:
        yield batch
