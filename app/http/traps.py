"""Stops robots that write, and a text that is sent twice; off in open mode on this machine, where one is alone."""

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from app.errors import Repeated
from app.http.context import installed
from app.http.limits import client
from app.settings import Settings

BAIT = "website"
"""A field that people do not see; robots fill it in."""
FILLED_IN_WITHIN = 2
"""Seconds in which nobody fills in a form."""
REMEMBERED = 600
"""Seconds for which a client's last text is known."""
_CLIENTS_MOST = 4_096


class Traps:
    """Whether they are set, and what each client sent last. Safe under threads."""

    def __init__(self, settings: Settings) -> None:
        self.are_set = bool(settings.ratelimit_enabled and (settings.has_password or settings.open_mode))
        self._lock = Lock()
        self._last: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def claim(self, who: str, what: int, now: float) -> bool:
        """Whether that is not what `who` sent last; from now on it is."""
        with self._lock:
            known, at = self._last.pop(who, (0, -REMEMBERED))
            self._last[who] = (what, now)
            if len(self._last) > _CLIENTS_MOST:
                self._last.popitem(last=False)
            return known != what or now - at > REMEMBERED

    def release(self, who: str) -> None:
        with self._lock:
            self._last.pop(who, None)


@contextmanager
def once(*what: Hashable) -> Iterator[None]:
    """Raises `Repeated` where this client sent just that last; what fails inside may be sent again."""
    traps = installed(Traps)
    if not traps.are_set:
        yield
        return
    who = client()
    if not traps.claim(who, hash(what), time.monotonic()):
        raise Repeated("this is what you sent last")
    try:
        yield
    except Exception:
        traps.release(who)
        raise


def are_set() -> bool:
    """Whether forms are guarded against robots."""
    return installed(Traps).are_set


def is_too_fast(token: str) -> bool:
    """Whether a form comes back sooner than anybody fills it in; `token` is its CSRF token, which says since when."""
    signer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        _, since = signer.loads(token, return_timestamp=True)
    except BadData:
        return True
    return time.time() - float(since.timestamp()) < FILLED_IN_WITHIN
