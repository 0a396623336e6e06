"""Services of the running app: `get_service(ReviewService)` is the current app's instance."""

from typing import TypeVar

from flask import Flask, current_app
from werkzeug.routing import IntegerConverter

T = TypeVar("T")


def register_service(app: Flask, thing: object) -> None:
    """Register `thing` under its class, for `get_service`."""
    app.extensions[type(thing).__name__] = thing


def get_service(kind: type[T]) -> T:
    """Return the current app's instance of the class `kind`."""
    thing: T = current_app.extensions[kind.__name__]
    return thing


class IdConverter(IntegerConverter):
    """Flask's `<int:...>`, at most 19 digits: what is longer names nothing, and `int()` refuses 4,300 digits."""

    regex = r"[0-9]{1,19}"
