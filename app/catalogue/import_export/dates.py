"""Days and moments the way Korean tables write them: 2024-05-01, 2024.05.01, 2024. 5. 1. 오후 3:05, 2024년 5월 1일."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

KST = timezone(timedelta(hours=9), "KST")
"""A table says no time zone; Korea has one, without summer time."""

_DAY = re.compile(r"(\d{4})\s*(?:[-./]|년)\s*(\d{1,2})\s*(?:[-./]|월)\s*(\d{1,2})(?:\s*(?:일|\.))?")
_TIME = re.compile(r"[\sT]*(오전|오후|AM|PM)?\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(AM|PM)?", re.IGNORECASE)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ZONE = re.compile(r"\s*(Z|[+-]\d{2}:?\d{2})?$")


def parse_day(text: str) -> str:
    """A day as ISO `YYYY-MM-DD`; a time after it is let go. Raises `ValueError`."""
    day, _ = _read_day(text.strip())
    return day.isoformat()


def parse_moment(text: str) -> str:
    """A day with or without a time, as ISO 8601 in UTC, to the second. Raises `ValueError`.

    Without a time it is midnight; without a zone it is Korean time.
    """
    day, rest = _read_day(text.strip())
    time = _TIME.match(rest)
    hour, minute, second = _read_time(time) if time else (0, 0, 0)
    zone = _ZONE.fullmatch(rest[time.end() :] if time else rest)
    if zone is None:
        raise ValueError(f"{text!r} is no moment")
    moment = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=_read_zone(zone[1]))
    try:
        return format_utc(moment)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def format_utc(moment: datetime) -> str:
    """A moment the way the store writes it: `2026-01-01T00:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def format_local(iso: str) -> str:
    """A stored moment in Korean time, as tables have it: `2026-01-01 09:00:00`."""
    return datetime.fromisoformat(iso).astimezone(KST).replace(tzinfo=None).isoformat(" ", "seconds")


def _read_day(text: str) -> tuple[date, str]:
    """The day that `text` begins with, and what follows it."""
    found = _DAY.match(text) or _COMPACT.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no day")
    year, month, day = map(int, found.groups())
    rest = text[found.end() :]
    if rest[:1].isdigit():
        raise ValueError(f"{text!r} is no day")
    return date(year, month, day), rest


def _read_time(time: "re.Match[str]") -> tuple[int, int, int]:
    before, hour, minute, second, after = time.groups()
    half = (before or after or "").upper()
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            raise ValueError(f"{time[0]!r} is no time")
        number = number % 12 + (12 if half in ("오후", "PM") else 0)
    return number, int(minute), int(second or 0)


def _read_zone(text: str | None) -> timezone:
    if not text:
        return KST
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone(sign * timedelta(hours=hours, minutes=minutes))
