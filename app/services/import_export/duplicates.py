"""Detection of reviews that are already in the store."""

from collections import defaultdict
from collections.abc import Sequence

from app.services.import_export.dates import format_local

_PRECISIONS = (19, 16, 10)
"""Compared lengths of timestamps such as `2024-05-01 15:05:09`: to the second, the minute, the day."""


def find_known(rows: Sequence[tuple[int, str]], stored: Sequence[tuple[str, bool]]) -> list[int]:
    """Match reviews of the same movie, author and text; return the keys of the rows that are in the store.

    `rows` are (key, timestamp or empty), `stored` are (timestamp, whether that is only the time of an import). Each
    stored review matches one row. Timestamps are compared at the coarser precision of the two, as spreadsheets drop
    seconds and times of day; exact matches come first. A review without a timestamp of its own matches any.
    """
    unmatched = [(format_local(timestamp), is_undated) for timestamp, is_undated in stored]
    dated = {key: format_local(timestamp) for key, timestamp in rows if timestamp}
    known = []
    for size in _PRECISIONS:
        by_start = defaultdict(list)
        for item in unmatched:
            if _precision(item[0]) >= size:
                by_start[item[0][:size]].append(item)
        for key, timestamp in list(dated.items()):
            precision = _precision(timestamp)
            candidates = by_start[timestamp[:size]] if precision >= size else []
            match = next((item for item in candidates if size in (precision, _precision(item[0]))), None)
            if match:
                candidates.remove(match)
                unmatched.remove(match)
                del dated[key]
                known.append(key)
    undated = [key for key, timestamp in rows if not timestamp]
    undated_stored = sum(is_undated for _, is_undated in unmatched)
    matched_dated = list(dated)[:undated_stored]
    return known + matched_dated + undated[: len(unmatched) - len(matched_dated)]


def _precision(timestamp: str) -> int:
    """Return the significant length of a local timestamp: midnight means a day, a full minute a minute."""
    if timestamp.endswith(" 00:00:00"):
        return 10
    return 16 if timestamp.endswith(":00") else 19
