"""Which language a page speaks. The pages are written in Korean; `app/translations/*/LC_MESSAGES/messages.po` says the
same in others. It is read as it is: there is no compiled file that could be forgotten or grow old.
"""

from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import cast

import flask_babel
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain
from markupsafe import Markup

NATIVE = "ko"
LANGUAGES = {NATIVE: "한국어", "en": "English"}
"""The languages the site speaks, and what each is called in itself."""
COOKIE = "language"
TRANSLATIONS = Path(__file__).resolve().parent / "translations"


class Phrases(Domain):
    """Flask-Babel's translations, from .po files, looked up by the language of the request."""

    def get_translations(self) -> NullTranslations:
        return translations(language())


class Languages(Babel):
    """Flask-Babel with our `Phrases`."""

    domain_instance = Phrases()  # type: ignore[no-untyped-call]


def register(app: Flask) -> None:
    Languages(app, default_locale=NATIVE, locale_selector=language)  # type: ignore[no-untyped-call]
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # by Jinja's extension
        gettext=lambda text: translations(language()).gettext(text),
        ngettext=lambda one, many, count: translations(language()).ngettext(one, many, count),
        newstyle=True,
    )  # Flask-Babel's own look the context up six times a text, and a page has a thousand
    app.jinja_env.globals["_"] = phrase
    app.add_template_global(language)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES


def phrase(text: str, **values: object) -> Markup:
    """A template's `text` in the language of this request, with `values` in their places, escaped unless markup.

    What Jinja's own `_` returns, in a quarter of its time: half of what a page of reviews took."""
    if not values:
        return _plain(language(), text)
    return Markup(translations(language()).gettext(text)) % values  # noqa: S704 - the templates' own words


@lru_cache(maxsize=2_000)
def _plain(language: str, text: str) -> Markup:
    return Markup(translations(language).gettext(text)) % {}  # noqa: S704 - as above; `%%` is a per cent sign


def gettext(text: str, **values: object) -> str:
    """`text` in the language of this request, with `values` in their places: Flask-Babel's looks the context up six
    times a text."""
    found = translations(language()).gettext(text)
    return found % values if values else found


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """As `gettext`, for `num` of something."""
    return translations(language()).ngettext(one, many, num) % {"num": num, **values}


def lazy_gettext(text: str) -> str:
    """`text` in the language of the page that it will be shown on; for what is written down before there is a request.

    It behaves like a `str`; `str()` makes it one.
    """
    return cast(str, flask_babel.lazy_gettext(text))


def language() -> str:
    """The language of this request: the one chosen, else the first the browser asks for that we speak, else Korean."""
    try:
        return str(g.language)
    except (AttributeError, RuntimeError):  # asked for the first time, or outside of an app
        pass
    if not has_request_context():
        return NATIVE
    g.language = _asked_for()
    return str(g.language)


def _asked_for() -> str:
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES, default=NATIVE)


@cache
def translations(language: str) -> NullTranslations:
    """What the .po of a language says; nothing for Korean, which is what the pages are written in."""
    path = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
