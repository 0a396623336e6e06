"""Grouping of rows of similar length into batches."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], max_size: int, max_padding: int) -> Iterator[list[int]]:
    """Group the indices of `lengths`, longest first, into batches.

    A batch, its rows padded to the longest, has at most `max_size` elements, of which `max_padding` are padding. A row
    longer than `max_size` is a batch of its own.
    """
    batch: list[int] = []
    longest = padded = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        padded += longest - lengths[index]
        if batch and ((len(batch) + 1) * longest > max_size or padded > max_padding):
            yield batch
            batch = []
        if not batch:
            longest, padded = lengths[index], 0
        batch.append(index)
    if batch:
        yield batch
