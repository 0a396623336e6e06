"""Many reviews at a time: out of the store in pages, through the model in chunks, patiently while it is busy."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from app.errors import ModelBusy
from app.models import Review, Sentiment
from app.protocols import Analyzer
from app.services.progress import yield_to_others
from app.store import Store

T = TypeVar("T")

CHUNK = 256
"""Texts asked for at a time: enough to batch, a third of a second of the bundled model, an eighth of its queue."""
PAGE = 1_000
"""Reviews taken out of the store at a time."""
PATIENCE = 60
"""Seconds of nothing but `ModelBusy` after which it is raised."""


def iter_pages(store: Store) -> Iterator[list[Review]]:
    """All reviews by id, a page at a time."""
    last = 0
    yield_to_others()
    while page := store.all_reviews(after_id=last, limit=PAGE):
        yield page
        last = page[-1].id
        yield_to_others()


def batched(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """`items` in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def analyze_with_retry(
    analyzer: Analyzer,
    texts: Sequence[str],
    still_waiting: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> list[Sentiment]:
    """`analyzer.analyze`, asked again while it is busy. `still_waiting` is called before each wait, and may raise.

    Raise `ModelBusy` when it has waited `PATIENCE` seconds in vain.
    """
    waited = 0.0
    while True:
        try:
            return analyzer.analyze(texts)
        except ModelBusy as busy:
            if waited >= PATIENCE:
                raise
            still_waiting()
            waited += busy.retry_after
            sleep(busy.retry_after)
