"""A long crowd: `python -m benchmarks.soak` (`--minutes 10`, and some more to check) asks the site for everything at
once, from twice as many clients as it serves at a time, each asking again as soon as it is answered. It holds it to:

no status but 2xx and 503; every review that was answered 201 is stored exactly once, no other is, and each was answered
with what its own text reads as; memory grows by no more than 5 % once warm. The site keeps its reviews in SQLite, in a
temporary folder: with all of them in memory, memory would have to grow.
"""

import argparse
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.client import Connection, Result, get, load, post
from benchmarks.requests import add_movies, explain, post_batch, post_review, post_text
from benchmarks.reviews import make_reviews
from benchmarks.site import Site, running_site

CLIENTS = 128
MOVIES = 50
WARM_SHARE = 0.25  # of the time; what memory comes to in it is what it is compared with
GROWTH_MOST = 0.05
CLOSE = 0.001  # what else is read at the same time changes a number's last digits
BATCH = 200


@dataclass
class Crowd:
    """What was asked and what came of it: texts posted and answers of 201 by the number of their request; megabytes of
    the site by seconds since the start."""

    posted: dict[int, str] = field(default_factory=dict)
    accepted: dict[int, dict[str, Any]] = field(default_factory=dict)
    memory: list[tuple[float, float]] = field(default_factory=list)
    result: Result = field(default_factory=Result)

    def requests(self, movies: list[int], seed: int = 1) -> Iterator[bytes]:
        """Without end; half of them post reviews, all different."""
        draw = random.Random(seed)
        texts = itertools.cycle(make_reviews(5_000, seed=seed, long_share=0.02))
        for number in itertools.count():
            movie, kind = draw.choice(movies), draw.random()
            if kind < 0.5:
                self.posted[number] = f"{next(texts)} {number}번째"
                yield post_review(movie, self.posted[number])
            elif kind < 0.6:
                yield post_text(next(texts))
            elif kind < 0.63:
                yield explain(next(texts)[:300])
            elif kind < 0.64:
                yield post_batch(list(itertools.islice(texts, BATCH)))
            else:
                yield get(draw.choice(("/", "/movies", f"/movie/{movie}", f"/reviews/{movie}?page=1&per_page=20")))

    def growth(self) -> float | None:
        """How much larger the site was in the last part of the time than in the warm-up, as a share of that."""
        end = self.memory[-1][0] if self.memory else 0.0
        warm = [size for at, size in self.memory if at <= WARM_SHARE * end]
        last = [size for at, size in self.memory if at >= (1 - WARM_SHARE) * end]
        return statistics.median(last) / max(warm) - 1 if len(warm) > 10 else None

    def __str__(self) -> str:
        answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(self.result.statuses.items()))
        took = f"p50 {self.result.quantile(0.5):.0f} ms, p99 {self.result.quantile(0.99):.0f} ms"
        growth = self.growth()
        sizes = (
            f"{self.memory[0][1]:.0f} MB at first, {self.memory[-1][1]:.0f} MB at last" if self.memory else "unknown"
        )
        return "\n".join(
            [
                f"{self.result.wall:.0f} s, {self.result.per_second():.0f} answers/s, {took}",
                f"answers: {answers}",
                f"reviews: {len(self.posted):,} posted, {len(self.accepted):,} accepted",
                f"memory: {sizes}" + ("" if growth is None else f", {growth:+.1%} after the warm-up"),
            ]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes: float = parser.parse_args().minutes
    crowd, problems = soak(60 * minutes, clients=CLIENTS)
    print(crowd)
    print("\n".join(problems) or "every promise was kept")
    sys.exit(bool(problems))


def soak(seconds: float, clients: int) -> tuple[Crowd, list[str]]:
    """What so many clients had from a site of its own in so many seconds, and what was wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"DATABASE_URL": f"sqlite:///{folder}/reviews.db"}
        with running_site(**settings, LOG_LEVEL="error") as site:
            movies = add_movies(site.port, range(MOVIES))
            crowd = ask(site, movies, seconds, clients)
            return crowd, [*wrong_answers(crowd), *wrong_store(site, movies, crowd), *wrong_readings(site, crowd)]


def ask(site: Site, movies: list[int], seconds: float, clients: int) -> Crowd:
    crowd, started = Crowd(), time.monotonic()

    def watch(number: int, status: int, body: bytes) -> None:
        if number in crowd.posted and status == 201:
            crowd.accepted[number] = json.loads(body)
        now = time.monotonic() - started
        if not crowd.memory or now - crowd.memory[-1][0] >= 1:
            crowd.memory.append((now, sum(site.memory().values())))

    crowd.result = load(site.port, crowd.requests(movies), clients=clients, seconds=seconds, watch=watch)
    return crowd


def wrong_answers(crowd: Crowd) -> list[str]:
    unexpected = {status for status in crowd.result.statuses if not (200 <= status < 300 or status == 503)}
    growth = crowd.growth()
    return [
        *(f"{crowd.result.statuses[status]} answers were {status}" for status in unexpected),
        *([f"memory grew by {growth:.1%}"] if growth is not None and growth > GROWTH_MOST else []),
        *(
            f"a review came back as another: {answer['content']!r} for {crowd.posted[number]!r}"
            for number, answer in crowd.accepted.items()
            if answer["content"] != crowd.posted[number]
        ),
    ]


def wrong_store(site: Site, movies: list[int], crowd: Crowd) -> list[str]:
    """Compares what is stored with what was accepted."""
    connection = Connection(site.port)
    stored: Counter[tuple[int, str]] = Counter()
    for movie in movies:
        for page in itertools.count(1):
            _, body = connection.ask(get(f"/reviews/{movie}?page={page}&per_page=1000"))
            reviews = json.loads(body)
            stored.update((review["id"], review["content"]) for review in reviews)
            if len(reviews) < 1_000:
                break
    connection.close()
    accepted = Counter((answer["id"], answer["content"]) for answer in crowd.accepted.values())
    lost, added = accepted - stored, stored - accepted
    return [f"lost: {review}" for review in lost] + [f"nobody was told of: {review}" for review in added]


def wrong_readings(site: Site, crowd: Crowd) -> list[str]:
    """Compares how each review was read among others with how its text reads now."""
    connection, wrong = Connection(site.port), []
    answers = list(crowd.accepted.values())
    for start in range(0, len(answers), BATCH):
        part = answers[start : start + BATCH]
        _, body = connection.ask(post("/sentiment/batch", {"texts": [answer["content"] for answer in part]}))
        for answer, alone in zip(part, json.loads(body), strict=True):
            if any(abs(answer[name] - alone[name]) > CLOSE for name in ("sentiment_score", "rating")):
                wrong.append(f"{answer['content']!r} was rated {answer['rating']}, and is {alone['rating']}")
    connection.close()
    return wrong


if __name__ == "__main__":
    main()
