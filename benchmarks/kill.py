"""`python -m benchmarks.kill`: kills the site with SIGKILL while reviews are posted, and prints the tally.

The promise it holds the site to: a review that was answered 201 is there afterwards, exactly once, and every number
agrees with the reviews. Some 2 s a round; 40 rounds on SQLite in a temporary folder unless told otherwise:
`python -m benchmarks.kill --rounds 100 --database postgresql+psycopg://...` (an empty database).
"""

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.store import Store, open_store
from benchmarks.client import Connection, post
from benchmarks.site import GUNICORN, ROOT, wait_until_it_answers

MOVIES = 3
CLIENTS = 8
LONGEST = 1.0  # seconds of posting before a kill


@dataclass
class Tally:
    """What was posted in all rounds: `kept` were answered 201; of the `unsure` no answer came."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsure_kept: int = 0
    wrong: list[str] = field(default_factory=list)

    def compare(self, store: Store) -> None:
        """Looks for everything that was posted in what is there now."""
        found: Counter[str] = Counter()
        by_movie: Counter[int] = Counter()
        after = 0
        while reviews := store.all_reviews(after):
            found.update(review.content for review in reviews)
            by_movie.update(review.movie_id for review in reviews)
            after = reviews[-1].id
        self.lost = [text for text in self.kept if not found[text]]
        self.doubled = [text for text, count in found.items() if count > 1]
        self.unsure_kept = sum(found[text] for text in self.unsure)
        self.wrong = [
            f"movie {movie.id} counts {movie.review_count} reviews and has {by_movie[movie.id]}"
            for movie in store.movies()
            if not movie.review_count == by_movie[movie.id] == sum(map(sum, store.histogram(movie.id)))
        ]
        if store.totals().review_count != found.total():
            self.wrong.append(f"the catalogue counts {store.totals().review_count} reviews and has {found.total()}")
        strangers = found.keys() - {*self.kept, *self.unsure}
        self.wrong += [f"nobody posted {text!r}" for text in strangers]

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        unsure_lost = len(self.unsure) - self.unsure_kept
        kills = ", ".join(f"{count} {what}" for what, count in sorted(self.kills.items()))
        lines = [
            f"{self.rounds} rounds ended by SIGKILL ({kills})",
            f"{len(self.kept):,} reviews answered 201: {len(self.lost)} lost, {len(self.doubled)} there twice",
            f"{len(self.unsure):,} without an answer: {self.unsure_kept} there, {unsure_lost} not",
            *self.wrong,
            "every promise was kept" if self.is_good else "A PROMISE WAS BROKEN",
        ]
        return "\n".join(lines)


class Site:
    """The real site over a database; ended only by SIGKILL."""

    def __init__(self, url: str, instance: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        settings = {"DATABASE_URL": url, "INSTANCE_DIR": instance, "SECRET_KEY": "kill", "RATELIMIT_ENABLED": "0"}
        self._process = subprocess.Popen(
            GUNICORN,
            cwd=ROOT,
            env={**os.environ, **settings, "HOST": "127.0.0.1", "PORT": str(self.port), "LOG_LEVEL": "error"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a group of its own, to be killed as one
        )
        wait_until_it_answers(self.port, "/healthz", self._process)

    def kill(self, what: str) -> None:
        """Kills the `worker`, the `master`, or `both` at once; then whatever is left of the group."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if what == "worker":
            os.kill(int(children[0]), signal.SIGKILL)
        elif what == "master":
            os.kill(self._process.pid, signal.SIGKILL)
        if what != "both":
            time.sleep(0.05)  # the other half is still about
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def play(url: str, rounds: int, seed: int = 1, say: Callable[[str], None] = lambda line: None) -> Tally:
    """So many rounds of posting and killing on the empty database at `url`; what came of it."""
    draw = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as instance:
        for number in range(rounds):
            site = Site(url, instance)
            _post_until_killed(site, tally, number, draw)
            say(f"round {number + 1}: {len(tally.kept):,} answered 201 so far")
    store = open_store(url)
    tally.compare(store)
    store.close()
    return tally


def _post_until_killed(site: Site, tally: Tally, number: int, draw: random.Random) -> None:
    connection = Connection(site.port)
    for movie in range(1, MOVIES + 1):
        connection.ask(post("/movies", {"title": f"영화 {movie}"}))
    connection.close()
    posters = [
        threading.Thread(target=_post, args=(site.port, tally, f"{number}라운드 {client}번"))
        for client in range(CLIENTS)
    ]
    for poster in posters:
        poster.start()
    what = draw.choice(("worker", "master", "both"))
    time.sleep(draw.uniform(0.05, LONGEST))
    site.kill(what)
    for poster in posters:
        poster.join()
    tally.rounds += 1
    tally.kills[what] += 1


def _post(port: int, tally: Tally, name: str) -> None:
    connection = Connection(port)
    for count in range(1_000_000):
        text = f"{name} {count}번째 글, 볼수록 좋아요"
        try:
            status, _ = connection.ask(
                post("/reviews", {"movie_id": count % MOVIES + 1, "author": "밤편지", "content": text})
            )
        except OSError:
            tally.unsure.append(text)
            return
        finally:
            connection.close()  # each on a new connection: a dead worker's would tell of the kill too early
        if status == 201:
            tally.kept.append(text)
        else:
            tally.unsure.append(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill", description="Kills the site while it is used.")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="an empty one; without it, SQLite in a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/reviews.db"
        tally = play(url, options.rounds, options.seed, lambda line: print(line, file=sys.stderr))
    print(tally)
    sys.exit(not tally.is_good)


if __name__ == "__main__":
    main()
