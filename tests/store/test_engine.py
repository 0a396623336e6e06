"""A store in a database: migrations, URLs, shared databases and failures."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, text

from app.errors import SettingsError, StoreUnavailable
from app.models import MovieFields
from app.settings import ROOT
from app.store import engine, open_store
from app.store.engine import parse_url
from app.store.migrate import SCHEMA
from app.store.tables import metadata
from tests.postgresql import Server
from tests.store.conftest import BAD, GOOD, review_edit

pytestmark = pytest.mark.slow

SECRET = "hunter2"
OPEN = "import sys; from app.store import open_store; open_store(sys.argv[1]).close()"


def test_records_survive_a_restart(url: str) -> None:
    with closing(open_store(url)) as first:
        movie = first.add_movie(MovieFields("괴물"))
        review = first.add_review(movie.id, "밤편지", "좋아요", GOOD)
    with closing(open_store(url)) as again:
        assert again.durable
        assert again.review(review.id) == review
        assert again.movie(movie.id).review_count == 1


def test_migrations_create_the_declared_tables(url: str) -> None:
    open_store(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == SCHEMA
    engine.dispose()
    assert ScriptDirectory(str(ROOT / "app/store/migrations")).get_heads() == [SCHEMA]


def test_concurrent_starts_create_the_tables_once(url: str) -> None:
    command = [sys.executable, "-c", OPEN, url]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert ([process.returncode for process in processes], said) == ([0] * 4, [""] * 4)
    with closing(open_store(url)) as store:
        assert list(store.movies()) == []


def test_a_newer_schema_is_refused(url: str) -> None:
    open_store(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SettingsError, match="its schema 9999 is newer than"):
        open_store(url)


def test_two_stores_on_one_database_see_each_others_writes(url: str) -> None:
    one, other = open_store(url), open_store(url)
    movie = one.add_movie(MovieFields("괴물"))
    assert other.movie(movie.id) == movie
    seen = other.movies()
    assert other.movies() is seen
    review = other.add_review(movie.id, "밤편지", "좋아요", GOOD)
    assert one.movie(movie.id).review_count == 1
    assert one.reviews(movie.id) == ([review], 1)
    one.update_review(review.id, review_edit("별로", BAD, author="밤편지"))
    assert (other.movie(movie.id).positive_count, other.totals()) == (0, one.totals())
    second = other.add_movie(MovieFields("기생충"))
    one.delete_movie(movie.id)
    assert [found.id for found in other.movies()] == [second.id]
    other.undo(other.audit_log()[0][0].id)
    assert [found.id for found in one.movies()] == [movie.id, second.id]
    assert list(one.movies()) == list(other.movies())
    one.close(), other.close()


def test_two_stores_write_concurrently(url: str) -> None:
    stores = [open_store(url) for _ in range(2)]
    movie_id = stores[0].add_movie(MovieFields("괴물")).id
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: stores[n % 2].add_review(movie_id, "밤편지", str(n), GOOD).id, range(100)))
    assert sorted(ids) == list(range(1, 101))
    for store in stores:
        assert store.movie(movie_id).review_count == 100 == sum(map(sum, store.histogram(movie_id)))
        store.close()


@pytest.mark.parametrize(("url", "says"), [
    ("reviews.db", "no address"), (f"postgresql://site:{SECRET}@host:port/site", "no address"),
    (f"mysql://site:{SECRET}@host/site", "'mysql', which is not supported"), ("sqlite://", "names no file"),
    ("sqlite:///:memory:", "names no file"), ("sqlite:////nonexistent/reviews.db", "unable to open database file"),
    (f"sqlite:///{Path(__file__)}", "not a database"),
    (f"postgresql+psycopg://site:{SECRET}@127.0.0.1:1/site", "refused"),
    (f"postgresql://127.0.0.1:1/site?user=site&password={SECRET}", "refused"),
    (f"postgresql+psycopg://site:{SECRET}@no-such-host.invalid/site", "no-such-host.invalid"),
])  # fmt: skip
def test_unusable_urls_are_refused_without_the_password(url: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_store(url)
    said = str(refused.value)
    assert said.startswith("DATABASE_URL") and says in said
    assert SECRET not in said and "\n" not in said


def test_a_wrong_password_is_not_shown(postgresql: Server) -> None:
    with pytest.raises(SettingsError, match="password authentication failed") as refused:
        open_store(postgresql.url().replace("secret-of-tests", SECRET))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_url_schemes(scheme: str) -> None:
    assert parse_url(f"{scheme}://u:p@host/name").drivername == "postgresql+psycopg"


def test_a_missing_driver_is_named(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError(\"No module named 'psycopg'\")", encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "DATABASE_URL": f"postgresql://u:{SECRET}@127.0.0.1:1/n"}
    code = "import sys; from app.store import open_store\ntry: open_store(sys.argv[1])\nexcept Exception as e: print(e)"
    result = subprocess.run(
        [sys.executable, "-c", code, environ["DATABASE_URL"]], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert "No module named 'psycopg'" in result.stdout
    assert SECRET not in result.stdout + result.stderr


def test_a_restarted_database_is_reconnected(postgresql: Server) -> None:
    store = open_store(postgresql.new_database())
    movie_id = store.add_movie(MovieFields("괴물")).id
    calls: list[Callable[[], Any]] = [
        store.check, store.movies, store.totals, store.audit_log,
        lambda: store.reviews(movie_id),
        lambda: store.add_review(movie_id, "밤편지", "글", GOOD),
    ]  # fmt: skip
    for end in (postgresql.stop, postgresql.kill):
        end()
        try:
            for call in calls:
                with pytest.raises(StoreUnavailable):
                    call()
        finally:
            postgresql.start()
        for call in calls:
            call()
    assert store.movie(movie_id).review_count == 2
    store.close()


def test_a_long_transaction_of_another_process_is_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store: Any = open_store(f"sqlite:///{tmp_path}/reviews.db")
    movie_id = store.add_movie(MovieFields("괴물")).id
    monkeypatch.setattr(engine, "WRITE_TIMEOUT", 0.05)
    other = sqlite3.connect(tmp_path / "reviews.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable) as refused:
        store.add_review(movie_id, "밤편지", "글", GOOD)
    assert "locked" in str(refused.value.__cause__)
    assert store.reviews(movie_id) == ([], 0)  # reads do not wait
    other.execute("ROLLBACK")
    other.close()
    assert store.add_review(movie_id, "밤편지", "글", GOOD).id == 1
    store.close()


def test_a_full_database_refuses_writes_and_stays_consistent(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/reviews.db"

    def limit(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count=100")  # which SQLite treats as it does a full disk

    event.listen(Engine, "connect", limit)
    try:
        store = open_store(url)
        movie_id = store.add_movie(MovieFields("괴물")).id
        with pytest.raises(StoreUnavailable, match="cannot be reached or written"):
            for _ in range(100):
                store.add_review(movie_id, "밤편지", "가" * 2_000, GOOD)
        count = store.movie(movie_id).review_count
        assert count > 0
        with pytest.raises(StoreUnavailable):
            store.add_review(movie_id, "밤편지", "가" * 2_000, GOOD)
        assert (store.movie(movie_id).review_count, store.reviews(movie_id)[1]) == (count, count)
        store.close()
    finally:
        event.remove(Engine, "connect", limit)
    with closing(open_store(url)) as store:
        assert store.add_review(movie_id, "밤편지", "다시 돼요", GOOD).id == count + 1
    database = create_engine(url)
    with database.connect() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    database.dispose()
