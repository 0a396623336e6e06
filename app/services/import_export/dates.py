"""Parsing of dates and times in Korean formats: 2024-05-01, 2024.05.01(수) 15:05, 2024. 5. 1. 오후 3:05, 22.05.01."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from app.store.clock import format_utc

KST = timezone(timedelta(hours=9), "KST")
"""Default time zone of tables; Korea has no daylight saving time."""

_DAY = re.compile(r"(\d{4})\s*(?:[-./]|년)\s*(\d{1,2})\s*(?:[-./]|월)\s*(\d{1,2})(?!\d)(?:\s*(?:일|\.))?")
_SHORT_DAY = re.compile(
    r"(?<!\d)(\d{2})\.\s*(\d{1,2})\.\s*(\d{1,2})(?!\d)\.?|(?<!\d)(\d{2})년\s*(\d{1,2})월\s*(\d{1,2})일"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(?!\d)")
_MONTH = re.compile(r"(\d{4})\s*(?:(?:[-./]|년)\s*(\d{1,2})\s*월?|년)?\.?")
_TIME = re.compile(
    r"(?<![\d:])(\d{1,2})"
    r"(?::(\d{2})(?::(\d{2})(?:[.,]\d+)?)?|\s*시(?:\s*(\d{1,2})\s*분(?:\s*(\d{1,2})\s*초)?)?)"
)
_HALF = re.compile(r"오전|오후|\b[ap]\.?m\b\.?|(?<=\d)[ap]m\b", re.IGNORECASE)
_ZONE = re.compile(r"(?:(?:GMT|UTC)\s*)?([+-]\d{1,2})(?::?(\d{2}))?\s*$|(Z|UTC|GMT|KST)\s*$", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"\(\s*(?:[월화수목금토일](?:요일)?|(?:mon|tue|wed|thu|fri|sat|sun)\w*)\s*\)|[월화수목금토일]요일", re.IGNORECASE
)
_AGO = re.compile(r"(\d{1,4})\s*(분|시간|일|주)\s*전")
_AGO_UNITS = {"분": timedelta(minutes=1), "시간": timedelta(hours=1), "일": timedelta(days=1), "주": timedelta(weeks=1)}
_SHORT_YEARS_FROM = 70
"""Two-digit years 70-99 are 1970-1999, the others 2000-2069."""


def parse_day(text: str) -> str:
    """Parse a date to ISO `YYYY-MM-DD`, or `YYYY-MM` or `YYYY` if it is incomplete. Raise `ValueError`.

    A time after the date is ignored.
    """
    text = text.strip()
    found = _find_day(text)
    if found is not None:
        return found[0].isoformat()
    month = _MONTH.fullmatch(text)
    if month is None:
        raise ValueError(f"{text!r} is not a day")
    year, number = int(month[1]), int(month[2] or 1)
    first = date(year, number, 1).isoformat()
    return first[:7] if month[2] else first[:4]


def parse_timestamp(text: str, now: datetime | None = None) -> str:
    """Parse a date with an optional time to ISO 8601 in UTC, to the second. Raise `ValueError`.

    The default time is midnight, the default zone Korean time. `now` is the time of the file, to which texts such as
    "3일 전" are relative; without it they are invalid.
    """
    text = text.strip()
    if now is not None and (ago := _AGO.fullmatch(text)):
        return _format_ago(now, int(ago[1]), ago[2])
    found = _find_day(text)
    if found is None:
        raise ValueError(f"{text!r} is not a moment")
    day, clock, rest = found
    hour, minute, second = clock or (0, 0, 0)
    rest = _WEEKDAY.sub(" ", rest, count=1)
    zone = KST
    if clock is None:
        half = _HALF.search(rest)
        if half:
            rest = rest[: half.start()] + " " + rest[half.end() :]
        time = _TIME.search(rest)
        if time:
            hour, minute, second = _read_time(time, half[0] if half else "")
            zone, rest = _read_zone(rest[time.end() :], rest[: time.start()])
        elif half:
            raise ValueError(f"{text!r} is not a moment")
    if rest.strip(" T\t\u00a0,"):
        raise ValueError(f"{text!r} is not a moment")
    try:
        return format_utc(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone))
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def format_local(iso: str) -> str:
    """Format a stored timestamp in Korean time, as in tables: `2026-01-01 09:00:00`."""
    return datetime.fromisoformat(iso).astimezone(KST).replace(tzinfo=None).isoformat(" ", "seconds")


def _find_day(text: str) -> tuple[date, tuple[int, int, int] | None, str] | None:
    """Return the date in `text`, the time if it follows without separator (20240501150500), and the remaining text."""
    found = _DAY.search(text)
    if found:
        year, month, day = map(int, found.groups())
    elif short := _SHORT_DAY.search(text):
        found = short
        year, month, day = (int(group) for group in short.groups() if group is not None)
        year += 1900 if year >= _SHORT_YEARS_FROM else 2000
    elif compact := _COMPACT.match(text):
        found = compact
        year, month, day = map(int, compact.groups()[:3])
    else:
        return None
    before = text[: found.start()]
    if before[-1:].isdigit():
        return None
    clock = None
    if found.re is _COMPACT and found[4]:
        clock = (int(found[4]), int(found[5]), int(found[6] or 0))
    return date(year, month, day), clock, f"{before} {text[found.end() :]}"


def _read_time(time: "re.Match[str]", half: str) -> tuple[int, int, int]:
    """Return hour, minute and second; `half` is 오전, 오후, AM, PM or empty."""
    hour = int(time[1])
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"{time[0]!r} is not a time")
        hour = hour % 12 + (12 if half[0] in "pP" or half == "오후" else 0)
    return hour, int(time[2] or time[4] or 0), int(time[3] or time[5] or 0)


def _read_zone(after: str, before: str) -> tuple[timezone, str]:
    """Return the time zone after a time, and the remaining text."""
    found = _ZONE.match(after.strip())
    if found is None:
        return KST, before + after
    if found[3]:
        return (KST if found[3].upper() == "KST" else UTC), before
    sign = -1 if found[1][0] == "-" else 1
    return timezone(sign * timedelta(hours=int(found[1][1:]), minutes=int(found[2] or 0))), before


def _format_ago(now: datetime, count: int, unit: str) -> str:
    time = (now - count * _AGO_UNITS[unit]).astimezone(KST)
    if unit in "일주":
        time = time.replace(hour=0, minute=0)
    return format_utc(time.replace(second=0))
