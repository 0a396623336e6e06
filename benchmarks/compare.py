"""`make bench-compare`: the site against the design it replaces, and against its own model with nothing around it.

All sides run in one go: both servers stand beside each other, and in every round each is measured in turn, the order
changing from round to round; the table holds medians over the rounds. The load comes from this process, on the same
cores. About seven minutes; `--seconds` and `--rounds` make it shorter, and less exact.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.__main__ import machine
from benchmarks.client import Result, get, load
from benchmarks.plot import plot
from benchmarks.requests import add_movies, post_reviews
from benchmarks.reviews import make_reviews
from benchmarks.site import ROOT, Site, running, running_site

SITE, BASELINE, IDEAL = "this site", "the design it replaces", "the bare model"
CLIENTS = (1, 8, 32, 128)
MOVIES = (10, 100, 1_000)
LIST_CLIENTS = 4
GOALS = {
    "posting, 32 clients": "at least 5 x",
    "posting, 1 client": "at least 1 x",
    "listing 100 movies": "at least 1 x",
    "listing 1,000 movies": "at least 3 x",
}


@dataclass
class Measured:
    """One thing measured on one side, round by round: how many a second, and the milliseconds of p50 and p99."""

    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.rates.append(result.per_second())
        self.p50.append(result.quantile(0.5))
        self.p99.append(result.quantile(0.99))

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    def __str__(self) -> str:
        return (
            f"{self.rate:,.0f}/s (p50 {statistics.median(self.p50):.1f} ms, p99 {statistics.median(self.p99):.1f} ms)"
        )


Figures = dict[str, dict[str, Measured]]
"""What was measured, and on which side."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description="Compares the site.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each measurement")
    parser.add_argument("--png", type=Path, default=ROOT / "docs" / "benchmark.png")
    options = parser.parse_args()
    busy, started = os.getloadavg()[0], time.monotonic()
    figures: Figures = {}
    ideal: dict[int, list[float]] = {1: [], 2: []}
    with running_site() as site, running_baseline() as baseline:
        sides = {SITE: site, BASELINE: baseline}
        movies = {side: add_movies(server.port, range(100)) for side, server in sides.items()}
        for turn in range(options.rounds):
            measure_posting(sides, movies, figures, options.seconds, turn)
            for threads, rates in ideal.items():
                rates.append(measure_ideal(options.seconds / 2, threads))
    with running_site() as site, running_baseline() as baseline:
        measure_listing({SITE: site, BASELINE: baseline}, figures, options.seconds / 2, options.rounds)
    print_table(figures, {threads: statistics.median(rates) for threads, rates in ideal.items()})
    print(f"\n{machine()}; {time.monotonic() - started:.0f} s in all, medians of {options.rounds} rounds")
    if busy > 0.5:
        print(f"The machine was not idle when this began (load {busy:.1f}): do not trust these numbers.")
    plot({what: {side: m.rate for side, m in sides.items()} for what, sides in figures.items()}, options.png)
    print(f"The same as a picture: {options.png}")


@contextmanager
def running_baseline() -> Iterator[Site]:
    with running([sys.executable, "-m", "benchmarks.baseline"], "/movies", {}) as server:
        yield server


def measure_posting(
    sides: dict[str, Site], movies: dict[str, list[int]], figures: Figures, seconds: float, turn: int
) -> None:
    for clients in CLIENTS:
        what = f"posting, {clients} client{'s' * (clients > 1)}"
        texts = make_reviews(int(1_500 * seconds), seed=1_000 * turn + clients)  # more than can be read
        for side in order(sides, turn):
            asked = post_reviews(movies[side], texts)
            port = sides[side].port
            load(port, itertools.islice(asked, clients), clients=clients, seconds=seconds)  # each connection's first
            note(figures, what, side, load(port, asked, clients=clients, seconds=seconds), 201)


def measure_listing(sides: dict[str, Site], figures: Figures, seconds: float, rounds: int) -> None:
    there = 0
    for count in MOVIES:
        for server in sides.values():
            add_movies(server.port, range(there, count))
        there = count
        for turn in range(rounds):
            for side in order(sides, turn):
                asked = itertools.repeat(get("/movies"))
                result = load(sides[side].port, asked, clients=LIST_CLIENTS, seconds=seconds)
                note(figures, f"listing {count:,} movies", side, result, 200)


def measure_ideal(seconds: float, threads: int) -> float:
    command = [sys.executable, "-m", "benchmarks.ideal", str(seconds), str(threads)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def order(sides: dict[str, Site], turn: int) -> list[str]:
    return list(sides) if turn % 2 == 0 else list(reversed(sides))


def note(figures: Figures, what: str, side: str, result: Result, status: int) -> None:
    if result.statuses.keys() != {status}:
        raise SystemExit(f"{what}, {side}: answers {json.dumps(result.statuses)}, not {status} alone")
    measured = figures.setdefault(what, {}).setdefault(side, Measured())
    measured.add(result)
    print(f"  {what}, {side}: {measured.rates[-1]:,.0f}/s", file=sys.stderr)


def print_table(figures: Figures, ideal: dict[int, float]) -> None:
    print(f"\n| measured | {SITE} | {BASELINE} | ratio | goal |\n|---|---:|---:|---:|---|")
    for what, sides in figures.items():
        ratio = sides[SITE].rate / sides[BASELINE].rate
        print(f"| {what} | {sides[SITE]} | {sides[BASELINE]} | {ratio:.1f} x | {GOALS.get(what, '')} |")
    busy = figures["posting, 32 clients"][SITE]
    for threads, rate in ideal.items():
        what = f"of {IDEAL}'s {rate:,.0f}/s in ideal batches ({threads} core{'s' * (threads > 1)}), 32 clients get"
        print(f"| {what} | {busy.rate / rate:.0%} | | | {'at least 60 %' if threads == 1 else ''} |")
    spread = statistics.median(busy.p99) / statistics.median(busy.p50)
    print(f"| p99 of posting, 32 clients, over p50 | {spread:.1f} x | | | at most 3 x |")


if __name__ == "__main__":
    main()
