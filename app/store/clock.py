"""Current time and the format of stored timestamps."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def format_utc(time: datetime) -> str:
    """Format a time as ISO 8601 in UTC, to the second: `2026-11-22T15:04:05Z`. Such strings sort by time."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
