"""Rate limits of a client, counted by the `limits` library in this process, or in Redis for several processes.

While Redis does not answer, each process counts in its own memory.
"""

import logging
import time
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

from flask import request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.errors import RateLimited, SettingsError, first_line
from app.extensions import get_service
from app.settings import Settings

_log = logging.getLogger("gampyeong")
_REDIS_TIMEOUT = 0.5  # seconds
_RETRY_AFTER = 5.0  # seconds without Redis before it is tried again
_NETWORK = 64
"""Bits of an IPv6 address that a client does not choose: one client has a whole network."""


EXPLAINING = 20
"""About as many texts are read to say why one rates as it does."""


class RateLimitScope(StrEnum):
    """What is counted."""

    POSTS = "posts"
    ANALYSES = "analyses"
    LOGINS = "logins"


class RateLimiter:
    """Rate limits of the clients, by the `limits` library. Without `RATELIMIT_ENABLED` there are none."""

    def __init__(self, settings: Settings) -> None:
        """Raise `SettingsError` for a limit or a storage that cannot be used."""
        self.enabled = bool(settings.ratelimit_enabled)
        if not self.enabled:
            return
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = _open_storage(settings.ratelimit_storage_url)
        self._retry_at = 0.0
        self._rules = {
            RateLimitScope.POSTS: _parse(RateLimitScope.POSTS, settings.limit_posts),
            RateLimitScope.ANALYSES: _parse(RateLimitScope.ANALYSES, settings.limit_analyses),
            RateLimitScope.LOGINS: _parse(RateLimitScope.LOGINS, settings.limit_logins),
        }

    def hit(self, check_rate_limit: RateLimitScope, cost: int) -> None:
        """Count `cost`. Raise `RateLimited` where a limit is exceeded."""
        self._run(lambda limiter: self._hit(limiter, check_rate_limit, cost))

    def clear(self, check_rate_limit: RateLimitScope) -> None:
        """Reset this client's count."""
        self._run(lambda limiter: self._clear(limiter, check_rate_limit))

    def _hit(self, limiter: FixedWindowRateLimiter, check_rate_limit: RateLimitScope, cost: int) -> None:
        for rule in self._rules[check_rate_limit]:
            if not limiter.hit(rule, client_key(), check_rate_limit, cost=cost):
                reset = limiter.get_window_stats(rule, client_key(), check_rate_limit).reset_time
                raise RateLimited(f"too many requests: {rule}", retry_after=max(1, int(reset - time.time())))

    def _clear(self, limiter: FixedWindowRateLimiter, check_rate_limit: RateLimitScope) -> None:
        for rule in self._rules[check_rate_limit]:
            limiter.clear(rule, client_key(), check_rate_limit)

    def _run(self, operation: Callable[[FixedWindowRateLimiter], object]) -> None:
        """Call `operation` with the shared counts, or with this process's own while Redis does not answer."""
        if self._shared and time.monotonic() >= self._retry_at:
            try:
                operation(self._shared)
                return
            except RateLimited:
                raise
            except Exception as error:  # noqa: BLE001 - each storage raises its own errors
                self._retry_at = time.monotonic() + _RETRY_AFTER
                _log.warning("rate limits are counted by this process alone: %s", first_line(error))
        operation(self._local)


def _open_storage(url: str) -> FixedWindowRateLimiter | None:
    """Return a limiter on the storage at `url`, or None for this process's memory."""
    if not url or url.startswith("memory:"):
        return None
    timeouts = {"socket_timeout": _REDIS_TIMEOUT, "socket_connect_timeout": _REDIS_TIMEOUT}
    try:
        return FixedWindowRateLimiter(storage_from_string(url, **(timeouts if url.startswith("redis") else {})))
    except Exception as error:  # noqa: BLE001 - each storage raises its own errors
        raise SettingsError(f"RATELIMIT_STORAGE_URL={url!r} cannot be used: {first_line(error)}") from error


def _parse(check_rate_limit: RateLimitScope, rule: str) -> list[RateLimitItem]:
    try:
        return parse_many(rule)
    except ValueError as error:
        raise SettingsError(f"LIMIT_{check_rate_limit.upper()}={rule!r} is no limit: {first_line(error)}") from error


def check_rate_limit(what: RateLimitScope, cost: int = 1) -> None:
    """Count `cost` against this client's limit. Raise `RateLimited` if it is exceeded."""
    limits = get_service(RateLimiter)
    if limits.enabled:
        limits.hit(what, cost)


def reset_rate_limit(what: RateLimitScope) -> None:
    """Reset this client's count."""
    limits = get_service(RateLimiter)
    if limits.enabled:
        limits.clear(what)


def client_key() -> str:
    """Return the key a client is counted by: its address, or its network in IPv6. Trusted proxies name the address."""
    address = request.remote_addr or ""
    try:
        number = ip_address(address)
    except ValueError:
        return address or "local"
    if not isinstance(number, IPv6Address):
        return address
    mapped = number.ipv4_mapped
    return str(mapped) if mapped else f"{IPv6Address(int(number) >> _NETWORK << _NETWORK)}/{_NETWORK}"
