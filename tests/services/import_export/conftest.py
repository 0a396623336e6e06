"""Empty stores, and imports of text."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from app.services.import_export import ImportResult, export_catalogue, import_file
from app.store import Store, open_store
from tests.fakes import FakeAnalyzer

NewStore = Callable[[], Store]
Import = Callable[..., ImportResult]
ROWS = """영화,작성자,내용,작성일
괴물,밤편지,정말 재미있어요,2024-05-01
괴물,심야영화,지루해요,2024-05-02
기생충,밤편지,최고,
"""


@pytest.fixture
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewStore]:
    """Return a function that opens empty stores: in memory, or in the database of an indirect parameter."""
    numbers = count()
    database = getattr(request, "param", "memory")

    def make() -> Store:
        if database == "memory":
            return open_store()
        if database == "sqlite":
            return open_store(f"sqlite:///{tmp_path}/{next(numbers)}.db")
        return open_store(request.getfixturevalue("postgresql").new_database())

    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(make()))


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


@pytest.fixture
def load(store: Store, analyzer: FakeAnalyzer) -> Import:
    """Return a function that imports text or bytes, by default into `store`."""

    def load_(content: str | bytes, into: Store = store, **options: Any) -> ImportResult:
        data = content.encode() if isinstance(content, str) else content
        return import_file(into, analyzer, io.BytesIO(data), **options)

    return load_


def exported(store: Store) -> bytes:
    return b"".join(export_catalogue(store))


def reasons(outcome: ImportResult) -> list[tuple[int, list[tuple[str, str]]]]:
    """Return each bad row's number and its errors as (field, type)."""
    return [(row.number, [(error.field, error.type) for error in row.errors]) for row in outcome.bad]
