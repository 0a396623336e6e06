"""Which rows are computed together. Imports nothing."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], most: int, padding: int) -> Iterator[list[int]]:
    """Indices of `lengths`, longest first, in groups. A group's rows, each padded to its longest, have `most` places at
    most and `padding` of them empty; a row longer than `most` is a group by itself."""
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
