"""Rank 0. Who is about to wait says so first. May import nothing.

One thread of the site's looks after all connections and answers what comes by itself, as handing a request to another
thread costs as much as answering a short one (`app/server/crew.py`). Before it waits for the model or a database it
steps aside, and another thread looks after the connections meanwhile. Threads of others hear nothing of it.
"""

import threading
from collections.abc import Callable


class _Listener(threading.local):
    hear: Callable[[], None] | None = None


_listener = _Listener()


def step_aside() -> None:
    """Called by a thread before it waits for anything but the processor; often for nothing, which costs nothing."""
    if _listener.hear is not None:
        _listener.hear()


def listen(hear: Callable[[], None]) -> None:
    """From now on `hear` is called when this thread steps aside."""
    _listener.hear = hear
