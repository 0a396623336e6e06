"""Settings with their environment variables, defaults and meanings. A test holds docs/settings.md to them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from app.errors import SettingsError

VERSION = "0.2.0"
ROOT = Path(__file__).resolve().parent.parent
LOG_LEVELS = ("info", "warning", "error", "off")
"""From all to nothing: "warning" are answers from 400 on, "error" those from 500."""


def _setting(
    env: str,
    default: Any,
    meaning: str,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    metadata = {"env": env, "meaning": meaning, "minimum": minimum, "maximum": maximum, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set from outside. `Settings.from_env()` reads and checks it."""

    host: str = _setting("HOST", "127.0.0.1", "address to serve on")
    port: int = _setting("PORT", 8000, "port to serve on", minimum=0, maximum=65_535)
    secret_key: str = _setting("SECRET_KEY", "", "signs forms and messages; empty = made once, kept in `INSTANCE_DIR`")
    instance_dir: str = _setting("INSTANCE_DIR", str(ROOT / "instance"), "folder for what the site itself keeps")
    admin_password: str = _setting(
        "ADMIN_PASSWORD",
        "",
        "the administrator's; empty = open mode: everybody may do everything, on this machine only",
    )
    admin_password_file: str = _setting(
        "ADMIN_PASSWORD_FILE", "", "file that holds it instead; made with a random one if there is none"
    )
    open_mode: int = _setting(
        "OPEN_MODE", 0, "1 = open mode for other machines too; every page then warns of it", minimum=0, maximum=1
    )
    trusted_hosts: str = _setting(
        "TRUSTED_HOSTS",
        "",
        "names the site answers to (`.example.kr` = its subdomains too); empty = any; in open mode, this machine's",
    )
    ratelimit_enabled: int = _setting(
        "RATELIMIT_ENABLED", 1, "0 = nothing is counted or timed: no limits, no traps for robots", minimum=0, maximum=1
    )
    ratelimit_storage_url: str = _setting(
        "RATELIMIT_STORAGE_URL", "", "where counts are kept: empty = in this process, or `redis://host:6379/0`"
    )
    limit_posts: str = _setting("LIMIT_POSTS", "120 per minute; 1500 per hour", "what one client may write")
    limit_analyses: str = _setting(
        "LIMIT_ANALYSES",
        "6000 per minute",
        "texts one client may have read for nothing; why one rates as it does costs 20",
    )
    limit_logins: str = _setting("LIMIT_LOGINS", "10 per minute; 60 per hour", "wrong passwords of one client")
    database_url: str = _setting(
        "DATABASE_URL",
        "",
        "`sqlite:///reviews.db` or `postgresql+psycopg://...`; empty = memory, lost at a restart",
    )
    sentiment_model: str = _setting(
        "SENTIMENT_MODEL", "", "Hugging Face id or folder of a text classifier; empty = the bundled model"
    )
    sentiment_revision: str = _setting("SENTIMENT_REVISION", "", "branch, tag or commit of an id; ignored for a folder")
    demo: int = _setting(
        "DEMO",
        0,
        "1 = a store without movies is filled with well-known ones and reviews of our own",
        minimum=0,
        maximum=1,
    )
    import_max: int = _setting(
        "IMPORT_MAX",
        64,
        "megabytes of a file imported through its page; the command takes any",
        minimum=1,
        maximum=4_096,
    )
    trusted_proxies: int = _setting(
        "TRUSTED_PROXIES", 0, "proxies in front whose `X-Forwarded-*` are believed", minimum=0, maximum=10
    )
    log_level: str = _setting(
        "LOG_LEVEL",
        "info",
        "requests logged, a line of JSON each: `info` = all, `warning` = from 400 on, `error` = from 500 on, `off`",
        choices=LOG_LEVELS,
    )

    @property
    def has_password(self) -> bool:
        """Whether there is an administrator; without, everybody may do everything (open mode)."""
        return bool(self.admin_password or self.admin_password_file)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings that `environ` (default: the process's) asks for. Raise `SettingsError`."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for item in fields(cls):
            text = environ.get(item.metadata["env"], "").strip()
            if text:
                values[item.name] = _number(item.metadata, text) if item.type is int else _choice(item.metadata, text)
        return cls(**values)


def _choice(metadata: Mapping[str, Any], text: str) -> str:
    choices = metadata["choices"]
    if choices and text not in choices:
        raise SettingsError(f"{metadata['env']}={text!r} is none of {', '.join(choices)}")
    return text


def _number(metadata: Mapping[str, Any], text: str) -> int:
    env, minimum, maximum = metadata["env"], metadata["minimum"], metadata["maximum"]
    try:
        number = int(text)
    except ValueError:
        raise SettingsError(f"{env}={text!r} is not a whole number") from None
    if not minimum <= number <= maximum:
        raise SettingsError(f"{env}={number} is not within {minimum}..{maximum}")
    return number
