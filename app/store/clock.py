"""What time it is, and how a store writes that down."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second: `2026-11-22T15:04:05Z`. As text such moments sort as they passed."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
