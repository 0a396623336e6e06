"""The site over a large catalogue in memory, for `benchmarks.large`: the entry file that gunicorn is given there."""

import os

from app.factory import create_app
from app.store.memory import MemoryStore
from benchmarks.catalogue import fill

store = MemoryStore()
fill(store, int(os.environ["LARGE_MOVIES"]), int(os.environ["LARGE_REVIEWS"]))
app = create_app(store=store)
