"""Rejection of requests with an untrusted client address, Host or Origin.

Without ADMIN_PASSWORD and OPEN_MODE every caller has all permissions, so only this machine is served: from its loopback
address, under its loopback names (to prevent DNS rebinding) and without a proxy.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.urls import uri_to_iri

from app.errors import PermissionDenied
from app.settings import Settings, is_loopback

_LOCAL_NAMES = ["localhost", ".localhost"]
_HEALTH_PATHS = ("/healthz", "/readyz")
"""Allowed under any Host: health checks use the address, and the responses expose no data."""
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_MAX_FORM_SIZE = 256 * 1024
"""Bytes of a form without files: five times the longest text."""
_PROXY_HEADERS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")
"""Keys of the WSGI environment, where a lookup takes a tenth of the time of one in `request.headers`."""


def register(app: Flask, settings: Settings) -> None:
    """Check each request before its view runs."""
    trusted_hosts = tuple(settings.trusted_hosts.replace(",", " ").split())
    is_local = not settings.has_password and not settings.open_mode

    def check() -> None:
        if request.path in _HEALTH_PATHS:
            return
        if is_local:
            _check_caller_is_local()
        if not _is_valid_host(request.host):
            raise BadRequest("the Host header is no name that can be read")
        if not _is_trusted_host(request.host, trusted_hosts, is_local):
            raise BadRequest(f"the site does not answer to the name {_host_name(request.host)!r}; see TRUSTED_HOSTS")
        if request.method not in _SAFE_METHODS:
            _check_body()
            _check_origin()

    app.before_request(check)


def _check_caller_is_local() -> None:
    if not is_loopback(request.environ.get("REMOTE_ADDR", "127.0.0.1")):  # absent in tests
        raise PermissionDenied("without ADMIN_PASSWORD the site serves its own machine only")
    if not request.environ.keys().isdisjoint(_PROXY_HEADERS):
        raise PermissionDenied("without ADMIN_PASSWORD the site may not stand behind a proxy")


@lru_cache(maxsize=256)
def _is_valid_host(host: str) -> bool:
    """Return whether the host is valid IDNA; an empty `xn--` label breaks `url_for`."""
    try:
        uri_to_iri(f"http://{host}/")
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _is_trusted_host(host: str, trusted_hosts: tuple[str, ...], is_local: bool) -> bool:
    if trusted_hosts:
        return host_is_trusted(host, trusted_hosts)
    return not is_local or is_loopback(_host_name(host)) or host_is_trusted(host, _LOCAL_NAMES)


def _host_name(host: str) -> str:
    """Return the host without port and brackets: `[::1]:8000` -> `::1`, `localhost:8000` -> `localhost`."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _check_body() -> None:
    """Reject compressed bodies and limit the size of forms."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("send the body as it is, without Content-Encoding")
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = _MAX_FORM_SIZE


def _check_origin() -> None:
    """Reject cross-site writes. Programs send neither Sec-Fetch-Site nor Origin."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_same_site = site in ("same-origin", "none") if site else not origin or _has_host(origin, request.host)
    if not is_same_site:
        raise PermissionDenied("another site's page may not do this")


def _has_host(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # an unclosed bracket
        return False
