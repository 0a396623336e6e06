"""Audit log entries: their times, their summaries and whether they can be undone."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.models import UNDO_HOURS, AuditAction, AuditEntry, MovieFields, Review, format_utc

Clock = Callable[[], datetime]
_REVERSIBLE: Collection[AuditAction] = (
    AuditAction.DELETE_MOVIE,
    AuditAction.DELETE_REVIEW,
    AuditAction.MERGE_MOVIES,
)
_MAX_SUMMARY_LENGTH = 120


def utc_now() -> datetime:
    return datetime.now(UTC)


def summarize_movie(movie: MovieFields) -> str:
    """Return the movie's title."""
    return truncate(movie.title)


def summarize_merge(merged: MovieFields, kept: MovieFields) -> str:
    """Return both titles with their release dates: `기생충 → 기생충 (2019-05-30)`."""
    return truncate(f"{merged.dated_title} → {kept.dated_title}")


def summarize_review(review: Review) -> str:
    """Return a review's author and the beginning of its text: `밤편지: 처음엔 심심했는데…`."""
    return truncate(f"{review.author}: {' '.join(review.content.split())}")


def truncate(text: str) -> str:
    """Shorten `text` to at most 120 characters."""
    return text if len(text) <= _MAX_SUMMARY_LENGTH else text[: _MAX_SUMMARY_LENGTH - 1] + "…"


def undo_cutoff(now: datetime) -> str:
    """Return the timestamp of the newest entries that are too old to be undone."""
    return format_utc(now - timedelta(hours=UNDO_HOURS))


def with_undoable(entry: AuditEntry, now: datetime) -> AuditEntry:
    """Return the entry with `undoable` set: True for recent deletions, merges and imports that were not undone."""
    is_reversible = entry.action in _REVERSIBLE or entry.import_id is not None
    return replace(entry, undoable=is_reversible and not entry.undone_at and entry.at > undo_cutoff(now))
