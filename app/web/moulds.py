"""Parts of pages that are made many times: their templates are rendered once, with gaps, and the gaps then filled.

A page shows twenty reviews or more, and most of its time went into asking Jinja for each. A mould holds nothing of
anybody's, so no change and no other caller can make it wrong.
"""

import secrets
from collections.abc import Hashable, Sequence
from functools import lru_cache

from flask import current_app, request
from markupsafe import Markup, escape

from app.http.context import installed
from app.http.language import language

MOST = 1_000
"""Moulds kept, of some 3 KB each; there are more only where things are many."""
_NUMBER = 10**18 + secrets.randbelow(8 * 10**18)  # what an id is in a mould
_MARK = secrets.token_urlsafe(12)
"""Gaps look like nothing that anybody can have typed: what a macro is given besides them may be typed text."""


class Moulds:
    """One app's moulds. Safe under threads."""

    def __init__(self, most: int = MOST) -> None:
        # `typed`: markup is equal to the text it is made of, and has to be told from it.
        self.get = lru_cache(most, typed=True)(_make)


def cast(template: str, macro: str, *things: Hashable, id: int | None = None, **texts: str) -> Markup:
    """What `macro` of `template` makes of `things`, `id` and `texts`, in this page's language.

    A mould is kept for all `things` that are equal. The macro may look at these as it likes; it may make addresses with
    the id, show a text, and ask whether it is empty; nothing else. What it shows besides may not depend on who asks, or
    when.
    """
    empty = tuple([not text for text in texts.values()])
    mould = installed(Moulds).get(
        template, macro, language(), request.script_root, id is not None, tuple(texts), empty, *things
    )
    # Escaped all together: that takes a fifth of one after the other. Markup among them stays as it is.
    plain = str(escape(_MARK.join([text for text in texts.values() if type(text) is not Markup]))).split(_MARK)
    escaped = iter(plain)
    values = {name: text if type(text) is Markup else next(escaped) for name, text in texts.items()}
    return Markup(mould % {"id": id, **values})  # noqa: S704 - escaped just here


def _make(
    template: str,
    macro: str,
    language: str,
    root: str,
    has_id: bool,
    names: Sequence[str],
    empty: Sequence[bool],
    *things: Hashable,
) -> str:
    """What `cast` fills in with `%`. `language` and `root` are the request's; here they only tell moulds apart."""
    gaps: dict[str, Markup | int] = {"id": _NUMBER} if has_id else {}
    for name, is_empty in zip(names, empty, strict=True):
        gaps[name] = Markup("" if is_empty else f"{_MARK}{name};")  # noqa: S704 - no text of anybody's
    made = str(getattr(current_app.jinja_env.get_template(template).module, macro)(*things, **gaps)).replace("%", "%%")
    for name, gap in gaps.items():
        if gap:
            made = made.replace(str(gap), f"%({name})s")
    return made
