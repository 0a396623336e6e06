"""Services of the running app: `get_service(ReviewService)` is the current app's instance."""

from typing import TypeVar

from flask import Flask, current_app
from werkzeug.routing import IntegerConverter

T = TypeVar("T")


def register_service(app: Flask, service: object) -> None:
    """Register `service` under its class, for `get_service`."""
    app.extensions[type(service).__name__] = service


def get_service(kind: type[T]) -> T:
    """Return the current app's instance of the class `kind`."""
    service: T = current_app.extensions[kind.__name__]
    return service


class IdConverter(IntegerConverter):
    """Converter for `<int:...>` of at most 19 digits, as no id is longer and `int()` rejects over 4,300 digits."""

    regex = r"[0-9]{1,19}"
