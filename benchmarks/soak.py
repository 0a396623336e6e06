"""Soak test: 128 clients send requests of all kinds for some minutes (`--minutes 10`) to a site on SQLite.

Checks that every answer is 2xx or 503, that each accepted review is stored exactly once with the sentiment its text has
alone, and that memory grows by at most 5 % after the warm-up.
"""

import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.client import Result, load, post, send
from benchmarks.data import BATCH, add_movies, mixed_requests, stored_reviews
from benchmarks.site import Site, parse_options, running_site

CLIENTS = 128
MOVIES = 50
MAX_GROWTH = 0.05
WARM_UP = 0.25
"""Share of the run. Its highest memory is compared with the median of the last part of this length."""
MIN_SAMPLES = 20
TOLERANCE = 0.001  # of scores and ratings: a batch changes the last digits


@dataclass
class Soak:
    """Posted texts and 201 responses by number of the request; the site's megabytes at regular intervals."""

    posted: dict[int, str] = field(default_factory=dict)
    accepted: dict[int, dict[str, Any]] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    result: Result = field(default_factory=Result)


def main() -> None:
    soak, problems = run(60 * parse_options(__doc__, minutes=10.0).minutes, CLIENTS)
    print(f"{soak.result.wall:.0f} s, {soak.result}, answers by status {dict(soak.result.statuses)}")
    print(f"{len(soak.posted):,} reviews posted, {len(soak.accepted):,} accepted")
    print(f"memory {soak.memory[0]:.0f} MB at first, {soak.memory[-1]:.0f} at last ({memory_growth(soak.memory):+.1%})")
    print(*problems, sep="\n")
    sys.exit(bool(problems))


def run(seconds: float, clients: int, max_growth: float = MAX_GROWTH) -> tuple[Soak, list[str]]:
    """Run a site under load; return the posted reviews and the problems found."""
    with tempfile.TemporaryDirectory() as folder, running_site(DATABASE_URL=f"sqlite:///{folder}/reviews.db") as site:
        movies = add_movies(site.port, range(MOVIES))
        soak = send_requests(site, movies, seconds, clients)
        problems = check_answers(soak) + check_memory(soak.memory, max_growth)
        return soak, problems + check_store(site, movies, soak) + check_sentiments(site, soak)


def send_requests(site: Site, movies: list[int], seconds: float, clients: int) -> Soak:
    """Send mixed requests, and measure the memory at least `MIN_SAMPLES` times while doing so."""
    soak, started, interval = Soak(), time.monotonic(), min(1.0, seconds / (2 * MIN_SAMPLES))

    def requests() -> Iterator[bytes]:
        for number, (request, text) in enumerate(mixed_requests(movies)):
            if text is not None:
                soak.posted[number] = text
            yield request

    def on_answer(number: int, status: int, body: bytes) -> None:
        if number in soak.posted and status == 201:
            soak.accepted[number] = json.loads(body)
        if time.monotonic() - started >= len(soak.memory) * interval:
            soak.memory.append(site.memory())

    soak.result = load(site.port, requests(), clients=clients, seconds=seconds, on_answer=on_answer)
    return soak


def memory_growth(samples: Sequence[float]) -> float:
    """Return the growth after the warm-up as a share of its memory. Raise `ValueError` for too few samples."""
    if len(samples) < MIN_SAMPLES:
        raise ValueError(f"{len(samples)} samples of the memory are too few, {MIN_SAMPLES} are needed")
    part = int(WARM_UP * len(samples))
    return statistics.median(samples[-part:]) / max(samples[:part]) - 1


def check_memory(samples: Sequence[float], max_growth: float) -> list[str]:
    """Return a problem if the memory grew by more than `max_growth`, a share."""
    growth = memory_growth(samples)
    return [f"memory grew by {growth:.1%}"] if growth > max_growth else []


def check_answers(soak: Soak) -> list[str]:
    """Return unexpected statuses, and responses with another text than the posted one."""
    statuses, pairs = soak.result.statuses, ((soak.posted[number], own) for number, own in soak.accepted.items())
    return [
        *(f"{count} answers were {status}" for status, count in statuses.items() if status not in (200, 201, 503)),
        *(f"{text!r} came back as {answer['content']!r}" for text, answer in pairs if text != answer["content"]),
    ]


def check_store(site: Site, movies: list[int], soak: Soak) -> list[str]:
    """Return reviews that were accepted but not stored, or stored but not accepted."""
    reviews = (review for movie in movies for review in stored_reviews(site.port, movie))
    stored = Counter((review["id"], review["content"]) for review in reviews)
    accepted = Counter((answer["id"], answer["content"]) for answer in soak.accepted.values())
    return [
        f"{name}: {review}"
        for name, found in (("lost", accepted - stored), ("not accepted", stored - accepted))
        for review in found
    ]


def check_sentiments(site: Site, soak: Soak) -> list[str]:
    """Return reviews whose sentiment differs from that of their text analyzed now."""
    answers, analyzed = list(soak.accepted.values()), list[dict[str, Any]]()
    for start in range(0, len(answers), BATCH):
        texts = [answer["content"] for answer in answers[start : start + BATCH]]
        analyzed += json.loads(send(site.port, post("/sentiment/batch", {"texts": texts}))[1])
    return [
        f"{answer['content']!r} was rated {answer['rating']}, and is {now['rating']}"
        for answer, now in zip(answers, analyzed, strict=True)
        if any(abs(answer[key] - now[key]) > TOLERANCE for key in ("sentiment_score", "rating"))
    ]


if __name__ == "__main__":
    main()
