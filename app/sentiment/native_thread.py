"""Run functions in a native thread while gevent's event loop goes on."""

from collections.abc import Callable
from typing import Any

from gevent import monkey
from gevent.threadpool import ThreadPool


class NativeThread:
    """One operating system thread that runs the functions it is given, one after the other.

    Under gunicorn's gevent worker `threading.Thread` is a greenlet, and a long computation in it stops the event loop.
    There, functions run in gevent's thread pool. Without gevent the calling thread is a native one and runs them.
    """

    def __init__(self) -> None:
        self._pool = ThreadPool(1) if monkey.is_module_patched("threading") else None

    def run(self, function: Callable[..., Any], *arguments: Any) -> tuple[Any, BaseException | None]:
        """Return the function's result and None, or None and the exception that it raised."""
        if self._pool is None:
            return _attempt(function, *arguments)
        outcome: tuple[Any, BaseException | None] = self._pool.apply(_attempt, (function, *arguments))
        return outcome


def _attempt(function: Callable[..., Any], *arguments: Any) -> tuple[Any, BaseException | None]:
    """Return an exception instead of raising it: gevent prints those raised in its thread pool."""
    try:
        return function(*arguments), None
    except BaseException as error:  # noqa: BLE001 - the caller handles it
        return None, error
