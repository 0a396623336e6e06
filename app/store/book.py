"""The memory store's log, and the trash behind it: what was deleted stays as long as it can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.errors import Expired, NotFound
from app.models import Action, Change, Correction, Movie, Review
from app.store.clock import Clock, stamp
from app.store.log import last_undoable, seen_at, shorten


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion took: a movie with all its reviews, or one review and no movie; and what readers said of each."""

    movie: Movie | None
    reviews: Sequence[Review]
    corrections: Mapping[int, dict[str, Correction]] = field(default_factory=dict)


class Book:
    """Lines, numbered from 1, and what those that are deletions took. Whoever holds it holds the lock."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._lines: list[Change] = []
        self._trash: dict[int, Deleted] = {}

    def write(
        self,
        action: Action,
        who: str,
        summary: str,
        movie_id: int | None = None,
        review_id: int | None = None,
        deleted: Deleted | None = None,
    ) -> Change:
        now = self._now()
        change = Change(len(self._lines) + 1, stamp(now), who, action, movie_id, review_id, shorten(summary))
        self._lines.append(change)
        self._purge()
        if deleted:
            self._trash[change.id] = deleted
        return seen_at(change, now)

    def slice(self, offset: int, limit: int) -> tuple[list[Change], int]:
        """Newest first."""
        total = len(self._lines)
        lines = self._lines[max(0, total - offset - limit) : max(0, total - offset)]
        now = self._now()
        return [seen_at(change, now) for change in reversed(lines)], total

    def find(self, change_id: int) -> tuple[Change, Deleted]:
        """A change that can be undone, and what it took. Raises `NotFound` or `Expired`."""
        if not 1 <= change_id <= len(self._lines):
            raise NotFound("change", change_id)
        change = self._lines[change_id - 1]
        if not seen_at(change, self._now()).undoable or change_id not in self._trash:  # clocks are set back, too
            raise Expired(change_id)
        return change, self._trash[change_id]

    def undo(self, change: Change, who: str) -> Change:
        """Notes that what the change took is back; the change as it reads now."""
        self.write(Action.UNDO, who, change.summary, change.movie_id, change.review_id)
        del self._trash[change.id]
        undone = replace(change, undone_at=stamp(self._now()))
        self._lines[change.id - 1] = undone
        return undone

    def trash(self) -> Sequence[Deleted]:
        """All that may still come back."""
        return tuple(self._trash.values())

    def _purge(self) -> None:
        """Forgets what can no longer come back; the oldest lies first."""
        last = last_undoable(self._now())
        while self._trash and self._lines[(oldest := next(iter(self._trash))) - 1].at <= last:
            del self._trash[oldest]
