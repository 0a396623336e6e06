"""The site over a large catalogue in memory, for `benchmarks.large`: the entry file that gunicorn is given there."""

import os

from app.factory import create_app
from app.store import open_store
from benchmarks.catalogue import fill

store = open_store()
fill(store, int(os.environ["LARGE_MOVIES"]), int(os.environ["LARGE_REVIEWS"]))
app = create_app(store=store)
