"""Addresses of the site's own pages. Flask works each out anew, of which a page has dozens: a tenth of its time."""

from collections.abc import Hashable
from functools import lru_cache

import flask
from flask import Flask, request

from app.http.context import install, installed

MOST = 4_000
"""Addresses kept, of some hundred bytes each."""


class Links:
    """One app's addresses. Safe under threads."""

    def __init__(self, most: int = MOST) -> None:
        self.find = lru_cache(most)(_find)


def register(app: Flask) -> None:
    install(app, Links())
    app.add_template_global(url_for)


def url_for(endpoint: str, **values: Hashable) -> str:
    """The path of `endpoint` with these values, as Flask has it; it depends on them and where the site is mounted."""
    return installed(Links).find(request.script_root, endpoint, tuple(values.items()))


def _find(root: str, endpoint: str, values: tuple[tuple[str, Hashable], ...]) -> str:
    """`root` is the request's; here it only tells addresses apart."""
    return flask.url_for(endpoint, **dict(values))  # type: ignore[arg-type]  # values are for the address
