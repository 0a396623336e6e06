"""Languages of the pages: Korean, and the catalogues of Flask-Babel in `app/translations`.

Pages and messages are written in Korean. `make` compiles `messages.po` to the `messages.mo` that Flask-Babel loads.
"""

from typing import cast

import flask_babel
from babel.support import NullTranslations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel

NATIVE = "ko"
LANGUAGES = {NATIVE: "한국어", "en": "English"}
"""Names of the languages, each in itself, by their codes."""
COOKIE = "language"


def register(app: Flask) -> None:
    """Add translations to `app` and its templates."""
    Babel(app, default_locale=NATIVE, locale_selector=language)  # type: ignore[no-untyped-call]
    # Flask-Babel's own callables look the request's locale up for each text, and a page has hundreds: half its time.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by Jinja's extension
        gettext=lambda text: _translations().gettext(text),
        ngettext=lambda singular, plural, n: _translations().ngettext(singular, plural, n),
        newstyle=True,
    )
    app.add_template_global(language)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES


def _translations() -> NullTranslations:
    """Return the catalogue of the request's language, looked up once a request."""
    if "translations" not in g:
        g.translations = flask_babel.get_translations()
    return cast(NullTranslations, g.translations)


def lazy_gettext(text: str) -> str:
    """Return `text`, translated when it is rendered. It behaves as a `str`; `str()` makes it one."""
    return cast(str, flask_babel.lazy_gettext(text))


def language() -> str:
    """Return the request's language: its cookie's, else the best of `Accept-Language`, else Korean."""
    if not has_request_context():
        return NATIVE
    if "language" not in g:
        chosen = request.cookies.get(COOKIE)
        g.language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, default=NATIVE)
    return str(g.language)
