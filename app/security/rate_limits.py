"""Rate limits per client, by the `limits` library: in this process's memory, or in Redis for several processes.

While Redis is unreachable, each process counts in its own memory.
"""

import logging
import time
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from flask import request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.errors import RateLimited, SettingsError, first_line
from app.extensions import get_service
from app.settings import Settings

_log = logging.getLogger("gampyeong")
_REDIS_TIMEOUT = 0.5  # seconds
_RETRY_AFTER = 5.0  # seconds to count in memory after Redis failed
_NETWORK = 64
"""Prefix length of the IPv6 network that counts as one client: a client chooses the remaining bits."""
EXPLANATION_COST = 20
"""Approximate number of texts analyzed for one explanation."""


class RateLimitScope(StrEnum):
    """Kinds of requests that are counted."""

    POSTS = "posts"
    ANALYSES = "analyses"
    LOGINS = "logins"


class RateLimiter:
    """Counters of the clients' requests. Disabled without `RATELIMIT_ENABLED`."""

    def __init__(self, settings: Settings) -> None:
        """Raise `SettingsError` for a limit or a storage that cannot be used."""
        self._rules: dict[RateLimitScope, list[RateLimitItem]] = {}
        if not settings.ratelimit_enabled:
            return
        self._rules = {scope: _parse(scope, getattr(settings, f"limit_{scope}")) for scope in RateLimitScope}
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = _open_storage(settings.ratelimit_storage_url or "memory://")
        self._retry_at = 0.0

    def hit(self, scope: RateLimitScope, cost: int) -> None:
        """Add `cost` to this client's count. Raise `RateLimited` if a limit is exceeded."""
        for rule in self._rules.get(scope, ()):
            if not self._call("hit", rule, client_key(), scope, cost=cost):
                reset = self._call("get_window_stats", rule, client_key(), scope).reset_time
                raise RateLimited(f"too many requests: {rule}", retry_after=max(1, int(reset - time.time())))

    def clear(self, scope: RateLimitScope) -> None:
        """Reset this client's count."""
        for rule in self._rules.get(scope, ()):
            self._call("clear", rule, client_key(), scope)

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of the shared limiter, or of the local one while Redis is unreachable."""
        if time.monotonic() >= self._retry_at:
            try:
                return getattr(self._shared, method)(*arguments, **options)
            except Exception as error:  # noqa: BLE001 - each storage raises its own errors
                self._retry_at = time.monotonic() + _RETRY_AFTER
                _log.warning("rate limits are counted by this process alone: %s", first_line(error))
        return getattr(self._local, method)(*arguments, **options)


def _open_storage(url: str) -> FixedWindowRateLimiter:
    """Return a limiter on the storage at `url`."""
    timeouts = {"socket_timeout": _REDIS_TIMEOUT, "socket_connect_timeout": _REDIS_TIMEOUT}
    try:
        return FixedWindowRateLimiter(storage_from_string(url, **(timeouts if url.startswith("redis") else {})))
    except Exception as error:  # noqa: BLE001 - each storage raises its own errors
        raise SettingsError(f"RATELIMIT_STORAGE_URL={url!r} cannot be used: {first_line(error)}") from error


def _parse(scope: RateLimitScope, rule: str) -> list[RateLimitItem]:
    try:
        return parse_many(rule)
    except ValueError as error:
        raise SettingsError(f"LIMIT_{scope.upper()}={rule!r} is no limit: {first_line(error)}") from error


def check_rate_limit(scope: RateLimitScope, cost: int = 1) -> None:
    """Add `cost` to this client's count. Raise `RateLimited` if a limit is exceeded."""
    get_service(RateLimiter).hit(scope, cost)


def reset_rate_limit(scope: RateLimitScope) -> None:
    """Reset this client's count."""
    get_service(RateLimiter).clear(scope)


def client_key() -> str:
    """Return the key a client is counted by: its IPv4 address or IPv6 network, as given by trusted proxies."""
    address = request.remote_addr or ""
    try:
        ip = ip_address(address)
    except ValueError:
        return address or "local"
    if not isinstance(ip, IPv6Address):
        return address
    return str(ip.ipv4_mapped or IPv6Network((int(ip), _NETWORK), strict=False))
