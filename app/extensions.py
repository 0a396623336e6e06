"""What the running app was given: `installed(Catalogue)` is the current app's catalogue."""

from typing import TypeVar

from flask import Flask, current_app
from werkzeug.routing import IntegerConverter

T = TypeVar("T")


def register_service(app: Flask, thing: object) -> None:
    """Puts `thing` where `installed(type(thing))` finds it."""
    app.extensions[type(thing).__name__] = thing


def get_service(kind: type[T]) -> T:
    """The `kind` that the current app was given by `register_service`."""
    thing: T = current_app.extensions[kind.__name__]
    return thing


class IdConverter(IntegerConverter):
    """Flask's `<int:...>`, at most 19 digits: what is longer names nothing, and `int()` refuses 4,300 digits."""

    regex = r"[0-9]{1,19}"
