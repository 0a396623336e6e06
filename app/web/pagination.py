"""Links to the pages of a list: the first, the last, and those around the current one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.models import Page

_AROUND = 2


@dataclass(frozen=True, slots=True)
class PageLink:
    """Link to a page; `after_gap` if the pages before it are omitted."""

    number: int
    url: str
    is_current: bool
    after_gap: bool


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Links of a list; `previous` and `next` are empty at the ends, `numbers` if there is only one page."""

    previous: str
    next: str
    numbers: list[PageLink]
    last: str


def page_links(page: Page[Any], address: Callable[[int], str]) -> PageLinks:
    """Return the links for `page`; `address` returns the URL of a page number."""
    current, last = page.number, page.last
    shown = sorted({1, last} | {n for n in range(current - _AROUND, current + _AROUND + 1) if 1 <= n <= last})
    numbers = [
        PageLink(number, address(number), number == current, number - before > 1)
        for before, number in zip([0, *shown], shown, strict=False)
    ]
    return PageLinks(
        previous=address(min(current - 1, last)) if current > 1 else "",
        next=address(current + 1) if current < last else "",
        numbers=numbers if last > 1 else [],
        last=address(last),
    )
