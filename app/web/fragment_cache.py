"""Cache of rendered fragments: parts of pages that depend on nothing but their arguments, the language and the root."""

from collections.abc import Hashable
from functools import lru_cache

from flask import current_app, request
from markupsafe import Markup

from app.i18n import language

CACHE_SIZE = 2_000  # fragments, of about 1 KB each


def cached_fragment(template: str, macro: str, *arguments: Hashable) -> Markup:
    """Return what `macro` of `template` renders for `arguments`.

    The macro may use its arguments, translations and `url_for`, but nothing else of the request: not the session, the
    caller's permissions or the time.
    """
    return _render(language(), request.script_root, template, macro, *arguments)


@lru_cache(CACHE_SIZE)
def _render(_language: str, _root: str, template: str, macro: str, *arguments: Hashable) -> Markup:
    fragment: Markup = getattr(current_app.jinja_env.get_template(template).module, macro)(*arguments)
    return fragment
