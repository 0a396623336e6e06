"""Durability test: kill the site with SIGKILL while reviews are posted, start it again, and compare.

A review that was answered 201 must be stored exactly once, and every movie's counts must agree with its reviews. The
database is SQLite in a temporary folder, or an empty one given by `--database postgresql+psycopg://...`.
"""

import itertools
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from benchmarks.client import get, load, send
from benchmarks.data import add_movies, post_reviews, stored_reviews
from benchmarks.site import Site, parse_options, running_site

CLIENTS = 8
MAX_SECONDS = 1.0  # of posting before a kill


@dataclass
class Tally:
    """Posted texts, those of them that were answered 201, and the stored ones with the number of their copies."""

    posted: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    stored: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return reviews that were lost, stored twice or not posted, and wrong counts."""
        return [
            *(f"lost: {text!r}" for text in self.kept - self.stored.keys()),
            *(f"stored {count} times: {text!r}" for text, count in self.stored.items() if count > 1),
            *(f"not posted: {text!r}" for text in self.stored.keys() - {*self.posted}),
            *self.wrong,
        ]

    def __str__(self) -> str:
        unsure = {*self.posted} - self.kept
        counts = f"{len(self.kept):,} answered 201; {len(unsure):,} not answered, {len(unsure & self.stored.keys())}"
        return "\n".join([f"{counts} of these stored; {len(self.problems())} problems", *self.problems()])


def play(url: str, rounds: int) -> Tally:
    """Post and kill in `rounds` on the empty database at `url`; read what is stored."""
    draw, tally = random.Random(1), Tally()
    for number in range(1, rounds + 1):
        with running_site(DATABASE_URL=url) as site:
            movies, target = add_movies(site.port, range(3)), draw.choice(("worker", "master", "both"))
            killer = threading.Timer(draw.uniform(0.05, MAX_SECONDS), kill, (site, target))
            killer.start()
            post_until_killed(site.port, movies, f"{number}라운드", tally)
            killer.join()
    with running_site(DATABASE_URL=url) as site:
        for movie in json.loads(send(site.port, get("/movies"))[1]):
            reviews = list(stored_reviews(site.port, movie["id"]))
            tally.stored.update(review["content"] for review in reviews)
            positive = sum(review["sentiment_label"] == "긍정" for review in reviews)
            mean = sum(review["rating"] for review in reviews) / max(1, len(reviews))
            counts = movie["review_count"], movie["positive_count"]
            if counts != (len(reviews), positive) or abs((movie["average_rating"] or 0) - mean) > 0.01:
                tally.wrong.append(f"{len(reviews)} reviews, {positive} positive, mean {mean}: {movie}")
    return tally


def post_until_killed(port: int, movies: list[int], name: str, tally: Tally) -> None:
    """Post different reviews until the site closes a connection."""
    start = len(tally.posted)

    def texts() -> Iterator[str]:
        for number in itertools.count():
            tally.posted.append(f"{name} {number}번째 글, 볼수록 좋아요")
            yield tally.posted[-1]

    def on_answer(number: int, status: int, body: bytes) -> None:
        if status == 201:
            tally.kept.add(tally.posted[start + number])

    with suppress(OSError):
        load(port, post_reviews(movies, texts()), clients=CLIENTS, on_answer=on_answer)


def kill(site: Site, target: str) -> None:
    """Kill the worker or the master first, or both at once."""
    if target != "both":
        os.kill(site.worker_pid() if target == "worker" else site.process.pid, signal.SIGKILL)
        time.sleep(0.05)
    site.kill_group()


def main() -> None:
    options = parse_options(__doc__, rounds=40, database="")
    with tempfile.TemporaryDirectory() as folder:
        tally = play(options.database or f"sqlite:///{folder}/reviews.db", options.rounds)
    print(tally)
    sys.exit(bool(tally.problems()))


if __name__ == "__main__":
    main()
