"""Settings with their environment variables, defaults and meanings. A test compares docs/settings.md with them.

gunicorn's master process imports this module, so it imports no Flask.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from app.errors import SettingsError

VERSION = "0.2.0"
ROOT = Path(__file__).resolve().parent.parent
LOG_LEVELS = ("info", "warning", "error", "off")
"""Log levels of requests: "warning" is for status 400 and up, "error" for 500 and up."""
_REMEDY = "set ADMIN_PASSWORD, so that only you may delete, or OPEN_MODE=1 if everybody may"


def _setting(env: str, default: Any, meaning: str, choices: Sequence[Any] = ()) -> Any:
    """Return a dataclass field with the environment variable, the meaning and the allowed values of a setting."""
    return field(default=default, metadata={"env": env, "meaning": meaning, "choices": choices})


@dataclass(frozen=True, slots=True)
class Settings:
    """The site's settings."""

    host: str = _setting("HOST", "127.0.0.1", "address to bind")
    port: int = _setting("PORT", 8000, "port to bind", range(65_536))
    secret_key: str = _setting(
        "SECRET_KEY", "", "key that signs cookies and forms; empty = generated once and saved in `INSTANCE_DIR`"
    )
    instance_dir: str = _setting("INSTANCE_DIR", str(ROOT / "instance"), "folder for the site's own files")
    admin_password: str = _setting(
        "ADMIN_PASSWORD",
        "",
        "administrator's password; empty = open mode: every caller has all permissions, on this machine only",
    )
    admin_password_file: str = _setting(
        "ADMIN_PASSWORD_FILE", "", "file with the administrator's password; created with a random one if absent"
    )
    open_mode: int = _setting(
        "OPEN_MODE", 0, "1 = allow open mode for other machines, too; every page then shows a warning", range(2)
    )
    trusted_hosts: str = _setting(
        "TRUSTED_HOSTS",
        "",
        "accepted host names (`.example.kr` = with subdomains); empty = any, or in open mode this machine's",
    )
    ratelimit_enabled: int = _setting(
        "RATELIMIT_ENABLED", 1, "0 = disable rate limits, honeypot and duplicate filter", range(2)
    )
    ratelimit_storage_url: str = _setting(
        "RATELIMIT_STORAGE_URL",
        "",
        "storage of the rate limits, such as `redis://host:6379/0`; empty = memory of the process",
    )
    limit_posts: str = _setting("LIMIT_POSTS", "120 per minute; 1500 per hour", "rate limit of a client's posts")
    limit_analyses: str = _setting(
        "LIMIT_ANALYSES",
        "6000 per minute",
        "rate limit of a client's texts that are analyzed but not stored; an explanation counts as 20",
    )
    limit_logins: str = _setting("LIMIT_LOGINS", "10 per minute; 60 per hour", "rate limit of a client's failed logins")
    database_url: str = _setting(
        "DATABASE_URL", "", "`sqlite:///reviews.db` or `postgresql+psycopg://...`; empty = memory, lost at a restart"
    )
    sentiment_model: str = _setting(
        "SENTIMENT_MODEL", "", "Hugging Face id or folder of a text classifier; empty = the bundled model"
    )
    sentiment_revision: str = _setting(
        "SENTIMENT_REVISION", "", "branch, tag or commit of a Hugging Face id; ignored for a folder"
    )
    demo: int = _setting("DEMO", 0, "1 = add demo movies and reviews to a store without movies", range(2))
    import_max: int = _setting(
        "IMPORT_MAX",
        64,
        "maximum size in megabytes of a file imported in the browser; the command has no limit",
        range(1, 4_097),
    )
    trusted_proxies: int = _setting(
        "TRUSTED_PROXIES", 0, "number of proxies in front whose `X-Forwarded-*` headers are trusted", range(11)
    )
    log_level: str = _setting(
        "LOG_LEVEL",
        "info",
        "access log in JSON lines: `info` = all requests, `warning` = status 400 and up, `error` = 500 and up, `off`",
        LOG_LEVELS,
    )

    @property
    def has_password(self) -> bool:
        """Return whether there is an administrator's password; without one the site is in open mode."""
        return bool(self.admin_password or self.admin_password_file)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environ`, by default the process's. Raise `SettingsError` for an invalid one."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for item in fields(cls):
            text = environ.get(item.metadata["env"], "").strip()
            if text:
                values[item.name] = _parse(text, item)
        return cls(**values)


def _parse(text: str, item: Field[Any]) -> int | str:
    """Return the value of a setting. Raise `SettingsError` if it is not an allowed one."""
    env, choices = item.metadata["env"], item.metadata["choices"]
    try:
        value = int(text) if item.type is int else text
    except ValueError:
        raise SettingsError(f"{env}={text!r} is not a whole number") from None
    if choices and value not in choices:
        allowed = f"not within {choices[0]}..{choices[-1]}" if item.type is int else f"none of {', '.join(choices)}"
        raise SettingsError(f"{env}={text!r} is {allowed}")
    return value


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
        ip = ip_address(address)
    except ValueError:
        return address == "localhost"
    mapped = getattr(ip, "ipv4_mapped", None)
    return bool((mapped or ip).is_loopback)
