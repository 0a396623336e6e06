"""Rank 4. Puts the app together, and nothing else: no routes, no rules."""

from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.api.routes import blueprint as api_blueprint
from app.catalogue import Catalogue, Workshop, demo
from app.catalogue.jobs import Jobs
from app.cli import COMMANDS
from app.http import assets, compression, doors, errors, headers, language, policy, watching
from app.http.administrator import Administrator
from app.http.context import IdConverter, install
from app.http.limits import Limits
from app.http.metrics import Metrics
from app.http.request_log import RequestLog
from app.http.secret import admin_password, secret_key
from app.http.session import MARK_LASTS, SessionInterface, cookie_name
from app.http.traps import Traps
from app.inputs import BODY_MAX
from app.protocols import Analyzer
from app.settings import ROOT, VERSION, Settings
from app.store import Store, open_store
from app.web import authors
from app.web.admin import blueprint as admin_blueprint
from app.web.changes import blueprint as changes_blueprint
from app.web.corrections import blueprint as corrections_blueprint
from app.web.data import blueprint as data_blueprint
from app.web.editing import blueprint as editing_blueprint
from app.web.likes import blueprint as likes_blueprint
from app.web.preferences import blueprint as preferences_blueprint
from app.web.recent import blueprint as recent_blueprint
from app.web.uploads import Uploads
from app.web.views import blueprint as web_blueprint


def create_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    analyzer: Analyzer | None = None,
    lazy: bool = False,
) -> Flask:
    """The site. Raises `SettingsError` or `ModelError` when it cannot start.

    Left out, `settings` come from the environment, `store` is the one they ask for, and `analyzer` is the model they
    name, loaded here, or when it is first asked if `lazy`; torch is imported only then.
    """
    settings = Settings.from_env() if settings is None else settings
    app = Flask("app", template_folder="../templates", static_folder=None)
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
        SESSION_REFRESH_EACH_REQUEST=False,  # a cookie is sent when it changes, and JSON may be kept
        PERMANENT_SESSION_LIFETIME=MARK_LASTS,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.session_interface = SessionInterface()
    store = open_store(settings.database_url) if store is None else store
    analyzer = _load(settings, lazy) if analyzer is None else analyzer
    if settings.demo and not lazy:
        demo.fill(store, analyzer)
    catalogue = Catalogue(store, analyzer)
    metrics = Metrics(workload=catalogue.workload, totals=catalogue.totals, card=catalogue.model_card)
    install(app, Administrator(admin_password(settings)))
    install(app, catalogue)
    install(app, Workshop(store, analyzer))
    install(app, metrics)
    install(app, Jobs())
    install(app, Uploads(Path(settings.instance_dir, "uploads")))
    log = RequestLog(settings.log_level)
    watching.register(app, metrics.count, log.write, believe_ids=settings.trusted_proxies > 0)
    install(app, Limits(settings))
    install(app, Traps(settings))
    errors.register(app)
    doors.register(app, settings)
    policy.register(app, settings)
    headers.register(app)
    compression.register(app)
    language.register(app)
    assets.register(app, ROOT / "static")
    app.register_blueprint(web_blueprint)
    app.register_blueprint(editing_blueprint)
    app.register_blueprint(admin_blueprint)
    app.register_blueprint(changes_blueprint)
    app.register_blueprint(data_blueprint)
    app.register_blueprint(preferences_blueprint)
    app.register_blueprint(corrections_blueprint)
    app.register_blueprint(likes_blueprint)
    app.register_blueprint(recent_blueprint)
    authors.register(app)
    app.register_blueprint(api_blueprint)
    for command in COMMANDS:
        app.cli.add_command(command)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _load(settings: Settings, lazy: bool) -> Analyzer:
    from app import sentiment  # here: importing torch takes seconds, and tests bring their own analyzer
    from app.sentiment.lazy import LazyAnalyzer

    def load() -> Analyzer:
        return sentiment.load(settings.sentiment_model or None, settings.sentiment_revision or None)

    return LazyAnalyzer(load) if lazy else load()
