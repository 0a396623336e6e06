"""The key that signs forms and messages: given, or made at the first start and kept in the instance folder."""

import logging
import secrets
from pathlib import Path

_log = logging.getLogger("gampyeong")


def secret_key(given: str, instance_dir: str) -> str:
    """`given`, else the key in `instance_dir`, made (readable by its owner alone) if there is none.

    A folder that cannot be written gives a key for this start only, with a warning: open forms then do not outlive it.
    """
    if given:
        return given
    path = Path(instance_dir, "secret_key")
    try:
        return _kept(path)
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("SECRET_KEY is not set and %s cannot be kept (%s): a key for this start only", path, error)
        return secrets.token_hex(32)


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        fresh.touch(mode=0o600, exist_ok=False)
        try:
            fresh.write_text(secrets.token_hex(32), encoding="ascii")
            path.hardlink_to(fresh)  # whole or not at all, and the first of two starters wins
        except FileExistsError:
            _log.info("another start has just made %s", path)
        finally:
            fresh.unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise OSError(f"{path} holds no key")
    return key
