"""The session cookie holds the form token, messages for the next page, the writer's mark and the administrator's login.

It is signed, not secret; scripts cannot read it, other sites' forms do not carry it, and what came over HTTPS never
travels without.
"""

from datetime import timedelta

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

MARK_LASTS = timedelta(days=365)
"""How long a browser may still change what it wrote, counted from its last post."""


class SessionInterface(SecureCookieSessionInterface):
    """Flask's own, but `Secure` follows the request: the same site serves localhost and stands behind TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """As Flask's, without making a signer for who brings no cookie: most programs."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """As Flask's, which changes nothing of an answer for which nobody looked at the session."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)
