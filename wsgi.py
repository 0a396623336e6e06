"""WSGI entry point: one process, a greenlet for each connection.

One process, because the in-memory database and the model exist once per process. Greenlets, because a request mostly
waits for its client or for the inference thread.
"""

import sys

import click

from app.errors import ModelError, SettingsError
from app.factory import create_app
from app.settings import Settings, check_start

try:
    settings = Settings.from_env()
    command = click.get_current_context(silent=True)
    if command and "host" in command.params:  # `flask run`; gunicorn.conf.py checks gunicorn's sockets
        check_start(settings, [command.params["host"]])
    serves = command is None or "host" in command.params
    app = create_app(settings, lazy=not serves)  # a command like `export` does not need the model
except (ModelError, SettingsError) as error:
    print(f"gampyeong: {error}", file=sys.stderr)
    raise SystemExit(3) from None  # exit code 3 stops gunicorn; after 1 it would restart the worker forever
