"""Models, each created and loaded once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import ModelError
from app.sentiment import load
from app.sentiment.worker import QueuedAnalyzer
from tests.sentiment import models


@pytest.fixture(scope="session")
def stars_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.stars(tmp_path_factory.mktemp("stars"))


@pytest.fixture(scope="session")
def electra_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.electra(tmp_path_factory.mktemp("electra"))


@pytest.fixture(scope="session")
def stars(stars_folder: Path) -> Iterator[QueuedAnalyzer]:
    analyzer = load(str(stars_folder))
    yield analyzer
    analyzer.close()


@pytest.fixture(scope="session")
def bundled() -> Iterator[QueuedAnalyzer]:
    analyzer = load()
    yield analyzer
    analyzer.close()


@pytest.fixture
def loaded() -> Iterator[Callable[[Path], QueuedAnalyzer]]:
    """Return a function that loads a folder for one test."""
    analyzers: list[QueuedAnalyzer] = []

    def load_folder(folder: Path) -> QueuedAnalyzer:
        analyzers.append(load(str(folder)))
        return analyzers[-1]

    yield load_folder
    for analyzer in analyzers:
        analyzer.close()


def refusal(folder: Path | str) -> str:
    """Return the one line of the error for a folder that cannot be loaded."""
    with pytest.raises(ModelError) as refused:
        load(str(folder))
    line = str(refused.value)
    assert str(folder) in line
    assert "\n" not in line
    assert len(line) < 600
    return line
