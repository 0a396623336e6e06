"""The session cookie holds the form token, messages for the next page, the writer's mark and the administrator's login.

It is signed, not secret; scripts cannot read it, other sites' forms do not carry it, and what came over HTTPS never
travels without.
"""

from datetime import timedelta

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

MARK_LASTS = timedelta(days=365)
"""How long a browser may still change what it wrote, counted from its last post."""


class SessionInterface(SecureCookieSessionInterface):
    """Flask's own, but `Secure` follows the request: the same site serves localhost and stands behind TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure
