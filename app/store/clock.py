"""Current time and the format of stored timestamps."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Format a UTC time as ISO 8601 with seconds, `2026-11-22T15:04:05Z`; such strings sort by time."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
