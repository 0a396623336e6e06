"""Stops robots that write, and a text that is sent twice; off in open mode on this machine, where one is alone."""

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Lock

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from app.errors import DuplicateSubmission
from app.extensions import get_service
from app.security.rate_limits import client_key
from app.settings import Settings

HONEYPOT_FIELD = "website"
"""A field that people do not see; robots fill it in."""
MIN_FILL_SECONDS = 2
"""Seconds in which nobody fills in a form."""
REMEMBERED = 600
"""Seconds for which a client's last text is known."""
_MAX_CLIENTS = 4_096


class SpamProtection:
    """Whether they are set, and what each client sent last. Safe under threads."""

    def __init__(self, settings: Settings) -> None:
        self.is_enabled = bool(settings.ratelimit_enabled and (settings.has_password or settings.open_mode))
        self._lock = Lock()
        self._last: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def claim(self, who: str, what: int, now: float) -> bool:
        """Whether that is not what `who` sent last; from now on it is."""
        with self._lock:
            known, at = self._last.pop(who, (0, -REMEMBERED))
            self._last[who] = (what, now)
            if len(self._last) > _MAX_CLIENTS:
                self._last.popitem(last=False)
            return known != what or now - at > REMEMBERED

    def release(self, who: str) -> None:
        with self._lock:
            self._last.pop(who, None)


@contextmanager
def reject_duplicates(*what: Hashable) -> Iterator[None]:
    """Raise `DuplicateSubmission` if the client's previous post was identical. Forgotten if the body fails."""
    traps = get_service(SpamProtection)
    if not traps.is_enabled:
        yield
        return
    who = client_key()
    if not traps.claim(who, hash(what), time.monotonic()):
        raise DuplicateSubmission("this is what you sent last")
    try:
        yield
    except Exception:
        traps.release(who)
        raise


def is_enabled() -> bool:
    """Whether forms are guarded against robots."""
    return get_service(SpamProtection).is_enabled


def filled_too_fast(token: str) -> bool:
    """Whether a form comes back sooner than anybody fills it in; `token` is its CSRF token, which says since when."""
    signer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        _, since = signer.loads(token, return_timestamp=True)
    except BadData:
        return True
    return time.time() - float(since.timestamp()) < MIN_FILL_SECONDS
