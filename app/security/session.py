"""The session cookie, and the secrets that are generated and saved at the first start.

The cookie has the CSRF token, flashed messages, writer token, nicknames and the administrator's login. It is signed but
not encrypted, and HttpOnly and SameSite=Lax; over HTTPS it is Secure, too.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

from app.errors import SettingsError, first_line
from app.settings import Settings

SESSION_LIFETIME = timedelta(days=365)
"""Time after its last post for which a browser can edit its reviews."""
FORMER_COOKIE_NAME = "gampyeong"
"""Name before the signing key became part of it. Such a cookie is still read, and replaced by one of the new name."""
_MIN_PASSWORD_LENGTH = 10
_log = logging.getLogger("gampyeong")


def secret_key(given: str, instance_dir: str) -> str:
    """Return `given`, else the key saved in `instance_dir`, generating it if absent.

    If the folder cannot be written, log a warning and return a key for this start only: forms and sessions then become
    invalid at a restart.
    """
    if given:
        return given
    path = Path(instance_dir, "secret_key")
    try:
        key = _read_or_create(path, lambda: secrets.token_hex(32))
        if len(key) < 32:
            raise OSError(f"{path} holds no key")
        return key
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("SECRET_KEY is not set and %s cannot be kept (%s): a key for this start only", path, error)
        return secrets.token_hex(32)


def admin_password(settings: Settings) -> str:
    """Return the administrator's password, empty if none is set. Raise `SettingsError` for an unusable file."""
    if settings.admin_password or not settings.admin_password_file:
        if 0 < len(settings.admin_password) < _MIN_PASSWORD_LENGTH:
            _log.warning("ADMIN_PASSWORD has fewer than %d characters: it can be guessed", _MIN_PASSWORD_LENGTH)
        return settings.admin_password
    path = Path(settings.admin_password_file)
    if not path.exists():
        _log.warning("the administrator's password is made now and kept in %s", path)
    try:
        password = _read_or_create(path, lambda: secrets.token_urlsafe(18))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"ADMIN_PASSWORD_FILE={str(path)!r} cannot be used: {first_line(error)}") from error
    if not password:
        raise SettingsError(f"ADMIN_PASSWORD_FILE={str(path)!r} is empty")
    return password


def _read_or_create(path: Path, generate: Callable[[], str]) -> str:
    """Return the file's text, creating the file with mode 600 if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        fresh.touch(mode=0o600, exist_ok=False)
        try:
            fresh.write_text(generate(), encoding="utf-8")
            path.hardlink_to(fresh)  # atomic: of two processes that start at once, the first one's file counts
        except FileExistsError:
            _log.info("another start has just made %s", path)
        finally:
            fresh.unlink()
    return path.read_text(encoding="utf-8").strip()


def cookie_name(secret_key: str) -> str:
    """Return the name of the session cookie for a signing key.

    Browsers share a host's cookies between its ports: with one name, two instances of the site on one host would
    overwrite each other's session.
    """
    return f"{FORMER_COOKIE_NAME}_{blake2b(secret_key.encode(), digest_size=4, person=b'cookie name').hexdigest()}"


class SessionInterface(SecureCookieSessionInterface):
    """Flask's session, `Secure` if the request came over HTTPS: one instance can serve localhost and a TLS proxy."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session. That of a cookie under its former name is marked to be saved under the new one."""
        if not request.cookies:  # nothing to verify; Flask would build a serializer first
            return self.session_class()
        former = request.cookies.get(FORMER_COOKIE_NAME)
        if former is None or self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        signer = self.get_signing_serializer(app)
        max_age = int(SESSION_LIFETIME.total_seconds())
        try:
            session = self.session_class(signer.loads(former, max_age=max_age) if signer else {})
        except BadSignature:  # another instance's cookie
            return self.session_class()
        session.modified = True
        return session
