"""A new field of a movie, with and without its migration."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"


def upgrade() -> None:
    op.add_column("movies", sa.Column("runtime", sa.Text, nullable=False, server_default=""))
"""
PROGRAM = """
import sys
from app.models import Label, MovieFields, Sentiment
from app.store import open_store

store = open_store(sys.argv[1])
movie = store.add_movie(MovieFields("괴물", director="봉준호", runtime="119분"))
store.add_review(movie.id, "밤편지", "좋아요", Sentiment(Label.POSITIVE, 0.9, 9.1))
store.update_movie(movie.id, lambda m: MovieFields(m.title, director=m.director, runtime="120분"))
store.delete_movie(movie.id)
store.undo(store.audit_log()[0][0].id)
store.add_all([type(movie)("기생충", runtime="132분", id=7)], [])
if store.durable:
    store.close()
    store = open_store(sys.argv[1])
for movie in store.movies():
    print(movie.id, movie.title, movie.director, movie.runtime, movie.review_count, movie.rating_sum)
"""


@pytest.fixture
def package_copy(tmp_path: Path) -> Path:
    """A copy of the models and the store with another field of movies."""
    for name in ("__init__.py", "models.py", "errors.py", "store"):
        copy = shutil.copytree if (ROOT / "app" / name).is_dir() else shutil.copy
        (tmp_path / "app").mkdir(exist_ok=True)
        copy(ROOT / "app" / name, tmp_path / "app" / name)
    last = '    poster_url: str = ""\n'
    replace(tmp_path / "app/models.py", last, last + last.replace("poster_url", "runtime"))
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(package_copy: Path, url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", PROGRAM, url], cwd=package_copy, capture_output=True, text=True)


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_a_new_field_with_a_migration_is_stored(package_copy: Path, kind: str, request: pytest.FixtureRequest) -> None:
    versions = package_copy / "app/store/migrations/versions"
    newest = max(path.name for path in versions.glob("0*.py")).split("_")[0]
    (versions / "9999_runtime.py").write_text(MIGRATION.format(newest=newest), encoding="utf-8")
    url = {"memory": "", "sqlite": f"sqlite:///{package_copy}/site.db"}.get(kind)
    result = run(package_copy, request.getfixturevalue("postgresql").new_database() if url is None else url)
    assert (result.stdout.splitlines(), result.stderr) == (["1 괴물 봉준호 120분 1 9.1", "7 기생충  132분 0 0.0"], "")


def test_a_new_field_without_its_migration_or_column_stops_the_start(package_copy: Path) -> None:
    url = f"sqlite:///{package_copy}/site.db"
    result = run(package_copy, url)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].endswith(f"cannot use {url}: no such column: movies.runtime")
    last = '    owner: str = ""\n'
    replace(package_copy / "app/models.py", last, last + last.replace("owner", "source"))
    result = run(package_copy, "")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "TypeError: Movie.source has no column in the table 'movies': add it to app/store/tables.py, and a migration"
    )
