"""Parts of pages that are made many times: their templates are rendered once, with gaps, and the gaps then filled.

A page shows twenty reviews or more, and most of its time went into asking Jinja for each. A mould holds nothing of
anybody's, so no change and no other caller can make it wrong.
"""

import secrets
from collections.abc import Hashable
from functools import lru_cache

from flask import current_app, request
from markupsafe import Markup, escape

from app.http.context import installed
from app.http.language import language

MOST = 1_000
"""Moulds kept, of some 3 KB each; there are more only where things are many."""
_NUMBER = 10**18 + secrets.randbelow(8 * 10**18)
_MARK = secrets.token_urlsafe(12)
"""Gaps look like nothing that anybody can have typed: what a macro is given besides them may be typed text."""

_Gaps = tuple[tuple[str, str], ...]
"""The name of each, and what it is: "number", "text", or "nothing"."""


class Moulds:
    """One app's moulds. Safe under threads."""

    def __init__(self, most: int = MOST) -> None:
        # `typed`: markup is equal to the text it is made of, and has to be told from it.
        self.get = lru_cache(most, typed=True)(_make)


def cast(template: str, macro: str, *things: Hashable, **gaps: str | int) -> Markup:
    """What `macro` of `template` makes of `things` and `gaps`, in this page's language.

    A mould is kept for all `things` that are equal. The macro may look at these as it likes; it may show a gap, make an
    address with a number, and ask whether a text is empty; nothing else. What it shows besides may not depend on who
    asks, or when.
    """
    kinds = tuple((name, _kind(value)) for name, value in gaps.items())
    mould = installed(Moulds).get(template, macro, language(), request.script_root, kinds, *things)
    return Markup(mould % {name: escape(value) for name, value in gaps.items()})  # noqa: S704 - escaped just here


def _kind(value: str | int) -> str:
    if isinstance(value, int):
        return "number"
    return "text" if value else "nothing"


def _make(template: str, macro: str, language: str, root: str, kinds: _Gaps, *things: Hashable) -> str:
    """What `cast` fills in with `%`. `language` and `root` are the request's; here they only tell moulds apart."""
    gaps: dict[str, Markup | int | str] = dict.fromkeys((name for name, _ in kinds), "")
    for place, (name, kind) in enumerate(kinds):
        if kind == "number":
            gaps[name] = _NUMBER + place
        elif kind == "text":
            gaps[name] = Markup(f"{_MARK}{name};")  # noqa: S704 - no text of anybody's
    made = str(getattr(current_app.jinja_env.get_template(template).module, macro)(*things, **gaps)).replace("%", "%%")
    for name, gap in gaps.items():
        if gap:
            made = made.replace(str(gap), f"%({name})s")
    return made
