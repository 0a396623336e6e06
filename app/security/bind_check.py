"""Check of the addresses the server binds. Imports no Flask, to keep gunicorn's master process small."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from app.errors import SettingsError
from app.settings import Settings

_REMEDY = "set ADMIN_PASSWORD, so that only you may delete, or OPEN_MODE=1 if everybody may"


def check_start(settings: Settings, addresses: Iterable[str]) -> None:
    """Raise `SettingsError` if open mode would be served to other machines.

    `addresses` are the bound ones: IP addresses, host names or paths of unix sockets.
    """
    if settings.has_password or settings.open_mode:
        return
    for address in addresses:
        if not is_loopback(address):
            raise SettingsError(f"{address or 'every address'} lets other machines in without a password: {_REMEDY}")
    if settings.trusted_proxies:
        raise SettingsError(f"TRUSTED_PROXIES lets other machines in without a password: {_REMEDY}")


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """Return whether the address is a loopback one. A unix socket is not: it serves a proxy."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address == "localhost"
    mapped = getattr(ip, "ipv4_mapped", None)
    return bool((mapped or ip).is_loopback)
