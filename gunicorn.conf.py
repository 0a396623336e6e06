"""gunicorn's settings: one process (see wsgi.py), a greenlet for each connection. Values come from app/settings.py."""

import logging
import os
import resource
import sys

from gunicorn.sock import close_sockets

from app.errors import SettingsError
from app.sentiment.worker import MAX_WAIT_SECONDS
from app.settings import Settings, check_start

try:
    settings = Settings.from_env()
except SettingsError as error:
    sys.exit(f"gampyeong: {error}")

# Each connection is an open file, and many systems allow 1,024 by default.
soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
max_files = 4_200 if hard_limit == resource.RLIM_INFINITY else min(4_200, hard_limit)
if soft_limit != resource.RLIM_INFINITY and soft_limit < max_files:
    resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, hard_limit))

bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
addresses: list[str] = []
workers = 1  # overrides WEB_CONCURRENCY
worker_class = "app.gevent_worker.SiteWorker"
worker_connections = max_files - 200  # further clients wait until one of these closes
preload_app = False  # torch loaded before a fork can hang in the child
max_requests = 0  # a new worker would lose the movies in memory
control_socket_disable = True
timeout = 0  # includes the start, and downloading a model may take minutes; the model's queue bounds a request
graceful_timeout = int(MAX_WAIT_SECONDS) + 5  # requests that wait for the model are answered
keepalive = 75  # of an idle connection, and for a request's head; proxies close theirs after 60
limit_request_line = 4_094  # bytes of method and address; a search of 200 characters takes 1,800
limit_request_fields = 64
limit_request_field_size = 8_190
forwarded_allow_ips = ""  # the app evaluates TRUSTED_PROXIES
accesslog = None
loglevel = "warning"
if os.access("/dev/shm", os.W_OK):  # noqa: S108 - the heartbeat file, which a slow disk would delay
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def on_starting(server):
    """Suppress gunicorn's three lines after a failed start, which has already printed its reason in one line."""
    suppressed = {"Worker (pid:%s) exited with code %s.", "Shutting down: %s", "Reason: %s"}
    logging.getLogger("gunicorn.error").addFilter(lambda record: record.msg not in suppressed)


def when_ready(server):
    """Refuse the start if the sockets are open to others and the settings do not allow that."""
    addresses.extend(map(str, server.LISTENERS))
    names = [listener.sock.getsockname() for listener in server.LISTENERS]
    try:
        check_start(settings, [name[0] if isinstance(name, tuple) else str(name) for name in names])
    except SettingsError as error:
        close_sockets(server.LISTENERS)
        sys.exit(f"gampyeong: {error}")


def post_worker_init(worker):
    """Print the address when the model is loaded and the first request would be answered."""
    print("gampyeong:", *addresses, flush=True)
