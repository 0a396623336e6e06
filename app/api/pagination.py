"""Headers of paginated lists: the total, and links to neighbouring pages (RFC 8288)."""

from typing import Any
from urllib.parse import urlencode

from flask import request

from app.models import Page

_FILTERS = ("q", "genre", "director", "year", "sort", "label", "author")
_MAX_FILTER = 200  # characters; longer values are invalid and not repeated in a header


def page_headers(page: Page[Any]) -> dict[str, str]:
    """Return `X-Total-Count`, and `Link` if the request has `page` or `per_page`."""
    headers = {"X-Total-Count": str(page.total)}
    if "page" in request.args or "per_page" in request.args:
        around = {"first": 1, "prev": page.number - 1, "next": page.number + 1, "last": page.last}
        links = [f'<{_address(page, to)}>; rel="{rel}"' for rel, to in around.items() if 1 <= to <= page.last]
        headers["Link"] = ", ".join(links)
    return headers


def _address(page: Page[Any], number: int) -> str:
    known = {name: value for name, value in request.args.items() if name in _FILTERS and len(value) <= _MAX_FILTER}
    query = known | {"page": str(number), "per_page": str(page.size)}
    return f"{request.path}?{urlencode(query)}"
