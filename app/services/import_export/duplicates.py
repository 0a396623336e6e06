"""Which reviews of a file the store has already, among those of the same movie, author and text."""

from collections import defaultdict
from collections.abc import Sequence

from app.services.import_export.dates import format_local

_PRECISIONS = (19, 16, 10)
"""How much of `2024-05-01 15:05:09` is compared: to the second, the minute, the day."""


def find_known(given: Sequence[tuple[int, str]], stored: Sequence[tuple[str, bool]]) -> list[int]:
    """Return the keys of the `given` reviews, (key, moment or empty), that are among the `stored` ones.

    Each stored review, (moment, whether that is only an import's clock), stands for one. Moments are compared at the
    coarser precision of the two, as spreadsheets drop seconds and times; a review without a moment of its own, there or
    here, has any. Exact matches come first.
    """
    left = [(format_local(moment), is_undated) for moment, is_undated in stored]
    dated = {key: format_local(moment) for key, moment in given if moment}
    known = []
    for size in _PRECISIONS:
        by_start = defaultdict(list)
        for item in left:
            if _precision(item[0]) >= size:
                by_start[item[0][:size]].append(item)
        for key, moment in list(dated.items()):
            precision = _precision(moment)
            candidates = by_start[moment[:size]] if precision >= size else []
            match = next((item for item in candidates if size in (precision, _precision(item[0]))), None)
            if match:
                candidates.remove(match)
                left.remove(match)
                del dated[key]
                known.append(key)
    undated = [key for key, moment in given if not moment]
    clocks = sum(is_undated for _, is_undated in left)
    matched_dated = list(dated)[:clocks]
    return known + matched_dated + undated[: len(left) - len(matched_dated)]


def _precision(moment: str) -> int:
    """Return how much of a local moment was given: midnight stands for a day, the full minute for a minute."""
    if moment.endswith(" 00:00:00"):
        return 10
    return 16 if moment.endswith(":00") else 19
