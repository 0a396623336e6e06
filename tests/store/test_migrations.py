"""The migration of a database of schema 0001.

`schema_0001.db` was written by the first edition's own store (its last commit, schema 0001): four movies, one of them
without a release date, ten reviews of two models, with and without an owner, corrections, edits, an import in the log,
a review and a movie deleted at 2026-11-22 11:10 UTC (both can still be undone for a day) and a review deleted for good.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, create_engine

from app.models import AuditAction, CatalogueTotals, Label, MovieFields
from app.settings import ROOT
from app.store import open_store
from tests.store.conftest import GOOD, Clock

FILE = Path(__file__).with_name("schema_0001.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> str:
    """The URL of a copy; in PostgreSQL the first migration's tables with the file's rows."""
    clock.moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    copy = f"sqlite:///{shutil.copy(FILE, tmp_path)}"
    if request.param == "sqlite":
        return copy
    address: str = request.getfixturevalue("postgresql").new_database()
    source, target = create_engine(copy), create_engine(address)
    with source.connect() as rows, target.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(ROOT / "app/store/migrations"))
        command.upgrade(config, "0001")
        tables = MetaData()
        tables.reflect(connection)
        connection.execute(tables.tables["catalogue"].delete())
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert(), [dict(row) for row in rows.execute(table.select()).mappings()])
    source.dispose(), target.dispose()
    return address


def test_a_database_of_schema_0001_is_migrated(url: str, clock: Clock) -> None:
    for _ in range(2):  # the second time it is migrated already
        store = open_store(url, clock)
        assert [(movie.id, movie.title, movie.release_date, movie.genre) for movie in store.movies()] == [
            (1, "괴물", "2006-07-27", "SF, 드라마"),
            (2, "제목만 아는 영화", "", "드라마"),
            (3, "Old Boy", "2003-11-21", "스릴러"),
        ]
        assert [(m.review_count, m.positive_count, round(m.rating_sum, 6)) for m in store.movies()] == [
            (4, 3, 26.0), (1, 1, 8.25), (1, 1, 9.9),
        ]  # fmt: skip
        reviews = store.all_reviews()
        assert [review.id for review in reviews] == [1, 2, 3, 4, 5, 10]
        first, edited = reviews[0], reviews[2]
        assert first.content == "첫 줄\n둘째 줄 😴 '따옴표' %s"
        assert (first.author, first.sentiment_label, first.sentiment_score, first.rating, first.writer) == (
            "밤편지", Label.POSITIVE, 0.93, 9.3, "owner-밤편지",
        )  # fmt: skip
        assert (first.created_at, first.model, first.correction_count) == ("2026-11-20T09:07:00Z", "bundled@1", 1)
        assert (edited.author, edited.edited_at, edited.writer) == ("관객셋", "2026-11-20T11:10:00Z", "")
        assert [(c.review_id, c.reader, c.label) for c in store.corrections()] == [
            (1, "reader-1", Label.NEGATIVE), (1, "reader-2", Label.POSITIVE), (2, "reader-1", Label.POSITIVE),
        ]  # fmt: skip
        assert store.histogram(1)[1] == (0, 1)
        assert store.models() == {"bundled@1": 5, "old@1": 1}
        assert store.totals() == CatalogueTotals(3, 6, 5)
        changes, total = store.audit_log()
        assert total == 9
        assert [change.action for change in changes] == [
            AuditAction.RESCORE, AuditAction.DELETE_MOVIE, AuditAction.DELETE_REVIEW, AuditAction.UNDO,
            AuditAction.DELETE_REVIEW, AuditAction.DELETE_REVIEW, AuditAction.IMPORT,
            AuditAction.EDIT_MOVIE, AuditAction.EDIT_REVIEW,
        ]  # fmt: skip
        assert [change.id for change in changes if change.undoable] == [8, 7]
        store.close()


def test_deletions_before_the_migration_can_be_undone(url: str, clock: Clock) -> None:
    store = open_store(url, clock)
    store.undo(8)
    store.undo(7)
    movie = store.movie(4)
    assert (movie.title, movie.review_count, movie.positive_count) == ("곧 지울 영화", 2, 1)
    assert [review.content for review in store.reviews(4)[0]] == ["지울 영화의 다른 리뷰", "지울 영화의 리뷰"]
    assert store.review(7).correction_count == 1
    assert store.review(9).content == "곧 지울 리뷰"
    assert store.movie(3).review_count == 2
    assert store.models() == {"bundled@1": 8, "old@1": 1}
    assert store.add_movie(MovieFields("새 영화")).id == 5
    assert store.add_review(5, "밤편지", "좋아요", GOOD).id == 11
    store.close()
