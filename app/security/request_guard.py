"""By which doors a request may come in: from where, under which name, and written by whose page.

Open mode (no ADMIN_PASSWORD) lets everybody do everything, so it is for this machine alone: from its loopback address,
under its loopback names (another site's name that is pointed here is none of them), and with no proxy between.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.urls import uri_to_iri

from app.errors import PermissionDenied
from app.security.bind_check import is_loopback
from app.settings import Settings

_LOCAL_NAMES = ["localhost", ".localhost"]
_PROBES = ("/healthz", "/readyz")
"""Asked, by address, by whatever watches over the process; they tell nothing."""
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_FORM_MAX = 256 * 1024
"""Bytes of a form without files; the longest text there takes a fifth of it."""
_PROXY_HEADERS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")
"""As WSGI names them: looking there is ten times as quick as searching the headers."""


def register(app: Flask, settings: Settings) -> None:
    """Refuses, before anything else, what comes in by another door."""
    names = tuple(settings.trusted_hosts.replace(",", " ").split())
    is_local = not settings.has_password and not settings.open_mode

    def check() -> None:
        if request.path in _PROBES:
            return
        if is_local:
            _check_caller_is_local()
        if not _is_readable(request.host):
            raise BadRequest("the Host header is no name that can be read")
        if not _is_known(request.host, names, is_local):
            raise BadRequest(f"the site does not answer to the name {_name(request.host)!r}; see TRUSTED_HOSTS")
        if request.method not in _SAFE_METHODS:
            _check_page_is_ours()

    app.before_request(check)


def _check_caller_is_local() -> None:
    if not is_loopback(request.environ.get("REMOTE_ADDR", "127.0.0.1")):  # without one nobody called over a network
        raise PermissionDenied("without ADMIN_PASSWORD the site serves its own machine only")
    if not request.environ.keys().isdisjoint(_PROXY_HEADERS):
        raise PermissionDenied("without ADMIN_PASSWORD the site may not stand behind a proxy")


@lru_cache(maxsize=256)
def _is_readable(host: str) -> bool:
    """Whether addresses can be made of it: those of a page do not survive `xn--` with nothing behind."""
    try:
        uri_to_iri(f"http://{host}/")
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _is_known(host: str, names: tuple[str, ...], is_local: bool) -> bool:
    if names:
        return host_is_trusted(host, names)
    return not is_local or is_loopback(_name(host)) or host_is_trusted(host, _LOCAL_NAMES)


def _name(host: str) -> str:
    """`[::1]:8000` -> `::1`; `localhost:8000` -> `localhost`."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _check_page_is_ours() -> None:
    """Reject compressed bodies and cross-site writes, and bound the size of forms."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("send the body as it is, without Content-Encoding")
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = _FORM_MAX
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_ours = site in ("same-origin", "none") if site else not origin or _names(origin, request.host)
    if not is_ours:
        raise PermissionDenied("another site's page may not do this")


def _names(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # a bracket that is never closed
        return False
