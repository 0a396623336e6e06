"""Languages of the pages: Korean, in which they are written, and the translations in `app/translations`.

`make` compiles each `messages.po` to the `messages.mo` that Flask-Babel loads.
"""

from typing import cast

import flask_babel
from babel.support import NullTranslations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel

DEFAULT_LANGUAGE = "ko"
LANGUAGES = {DEFAULT_LANGUAGE: "한국어", "en": "English"}
"""Languages by code, each with its own name."""
COOKIE = "language"


def register(app: Flask) -> None:
    """Add translations to `app` and its templates."""
    Babel(app, default_locale=DEFAULT_LANGUAGE, locale_selector=language)  # type: ignore[no-untyped-call]
    # Flask-Babel's own callables look up the locale for each text, which takes half the time of a page.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by Jinja's extension
        gettext=lambda text: _translations().gettext(text),
        ngettext=lambda singular, plural, n: _translations().ngettext(singular, plural, n),
        newstyle=True,
    )
    app.add_template_global(language)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES


def _translations() -> NullTranslations:
    """Return the translations of the request's language, cached for the request."""
    if "translations" not in g:
        g.translations = flask_babel.get_translations()
    return cast(NullTranslations, g.translations)


def lazy_gettext(text: str) -> str:
    """Return a lazy string that is translated when it is rendered."""
    return cast(str, flask_babel.lazy_gettext(text))


def language() -> str:
    """Return the request's language: from the cookie, else from `Accept-Language`, else Korean."""
    if not has_request_context():
        return DEFAULT_LANGUAGE
    if "language" not in g:
        chosen = request.cookies.get(COOKIE)
        g.language = (
            chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, default=DEFAULT_LANGUAGE)
        )
    return str(g.language)
