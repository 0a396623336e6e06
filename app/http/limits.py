"""How often one client may ask, counted by Flask-Limiter: in this process, or in Redis for several of them.

When Redis is lost the site goes on counting by itself, and looks for Redis again from time to time.
"""

import time
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import Any

from flask import Flask, request

from app.errors import SettingsError, TooMany, first_line
from app.http.context import installed
from app.settings import Settings

_COUNTING = "gampyeong.counting"
_REDIS_WITHIN = 0.5
"""Seconds that Redis may take to answer before the site counts by itself."""
_NETWORK = 64
"""Bits of an IPv6 address that a client does not choose: one client has a whole network."""


EXPLAINING = 20
"""About as many texts are read to say why one rates as it does."""


class Count(StrEnum):
    """What is counted."""

    POSTS = "posts"
    ANALYSES = "analyses"
    LOGINS = "logins"


class Limits:
    """Counts, and refuses what is too much. Without `RATELIMIT_ENABLED` it does neither."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Raises `SettingsError` for a limit or a storage that cannot be read."""
        self.enabled = bool(settings.ratelimit_enabled)
        self._counters: dict[Count, Callable[[], None]] = {}
        self._rules: dict[Count, list[Any]] = {}
        if not self.enabled:
            return
        from flask_limiter import Limiter  # here: it takes a tenth of a second to import
        from limits import parse_many

        url = settings.ratelimit_storage_url or "memory://"
        waiting: dict[str, Any] = {"socket_timeout": _REDIS_WITHIN, "socket_connect_timeout": _REDIS_WITHIN}
        self._limiter = Limiter(
            client,
            storage_uri=url,
            storage_options=waiting if url.startswith("redis") else {},
            in_memory_fallback_enabled=True,
            request_identifier=lambda: request.environ.get(_COUNTING, ("", 0))[0],
        )
        app.extensions["limiter"] = {self._limiter}  # or it would look at every request; ours say when to count
        try:
            self._limiter.init_app(app)
        except Exception as error:  # noqa: BLE001 - every library behind an address fails in its own way
            raise SettingsError(f"RATELIMIT_STORAGE_URL={url!r} cannot be used: {first_line(error)}") from error
        for count, rule in (
            (Count.POSTS, settings.limit_posts),
            (Count.ANALYSES, settings.limit_analyses),
            (Count.LOGINS, settings.limit_logins),
        ):
            try:
                self._rules[count] = parse_many(rule)
            except ValueError as error:
                raise SettingsError(f"LIMIT_{count.upper()}={rule!r} is no limit: {first_line(error)}") from error
            self._counters[count] = self._counter(count, rule)

    def _counter(self, count: Count, rule: str) -> Callable[[], None]:
        def hit() -> None:
            """Nothing: what is decorated with a limit counts by being called."""

        hit.__qualname__ = count  # the limiter knows what it decorates by name
        cost = self._limiter.shared_limit(rule, scope=count, cost=lambda: request.environ[_COUNTING][1])
        counter: Callable[[], None] = cost(hit)
        return counter

    def hit(self, count: Count, cost: int) -> None:
        from flask_limiter import RateLimitExceeded

        request.environ[_COUNTING] = (count, cost)
        try:
            self._counters[count]()
        except RateLimitExceeded as error:
            current = self._limiter.current_limit
            wait = max(1, current.reset_at - int(time.time())) if current else 60
            raise TooMany(f"too many requests: {error.limit.limit}", retry_after=wait) from error

    def clear(self, count: Count) -> None:
        for rule in self._rules[count]:
            self._limiter.limiter.clear(rule, client(), count)


def count(what: Count, cost: int = 1) -> None:
    """Counts `cost` against what this client may do. Raises `TooMany` where that is too much."""
    limits = installed(Limits)
    if limits.enabled:
        limits.hit(what, cost)


def forget(what: Count) -> None:
    """Starts this client's count anew."""
    limits = installed(Limits)
    if limits.enabled:
        limits.clear(what)


def client() -> str:
    """The client that is counted: its address, of IPv6 the network; behind proxies, what the trusted ones say it is."""
    address = request.remote_addr or ""
    try:
        number = ip_address(address)
    except ValueError:
        return address or "local"
    if not isinstance(number, IPv6Address):
        return address
    mapped = number.ipv4_mapped
    return str(mapped) if mapped else f"{IPv6Address(int(number) >> _NETWORK << _NETWORK)}/{_NETWORK}"
