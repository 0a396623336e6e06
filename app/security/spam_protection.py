"""Honeypot, minimum fill time and duplicate filter. Disabled where only this machine is served (no password)."""

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
"""Name of a hidden field, which only bots fill in."""
MIN_FILL_SECONDS = 2
"""A form submitted in less time than this is a bot's."""
DUPLICATE_SECONDS = 600
"""Time for which a client's identical post counts as a duplicate."""
_MAX_CLIENTS = 4_096


class SpamProtection:
    """The last post of each client, as a hash. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self.is_enabled = bool(settings.ratelimit_enabled and (settings.has_password or settings.open_mode))
        self._lock = Lock()
        self._posts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def record(self, client: str, post: int, now: float) -> bool:
        """Record the client's post; return whether it differs from the previous one."""
        with self._lock:
            previous, at = self._posts.pop(client, (0, -DUPLICATE_SECONDS))
            self._posts[client] = (post, now)
            if len(self._posts) > _MAX_CLIENTS:
                self._posts.popitem(last=False)
            return previous != post or now - at > DUPLICATE_SECONDS

    def forget(self, client: str) -> None:
        with self._lock:
            self._posts.pop(client, None)


@contextmanager
def reject_duplicates(*post: Hashable) -> Iterator[None]:
    """Raise `DuplicateSubmission` if the client's previous post was identical. Forget the post if the block raises."""
    spam = get_service(SpamProtection)
    if not spam.is_enabled:
        yield
        return
    client = client_key()
    if not spam.record(client, hash(post), time.monotonic()):
        raise DuplicateSubmission("this is what you sent last")
    try:
        yield
    except Exception:
        spam.forget(client)
        raise


def is_enabled() -> bool:
    """Return whether forms are protected against bots."""
    return get_service(SpamProtection).is_enabled


def filled_too_fast(token: str) -> bool:
    """Return whether the form with this CSRF token, which contains its time, was submitted too soon for a person."""
    signer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        _, since = signer.loads(token, return_timestamp=True)
    except BadData:
        return True
    return time.time() - float(since.timestamp()) < MIN_FILL_SECONDS
