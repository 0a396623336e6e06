"""The session cookie: CSRF token, flashed messages, writer token, nicknames and the administrator's login.

It is signed but not encrypted, and HttpOnly and SameSite=Lax; over HTTPS it is Secure, too.
"""

from datetime import timedelta
from hashlib import blake2b

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature

SESSION_LIFETIME = timedelta(days=365)
"""Time after its last post for which a browser can edit its reviews."""
FORMER_COOKIE_NAME = "gampyeong"
"""Name before the signing key became part of it. Such a cookie is still read, and replaced by one of the new name."""


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
