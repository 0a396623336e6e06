"""Analysis of many reviews: iteration over the store, batches, and retries while the model is busy."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from app.errors import ModelBusy
from app.models import Review, Sentiment
from app.protocols import Analyzer
from app.services.jobs import yield_to_others
from app.store import Store

T = TypeVar("T")

BATCH_SIZE = 256
"""Texts per request: a third of a second for the bundled model, and an eighth of its queue."""
PAGE_SIZE = 1_000
"""Reviews read from the store at a time."""
MAX_BUSY_SECONDS = 60
"""Seconds to retry while the model is busy."""


def iter_pages(store: Store) -> Iterator[list[Review]]:
    """Yield all reviews by id, in pages."""
    last = 0
    yield_to_others()
    while page := store.all_reviews(after_id=last, limit=PAGE_SIZE):
        yield page
        last = page[-1].id
        yield_to_others()


def batched(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def analyze_with_retry(
    analyzer: Analyzer,
    texts: Sequence[str],
    on_wait: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> list[Sentiment]:
    """Analyze texts, retrying while the model is busy. `on_wait` is called before each wait, and may raise.

    Raise `ModelBusy` after `MAX_BUSY_SECONDS`.
    """
    waited = 0.0
    while True:
        try:
            return analyzer.analyze(texts)
        except ModelBusy as busy:
            if waited >= MAX_BUSY_SECONDS:
                raise
            on_wait()
            waited += busy.retry_after
            sleep(busy.retry_after)
