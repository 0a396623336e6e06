"""Conversion of cells: dates and times in Korean formats, HTML, and texts that spreadsheets would take for formulas.

Times are such as 2024-05-01, 2024.05.01(수) 15:05, 2024. 5. 1. 오후 3:05, 22.05.01.
"""

import html
import re
from datetime import UTC, date, datetime, timedelta, timezone

from app.models import KST, format_utc
from app.schemas import MIN_YEAR

_DAYS = (
    re.compile(r"(\d{4})\s*(?:[-./]|년)\s*(\d{1,2})\s*(?:[-./]|월)\s*(\d{1,2})(?!\d)(?:\s*(?:일|\.))?"),
    re.compile(r"(?<!\d)(\d{2})\.\s*(\d{1,2})\.\s*(\d{1,2})(?!\d)\.?"),
    re.compile(r"(?<!\d)(\d{2})년\s*(\d{1,2})월\s*(\d{1,2})일"),
    re.compile(r"\A(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(?!\d)"),
)
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
_BLOCKS = "blockquote|div|dd|dt|dl|h[1-6]|hr|li|ol|p|ul"
_INLINE = "a|abbr|b|big|cite|code|del|em|font|i|img|ins|mark|q|s|small|span|strike|strong|sub|sup|u"
_ATTRIBUTES = r"""(?:\s(?:[^<>"']|"[^"<]*"|'[^'<]*')*)?/?"""
_REFERENCE = r"&(?:#\d+|#x[0-9a-f]+|[a-z]+\d*);"
_HTML = re.compile(rf"</?(?:br|{_BLOCKS}|{_INLINE}){_ATTRIBUTES}>|{_REFERENCE}", re.IGNORECASE)
_BLOCK_TAGS = re.compile(rf"\n?(?:</?(?:{_BLOCKS}){_ATTRIBUTES}>)+", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}>|</br{_ATTRIBUTES}>", re.IGNORECASE)
_LINE_BREAK = re.compile(rf"<br{_ATTRIBUTES}>", re.IGNORECASE)
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


def parse_day(text: str) -> str:
    """Parse a date to ISO `YYYY-MM-DD`, or `YYYY-MM` or `YYYY` if it is incomplete. Raise `ValueError`.

    A time after the date is ignored.
    """
    month = _MONTH.fullmatch(text.strip())
    if month is None:
        return _find_day(text.strip())[0].isoformat()
    first = date(int(month[1]), int(month[2] or 1), 1).isoformat()
    return first[:7] if month[2] else first[:4]


def parse_timestamp(text: str, now: datetime | None = None) -> str:
    """Parse a date with an optional time to ISO 8601 in UTC, to the second. Raise `ValueError`.

    The default time is midnight, the default zone Korean time. `now` is the time of the file, to which texts such as
    "3일 전" are relative; without it they are invalid.
    """
    text = text.strip()
    if now is not None and (ago := _AGO.fullmatch(text)):
        return _format_ago(now, int(ago[1]), ago[2])
    day, clock, rest = _find_day(text)
    zone, rest = KST, _WEEKDAY.sub(" ", rest, count=1)
    if not clock:
        clock, zone, rest = _find_time(rest)
    if rest.strip(" T\t\u00a0,") or day.year < MIN_YEAR:
        raise ValueError(f"{text!r} is not a moment")
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    return format_utc(datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone))


def format_local(iso: str) -> str:
    """Format a stored timestamp in Korean time, as in tables: `2026-01-01 09:00:00`."""
    return datetime.fromisoformat(iso).astimezone(KST).replace(tzinfo=None).isoformat(" ", "seconds")


def _find_day(text: str) -> tuple[date, list[int], str]:
    """Return the date in `text`, the time if it follows without separator (20240501150500), and the remaining text.

    Raise `ValueError` without a date.
    """
    found = next(filter(None, (pattern.search(text) for pattern in _DAYS)), None)
    if found is None or text[: found.start()][-1:].isdigit():
        raise ValueError(f"{text!r} is not a day")
    year, month, day, *clock = _integers(found)
    if len(found[1]) == 2:
        year += 1900 if year >= _SHORT_YEARS_FROM else 2000
    return date(year, month, day), clock, f"{text[: found.start()]} {text[found.end() :]}"


def _find_time(text: str) -> tuple[list[int], timezone, str]:
    """Return hour, minute and second, as far as given, the time zone, and the remaining text. Raise `ValueError`."""
    half = _HALF.search(text)
    without_half = f"{text[: half.start()]} {text[half.end() :]}" if half else text
    time = _TIME.search(without_half)
    if time is None:
        return [], KST, text
    hour, *others = _integers(time)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} is not a time")
        hour = hour % 12 + (12 if half[0].lower().startswith(("p", "오후")) else 0)
    before, after = without_half[: time.start()], without_half[time.end() :].strip()
    zone = _ZONE.match(after)
    if zone is None:
        return [hour, *others], KST, before + after
    if zone[3]:
        return [hour, *others], KST if zone[3].upper() == "KST" else UTC, before
    offset = timedelta(hours=int(zone[1][1:]), minutes=int(zone[2] or 0))
    return [hour, *others], timezone(-offset if zone[1][0] == "-" else offset), before


def _integers(found: "re.Match[str]") -> list[int]:
    return [int(group) for group in found.groups() if group is not None]


def _format_ago(now: datetime, count: int, unit: str) -> str:
    time = (now - count * _AGO_UNITS[unit]).astimezone(KST)
    if unit in "일주":
        time = time.replace(hour=0, minute=0)
    return format_utc(time.replace(second=0))


def html_to_text(cell: str) -> str:
    """Remove the tags of a cell, with line breaks around blocks, and resolve its character references.

    Text in angle brackets that is no HTML tag (`<최고>`, `<3`, `<spoiler>`) is kept.
    """
    if not _HTML.search(cell):
        return cell
    text = _BLOCK_TAGS.sub("\n", _LINE_BREAK.sub("\n", _INLINE_TAG.sub("", cell)))
    return re.sub(r"\n{3,}", "\n\n", html.unescape(text)).strip()


def escape_formula(cell: str) -> str:
    """Return `=1+1` as `'=1+1`, as spreadsheets do, so that they do not evaluate visitors' texts."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`; only for cells of an export."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
