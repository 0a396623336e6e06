"""The session cookie holds the form token and the messages for the next page; over HTTPS it never travels without."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface


class SessionInterface(SecureCookieSessionInterface):
    """Flask's own, but `Secure` follows the request: the same site serves localhost and stands behind TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure
