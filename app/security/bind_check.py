"""Which addresses a start is allowed on. Imports no Flask: gunicorn's master asks, and should stay small."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from app.errors import SettingsError
from app.settings import Settings

_WAYS_OUT = "set ADMIN_PASSWORD, so that only you may delete, or OPEN_MODE=1 if everybody may"


def check_start(settings: Settings, addresses: Iterable[str]) -> None:
    """Raise `SettingsError` if open mode would be served to other machines.

    `addresses` are those really bound: numbers, names, or paths of unix sockets.
    """
    if settings.has_password or settings.open_mode:
        return
    for address in addresses:
        if not is_loopback(address):
            raise SettingsError(f"{address or 'every address'} lets other machines in without a password: {_WAYS_OUT}")
    if settings.trusted_proxies:
        raise SettingsError(f"TRUSTED_PROXIES lets other machines in without a password: {_WAYS_OUT}")


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the address. A unix socket does not count: it is there for a proxy."""
    try:
        number = ip_address(address.partition("%")[0])
    except ValueError:
        return address == "localhost"
    mapped = getattr(number, "ipv4_mapped", None)
    return bool((mapped or number).is_loopback)
