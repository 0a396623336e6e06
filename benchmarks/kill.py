"""Durability test: kill the site with SIGKILL while reviews are posted, start it again, and compare.

A review that was answered 201 must be stored exactly once, and every movie's counts must agree with its reviews. The
database is SQLite in a temporary folder, or an empty one given by `--database postgresql+psycopg://...`.
"""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.client import Connection, get
from benchmarks.data import add_movies, post_review, stored_reviews
from benchmarks.site import Site, parse_options, running_site

CLIENTS = 8
MAX_SECONDS = 1.0  # of posting before a kill


@dataclass
class Tally:
    """Posted texts: `kept` were answered 201, `unsure` were not answered."""

    rounds: int = 0
    kept: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unsure_kept: int = 0

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        stored = f"{len(self.lost)} lost, {len(self.doubled)} doubled"
        lines = [
            f"{self.rounds} rounds; {len(self.kept):,} answered 201: {stored}",
            f"{len(self.unsure):,} not answered, {self.unsure_kept} of these stored",
        ]
        return "\n".join([*lines, *self.wrong])

    def compare(self, port: int) -> None:
        """Compare the posted texts with what the site returns."""
        connection, found = Connection(port), Counter[str]()
        for movie in json.loads(connection.ask(get("/movies"))[1]):
            reviews = stored_reviews(port, movie["id"])
            found.update(review["content"] for review in reviews)
            positive = sum(review["sentiment_label"] == "긍정" for review in reviews)
            if (movie["review_count"], movie["positive_count"]) != (len(reviews), positive):
                self.wrong.append(f"movie {movie['id']} has {len(reviews)} reviews, {positive} positive: {movie}")
            mean = sum(review["rating"] for review in reviews) / max(1, len(reviews))
            if abs((movie["average_rating"] or 0) - mean) > 0.01:
                self.wrong.append(f"movie {movie['id']} has the mean rating {mean}: {movie}")
        connection.close()
        self.lost = [text for text in self.kept if not found[text]]
        self.doubled = [text for text, count in found.items() if count > 1]
        self.unsure_kept = sum(found[text] for text in self.unsure)
        self.wrong += [f"not posted: {text!r}" for text in found.keys() - {*self.kept, *self.unsure}]


def play(url: str, rounds: int, seed: int = 1) -> Tally:
    """Post and kill in `rounds` on the empty database at `url`."""
    draw, tally = random.Random(seed), Tally()
    for tally.rounds in range(1, rounds + 1):
        with running_site(DATABASE_URL=url) as site:
            movies = add_movies(site.port, range(3))
            names = [f"{tally.rounds}라운드 {client}번" for client in range(CLIENTS)]
            posters = [threading.Thread(target=_post, args=(site.port, movies, tally, name)) for name in names]
            for poster in posters:
                poster.start()
            time.sleep(draw.uniform(0.05, MAX_SECONDS))
            kill(site, draw.choice(("worker", "master", "both")))
            for poster in posters:
                poster.join()
    with running_site(DATABASE_URL=url) as site:
        tally.compare(site.port)
    return tally


def kill(site: Site, target: str) -> None:
    """Kill the worker or the master first, or both at once."""
    if target != "both":
        os.kill(site.worker_pid() if target == "worker" else site.process.pid, signal.SIGKILL)
        time.sleep(0.05)
    site.kill_group()


def _post(port: int, movies: list[int], tally: Tally, name: str) -> None:
    for number in range(1_000_000):
        connection, text = Connection(port), f"{name} {number}번째 글, 볼수록 좋아요"
        try:
            status, _ = connection.ask(post_review(movies[number % len(movies)], text))
        except OSError:
            tally.unsure.append(text)
            return
        finally:
            connection.close()  # a new connection for each review
        (tally.kept if status == 201 else tally.unsure).append(text)


def main() -> None:
    options = parse_options(__doc__, rounds=40, seed=1, database="")
    with tempfile.TemporaryDirectory() as folder:
        tally = play(options.database or f"sqlite:///{folder}/reviews.db", options.rounds, options.seed)
    print(tally)
    sys.exit(not tally.is_good)


if __name__ == "__main__":
    main()
