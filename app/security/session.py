"""The session cookie holds the form token, messages for the next page, the writer's mark and the administrator's login.

It is signed, not secret; scripts cannot read it, other sites' forms do not carry it, and what came over HTTPS never
travels without.
"""

from datetime import timedelta
from hashlib import blake2b

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

MARK_LASTS = timedelta(days=365)
"""How long a browser may still change what it wrote, counted from its last post."""
FORMER_COOKIE_NAME = "gampyeong"
"""What the cookie was called by all copies of the site. It is read once, and then sent under its new name."""


def cookie_name(secret_key: str) -> str:
    """Return the name of the session cookie of a site that signs with this key.

    Browsers send a host's cookies to all its ports: two copies of the site there would overwrite each other's session
    if both called it the same. Whoever has another key cannot read the cookie anyway.
    """
    return f"{FORMER_COOKIE_NAME}_{blake2b(secret_key.encode(), digest_size=4, person=b'cookie name').hexdigest()}"


class SessionInterface(SecureCookieSessionInterface):
    """Flask's own, but `Secure` follows the request: the same site serves localhost and stands behind TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return Flask's own, without making a signer for a request without a cookie, as most programs send."""
        if self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        if FORMER_COOKIE_NAME in request.cookies:
            return self._open_former(app, request.cookies[FORMER_COOKIE_NAME])
        return self.session_class()

    def _open_former(self, app: Flask, cookie: str) -> SecureCookieSession:
        """Return the session of a cookie under its former name; saving it sets the cookie under its new one."""
        signer = self.get_signing_serializer(app)
        max_age = int(app.permanent_session_lifetime.total_seconds())
        try:
            session = self.session_class(signer.loads(cookie, max_age=max_age) if signer else {})
        except BadSignature:  # another copy's
            return self.session_class()
        session.modified = True
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """As Flask's, which changes nothing of an answer for which nobody looked at the session."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)
