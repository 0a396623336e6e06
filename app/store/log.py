"""The log of changes: how its lines read, and which of them can be undone."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from app.models import UNDO_HOURS, Action, Change, MovieFields, Review
from app.store.clock import stamp

DELETIONS: Collection[Action] = (Action.DELETE_MOVIE, Action.DELETE_REVIEW)
_SUMMARY_MOST = 120


def summarize_movie(movie: MovieFields) -> str:
    """A movie in a line of the log: its title."""
    return shorten(movie.title)


def summarize_review(review: Review) -> str:
    """A review in a line of the log: `밤편지: 처음엔 심심했는데…`."""
    return shorten(f"{review.author}: {' '.join(review.content.split())}")


def shorten(text: str) -> str:
    """`text` in at most 120 characters."""
    return text if len(text) <= _SUMMARY_MOST else text[: _SUMMARY_MOST - 1] + "…"


def last_undoable(now: datetime) -> str:
    """The stamp of the oldest deletion that can still be undone."""
    return stamp(now - timedelta(hours=UNDO_HOURS))


def seen_at(change: Change, now: datetime) -> Change:
    """The change as it reads now: with `undoable` worked out."""
    is_undoable = change.action in DELETIONS and not change.undone_at and change.at > last_undoable(now)
    return replace(change, undoable=True) if is_undoable else change
