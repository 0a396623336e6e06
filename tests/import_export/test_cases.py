"""Files as people have them, made after public reports and real exports: what each gives, into an empty store."""

import io
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.catalogue.import_export import ImportResult, import_file
from app.errors import Invalid
from app.protocols import Store
from app.store.memory import MemoryStore
from tests.fakes import FakeAnalyzer

CASES = Path(__file__).parent / "cases"
COUNTS = {
    "cr-only.csv": 2,
    "tsv-open-quote.tsv": 5,
    "tsv-quotes.tsv": 6,
    "twice-d0.csv": 2,
    "export-as-is.csv": 3,
}
"""How many reviews each file adds."""
REFUSED = {
    "letterboxd-ratings.csv": "columns_missing",
    "imdb-ratings.csv": "columns_missing",
    "letterboxd-list.csv": "columns_missing",
    "foreign.jsonl": "head_missing",
}
"""Why nothing of a file is taken, by `FieldError.type`."""


def import_case(name: str, store: Store, **options: Any) -> ImportResult:
    return import_file(store, FakeAnalyzer(), io.BytesIO((CASES / name).read_bytes()), **options)


@pytest.mark.parametrize("name", COUNTS)
def test_file_adds_reviews(name: str) -> None:
    with closing(MemoryStore()) as store:
        result = import_case(name, store)
        assert (store.totals().review_count, result.bad_count) == (COUNTS[name], 0)


@pytest.mark.parametrize("name", REFUSED)
def test_file_is_refused(name: str) -> None:
    with closing(MemoryStore()) as store:
        with pytest.raises(Invalid) as caught:
            import_case(name, store)
        assert [error.type for error in caught.value.errors] == [REFUSED[name]]
        assert not store.movies()
