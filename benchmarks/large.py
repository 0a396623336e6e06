"""`python -m benchmarks.large`: how fast the site is with 10,000 movies and 1,000,000 reviews, as a table.

Fills a database first (two minutes or three), which `--database sqlite:////some/where/large.db` keeps for another time;
`--memory` holds the catalogue in memory instead, in about 1 GB. One client asks for one thing after the other, and
before each a review is posted, so that nothing is answered from what was made for the request before. Needs an idle
machine, like all of `benchmarks`.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from app.store import open_store
from benchmarks.catalogue import fill
from benchmarks.client import Connection, Result, get
from benchmarks.requests import post_review
from benchmarks.reviews import make_reviews
from benchmarks.site import GUNICORN, Site, running, running_site

SEARCHES = ("여름", "ㄱㅇ ㅂㄷ", "봉준호 겨울", "그런영화는없다", "마지막 기차의 소리", "김")
GOALS = {"database": 50, "memory": 15}  # milliseconds, for 95 requests of 100
START_GOAL = 10  # seconds
_OWN = {"SECRET_KEY": "bench", "ADMIN_PASSWORD": "a visitor asks", "RATELIMIT_ENABLED": "0", "LOG_LEVEL": "error"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description="Measures a large catalogue.")
    parser.add_argument("--movies", type=int, default=10_000)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=300, help="of each kind")
    parser.add_argument("--database", default="", help="where to keep it; filled if it is empty")
    parser.add_argument("--memory", action="store_true", help="hold it in memory")
    options = parser.parse_args()
    print(f"{options.movies:,} movies, {options.reviews:,} reviews", file=sys.stderr)
    with _site(options) as site:
        if not options.memory:
            _print("start to the first answer", f"{site.seconds_to_start:.1f} s", f"{START_GOAL} s")
        _measure(site, options.movies, options.requests, GOALS["memory" if options.memory else "database"])
        _print("resident memory", f"{sum(site.memory().values()):.0f} MB")


@contextmanager
def _site(options: argparse.Namespace) -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as folder:
        if options.memory:
            size = {"LARGE_MOVIES": str(options.movies), "LARGE_REVIEWS": str(options.reviews)}
            own = {**_OWN, **size, "HOST": "127.0.0.1", "INSTANCE_DIR": folder, "DATABASE_URL": ""}
            with running([*GUNICORN[:-1], "benchmarks.held:app"], "/healthz", own, within=1_000) as site:
                yield site
            return
        url = options.database or f"sqlite:///{folder}/large.db"
        _fill(url, options.movies, options.reviews)
        with running_site(DATABASE_URL=url, **_OWN) as site:
            yield site


def _fill(url: str, movies: int, reviews: int) -> None:
    store = open_store(url)
    if store.totals().movie_count == 0:
        started = time.perf_counter()
        fill(store, movies, reviews)
        _print("filling", f"{time.perf_counter() - started:.0f} s")
    store.close()
    if url.startswith("sqlite:///"):
        _print("the file", f"{Path(url.removeprefix('sqlite:///')).stat().st_size / 1e6:.0f} MB")


def _measure(site: Site, movies: int, count: int, goal: int) -> None:
    draw = random.Random(1)
    texts = iter(make_reviews(8 * count, seed=11))
    kinds: dict[str, Callable[[], str]] = {
        "home page": lambda: "/",
        "home page, another order": lambda: f"/?sort={draw.choice(('newest', 'reviews', 'release', 'title'))}",
        "search": lambda: f"/?q={quote(draw.choice(SEARCHES))}",
        "genre": lambda: f"/?genre={quote('드라마')}&page={draw.randint(1, 20)}",
        "movie page": lambda: f"/movie/{draw.randint(1, movies)}",
        "movie page, the most reviewed movie": lambda: f"/movie/{top}?page={draw.choice((1, 1, 2, 100))}",
    }
    connection = Connection(site.port)
    _ask(connection, get("/"), 200)
    top = _most_reviewed(connection)
    posting = Result()
    for what, path in kinds.items():
        result = Result()
        for _ in range(count):
            posting.seconds.append(_ask(connection, post_review(draw.randint(1, movies), next(texts)), 201))
            result.seconds.append(_ask(connection, get(path()), 200))
        _print_times(what, result, goal)
    _print_times("posting a review", posting, goal)
    connection.close()


def _most_reviewed(connection: Connection) -> int:
    return int(json.loads(connection.ask(get("/movies?sort=reviews&per_page=1"))[1])[0]["id"])


def _ask(connection: Connection, request: bytes, expected: int) -> float:
    """Seconds until the answer."""
    started = time.perf_counter()
    status, body = connection.ask(request)
    if status != expected:
        raise SystemExit(f"{request[:80]!r} was answered {status}: {body[:200]!r}")
    return time.perf_counter() - started


def _print_times(what: str, result: Result, goal: int) -> None:
    p50, p95 = result.quantile(0.5), result.quantile(0.95)
    missed = "" if p95 < goal else ": missed"
    _print(f"{what}: p50, p95", f"{p50:.1f}, {p95:.1f} ms", f"{goal} ms{missed}")


def _print(what: str, value: str, goal: str = "") -> None:
    print(f"| {what} | {value} | {goal} |", flush=True)


if __name__ == "__main__":
    main()
