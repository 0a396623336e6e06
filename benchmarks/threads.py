"""How many threads serve best: `python -m benchmarks.threads` (about five minutes) posts reviews to the site with each
number of web and model threads, on one core and on all, and prints what gunicorn.conf.py chooses by.

Beside how many reviews a second, the table says what does not depend on who else uses the machine: the processor's time
a review took, and how many were read at once. On one core, the load comes from another.
"""

import argparse
import itertools
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.__main__ import machine
from benchmarks.client import Connection, get, load
from benchmarks.requests import add_movies, post_reviews
from benchmarks.reviews import make_reviews
from benchmarks.site import Site, running_site

WEB_THREADS = (8, 16, 32, 64)
CLIENTS = 32
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figures:
    """Reviews a second, milliseconds of p50 and p99, milliseconds of processor a review, and reviews read at once."""

    rate: float
    p50: float
    p99: float
    processor: float
    together: float

    @classmethod
    def median(cls, rounds: list["Figures"]) -> "Figures":
        names = ("rate", "p50", "p99", "processor", "together")
        return cls(*(statistics.median(getattr(figures, name) for figures in rounds) for name in names))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    choices = [(cores[:1], web, 1) for web in WEB_THREADS]
    choices += [(cores, web, model) for web in WEB_THREADS for model in (1, 2)] if len(cores) > 1 else []
    found: dict[int, list[Figures]] = {number: [] for number in range(len(choices))}
    for _ in range(options.rounds):
        for number, (used, web, model) in enumerate(choices):
            found[number].append(measure(used, web, model, options.seconds))
    print("| cores | web threads | model threads | reviews/s | p50 | p99 | processor a review | read at once |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for number, (used, web, model) in enumerate(choices):
        best = Figures.median(found[number])
        print(
            f"| {len(used)} | {web} | {model} | {best.rate:.0f} | {best.p50:.0f} ms | {best.p99:.0f} ms "
            f"| {best.processor:.2f} ms | {best.together:.1f} |"
        )
    print(f"\n{machine()}; {CLIENTS} clients, medians of {options.rounds} rounds")


def measure(cores: list[int], web: int, model: int, seconds: float) -> Figures:
    """`CLIENTS` post reviews, after each has posted some that do not count."""
    pinned = ("taskset", "-c", ",".join(map(str, cores)))
    with running_site(pinned, WEB_THREADS=str(web), SENTIMENT_THREADS=str(model)) as site, away_from(cores):
        asked = post_reviews(add_movies(site.port, range(100)), make_reviews(int(1_500 * seconds)))
        load(site.port, itertools.islice(asked, 5 * CLIENTS), clients=CLIENTS, seconds=60)
        before, read_before = processor_seconds(site), turns(site)
        result = load(site.port, asked, clients=CLIENTS, seconds=seconds)
        took = processor_seconds(site) - before
        texts, read = (after - earlier for after, earlier in zip(turns(site), read_before, strict=True))
    count = len(result.seconds)
    return Figures(
        result.per_second(), result.quantile(0.5), result.quantile(0.99), 1_000 * took / count, texts / max(1, read)
    )


@contextmanager
def away_from(cores: list[int]) -> Iterator[None]:
    """Keeps this process off `cores` where there are others: a site on one core has its callers elsewhere."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, (mine - set(cores)) or mine)
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


def processor_seconds(site: Site) -> float:
    """What the site's processes have computed so far."""
    children = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()
    ticks = 0
    for pid in (str(site.pid), *children):
        numbers = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(numbers[11]) + int(numbers[12])
    return ticks / TICKS


def turns(site: Site) -> tuple[float, float]:
    """The texts read so far, and in how many turns."""
    connection = Connection(site.port)
    _, body = connection.ask(get("/metrics"))
    connection.close()
    numbers = dict(line.rsplit(" ", 1) for line in body.decode().splitlines() if not line.startswith("#"))
    return float(numbers["gampyeong_read_texts_total"]), float(numbers["gampyeong_batch_texts_count"])


if __name__ == "__main__":
    main()
