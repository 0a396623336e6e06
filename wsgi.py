"""The entry file: one process, several threads.

One process, because movies and model live in its memory: a second process would show other movies and hold the model
twice. Several threads, because a request mostly waits, for its client or for the one thread that owns the model.
"""

import sys

from app.errors import ModelError, SettingsError
from app.factory import create_app

try:
    app = create_app()
except (ModelError, SettingsError) as error:
    print(f"gampyeong: {error}", file=sys.stderr)
    raise SystemExit(3) from None  # gunicorn stops at a worker's 3; at a 1 it would start the next worker, for ever
