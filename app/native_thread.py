"""A native thread for computations that would block gevent's event loop."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from gevent import monkey
from gevent.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class NativeThread:
    """A native thread that runs one function at a time.

    Under gunicorn's gevent worker a `threading.Thread` is a greenlet, in which long computations block the event loop.
    There, functions run in gevent's thread pool. Without gevent they run in the calling thread.
    """

    def __init__(self) -> None:
        self._pool = ThreadPool(1) if monkey.is_module_patched("threading") else None

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function and return its result; other greenlets run meanwhile."""
        if self._pool is None:
            return function(*args, **kwargs)
        result, error = self._pool.apply(_call, (function, args, kwargs))
        if error is not None:
            raise error
        return cast(T, result)

    def close(self) -> None:
        """End the thread."""
        if self._pool is not None:
            self._pool.kill()


def _call(function: Callable[..., T], args: Any, kwargs: Any) -> tuple[T | None, BaseException | None]:
    """Return the result or the exception: gevent prints exceptions raised in its pool."""
    try:
        return function(*args, **kwargs), None
    except BaseException as error:  # noqa: BLE001 - raised again by the caller
        return None, error
