"""The application factory."""

from functools import cache
from pathlib import Path
from typing import cast

from flask import Flask
from flask_compress import Compress
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, error_handlers, i18n, static_files, telemetry, web
from app.api.routes import blueprint as api_blueprint
from app.extensions import IdConverter, register_service
from app.protocols import Analyzer
from app.schemas import BODY_MAX
from app.security import headers, permissions, request_guard
from app.security.identity import AdminAuth
from app.security.rate_limits import RateLimiter
from app.security.session import SESSION_LIFETIME, SessionInterface, admin_password, cookie_name, secret_key
from app.security.spam_protection import SpamProtection
from app.services import MaintenanceService, ReviewService, demo_data
from app.services.jobs import Jobs
from app.settings import ROOT, VERSION, Settings
from app.store import Store, open_store
from app.telemetry import Metrics
from app.web.import_export import Uploads


def create_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    analyzer: Analyzer | None = None,
    lazy: bool = False,
) -> Flask:
    """Create the site's Flask app. Raise `SettingsError` or `ModelError` if it cannot start.

    By default `settings` are read from the environment, `store` is opened from `database_url` and `analyzer` loads the
    model of `sentiment_model`, now or, if `lazy`, at its first use.
    """
    settings = Settings.from_env() if settings is None else settings
    app = Flask("app", template_folder="../templates", static_folder=None)
    _configure(app, settings)
    store = open_store(settings.database_url) if store is None else store
    analyzer = _load(settings, lazy) if analyzer is None else analyzer
    if settings.demo and not lazy:
        demo_data.seed(store, analyzer)
    metrics = _register_services(app, settings, store, analyzer)
    _register_hooks(app, settings, metrics)
    app.register_blueprint(api_blueprint)
    web.register(app)
    app.register_blueprint(cli.blueprint)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.url_map.converters["int"] = IdConverter
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    key = secret_key(settings.secret_key, settings.instance_dir)
    app.config.update(
        SECRET_KEY=key,
        VERSION=VERSION,
        MAX_CONTENT_LENGTH=BODY_MAX,
        IMPORT_MAX=settings.import_max * 1024 * 1024,
        SESSION_COOKIE_NAME=cookie_name(key),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,  # sends the cookie only when it changes
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        PROPAGATE_EXCEPTIONS=False,
        WTF_CSRF_TIME_LIMIT=12 * 60 * 60,  # seconds; a page left open over an evening still posts
        WTF_I18N_ENABLED=False,  # WTForms' own messages are not shown
        # The BREACH attack guesses a secret that is compressed together with input of an attacker, from response sizes.
        # The only secret on pages is the CSRF token, and other sites' requests do not carry the session's cookie.
        COMPRESS_MIMETYPES=[
            "text/html", "application/json", "image/svg+xml", "application/x-ndjson", "text/csv", "text/plain"
        ],
        COMPRESS_MIN_SIZE=1_024,  # bytes; a shorter response fits one packet anyway
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"],
        COMPRESS_ZSTD_LEVEL=3,
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,  # gzip
        COMPRESS_STREAMS=False,
    )  # fmt: skip
    app.session_interface = SessionInterface()


def _register_services(app: Flask, settings: Settings, store: Store, analyzer: Analyzer) -> Metrics:
    """Register the services for `get_service`; return the metrics."""
    catalogue = ReviewService(store, analyzer)
    metrics = Metrics(analyzer, catalogue.totals)
    register_service(app, AdminAuth(admin_password(settings)))
    register_service(app, catalogue)
    register_service(app, MaintenanceService(store, analyzer))
    register_service(app, metrics)
    register_service(app, Jobs())
    register_service(app, Uploads(Path(settings.instance_dir, "uploads")))
    register_service(app, RateLimiter(settings))
    register_service(app, SpamProtection(settings))
    return metrics


def _register_hooks(app: Flask, settings: Settings, metrics: Metrics) -> None:
    """Register the request hooks. Telemetry comes first, so that it times all others."""
    telemetry.register(app, metrics, settings.log_level, trust_request_ids=settings.trusted_proxies > 0)
    error_handlers.register(app)
    request_guard.register(app, settings)
    permissions.register(app, settings)
    headers.register(app)
    Compress(app)
    i18n.register(app)
    static_files.register(app, ROOT / "static")


def _load(settings: Settings, lazy: bool) -> Analyzer:
    from app import sentiment  # imported here, as tests and some commands need no model

    @cache
    def load() -> Analyzer:
        return sentiment.load(settings.sentiment_model or None, settings.sentiment_revision or None)

    return cast(Analyzer, LocalProxy(load)) if lazy else load()
