"""Which rows are computed together. Imports nothing."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], max_places: int, padding: int) -> Iterator[list[int]]:
    """Group the indices of `lengths`, longest first, into batches.

    The rows of a batch, padded to its longest, have at most `max_places` places and `padding` empty ones. A row that is
    longer than `max_places` is a batch by itself.
    """
    batch: list[int] = []
    longest = padded = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        padded += longest - lengths[index]
        if batch and ((len(batch) + 1) * longest > max_places or padded > padding):
            yield batch
            batch = []
        if not batch:
            longest, padded = lengths[index], 0
        batch.append(index)
    if batch:
        yield batch
