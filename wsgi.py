"""The entry file: one process, a greenlet for each connection.

One process, because movies and model live in its memory: a second process would show other movies and hold the model
twice. Greenlets, because a request mostly waits, for its client or for the one thread that owns the model.
"""

import sys

import click

from app.errors import ModelError, SettingsError
from app.factory import create_app
from app.security.bind_check import check_start
from app.settings import Settings

try:
    settings = Settings.from_env()
    command = click.get_current_context(silent=True)
    if command and "host" in command.params:  # `flask run`; gunicorn.conf.py looks at gunicorn's sockets
        check_start(settings, [command.params["host"]])
    serves = command is None or "host" in command.params
    app = create_app(settings, lazy=not serves)  # a command like `export` never asks the model
except (ModelError, SettingsError) as error:
    print(f"gampyeong: {error}", file=sys.stderr)
    raise SystemExit(3) from None  # gunicorn stops at a worker's 3; at a 1 it would start the next worker, for ever
