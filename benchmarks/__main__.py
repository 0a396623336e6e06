"""`make bench`: starts the site, puts it under load, and prints a table for README.

Run it on an idle machine: anything else that computes falsifies it, and it says so when it sees it. About four minutes
on two cores; `make bench ARGS=--quick` takes a tenth of the requests. The load comes from this one Python process over
bare sockets (benchmarks/client.py), on the same machine, so what it needs itself is in the numbers. `taskset -c 0 make
bench` holds all of it to one core.
"""

import argparse
import importlib.metadata
import itertools
import os
import platform
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.client import Result, get, load
from benchmarks.requests import add_movies, explain, mixed_requests, post_batch, post_reviews, post_text
from benchmarks.reviews import LONG, make_long_reviews, make_reviews, make_words
from benchmarks.site import Site, running_site

MOVIES = 100
HOME_MOVIES = 1_000
POSTERS = 40  # people posting at once
READERS = 4  # connections that ask for the list
MIXED_CLIENTS = 8
STEP_WITHIN = 180  # seconds after which a step ends with what it has


@dataclass
class Table:
    """The measurements, each with the goal it is held to, if any."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, what: str, value: str, goal: str = "", met: bool = True) -> None:
        self.rows.append((what, value, f"{goal}{'' if met else ': missed'}"))
        print(f"  {what}: {value}{'' if met else f' (goal: {goal}, missed)'}", file=sys.stderr)

    def __str__(self) -> str:
        lines = [("measured", "value", "goal"), ("---", "---:", "---"), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures the running site.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests")
    scale = 10 if parser.parse_args().quick else 1
    busy = os.getloadavg()[0]
    table = Table()
    started = time.monotonic()
    with running_site() as site:
        table.add("start to the first answer", f"{site.seconds_to_start:.1f} s", "10 s", site.seconds_to_start <= 10)
        before = site.memory()
        movies = add_movies(site.port, range(MOVIES))
        measure_one_client(site, table, movies, 2_000 // scale)
        measure_list(site, table, 5_000 // scale)
        measure_batch(site, table, 1_000 // scale)
        measure_explanation(site, table, 500 // scale)
        measure_many_clients(site, table, movies, 4_000 // scale)
        measure_memory(site, table, movies, 10_000 // scale, before)
    with running_site() as site:
        measure_home(site, table, 300 // scale)
    print(f"\n{table}\n\n{machine()}; {time.monotonic() - started:.0f} s in all", flush=True)
    if busy > 0.5:
        print(f"The machine was not idle when this began (load {busy:.1f}): do not trust these numbers.")


def measure_one_client(site: Site, table: Table, movies: list[int], count: int) -> None:
    """One review after the other over one connection, then a few as long as may be; the first fifty do not count."""
    load(site.port, post_reviews(movies, make_reviews(50, seed=0)), clients=1, seconds=STEP_WITHIN)
    texts = make_reviews(count, seed=1)
    result = load(site.port, post_reviews(movies, texts), clients=1, seconds=STEP_WITHIN)
    expect(result, 201)
    p50, p99 = result.quantile(0.5), result.quantile(0.99)
    sizes = f"{statistics.median(map(len, texts)):.0f} characters in the median, at most {max(map(len, texts))}"
    what = f"a review posted by one client ({len(result.seconds):,} of {sizes})"
    table.add(f"{what}: p50", f"{p50:.1f} ms", "10 ms", p50 <= 10)
    table.add(f"{what}: p99", f"{p99:.1f} ms", "30 ms", p99 <= 30)
    long = load(site.port, post_reviews(movies, make_long_reviews(20)), clients=1, seconds=STEP_WITHIN)
    expect(long, 201)
    table.add(f"a review of {LONG:,} characters ({len(long.seconds)}): p50", f"{long.quantile(0.5):.0f} ms")


def measure_list(site: Site, table: Table, count: int) -> None:
    result = load(site.port, [get("/movies")] * count, clients=READERS, seconds=60)
    expect(result, 200)
    rate = result.per_second()
    what = f"`GET /movies` with {MOVIES} movies, {READERS} connections ({len(result.seconds):,})"
    table.add(what, f"{rate:.0f}/s, p99 {result.quantile(0.99):.1f} ms", "500/s", rate >= 500)


def measure_batch(site: Site, table: Table, count: int) -> None:
    """The same texts, each in a request of its own and a hundred a request."""
    texts = make_reviews(count, seed=2)
    single = load(site.port, map(post_text, texts), clients=1, seconds=STEP_WITHIN)
    parts = [texts[start : start + 100] for start in range(0, len(texts), 100)]
    batch = load(site.port, map(post_batch, parts), clients=1, seconds=STEP_WITHIN)
    expect(single, 200)
    expect(batch, 200)
    table.add(
        "texts read in batches of 100", f"{len(texts) / batch.wall:.0f}/s, one by one {single.per_second():.0f}/s"
    )


def measure_explanation(site: Site, table: Table, count: int) -> None:
    """Reviews of twenty words, each another: a kept explanation would cost nothing."""
    result = load(site.port, map(explain, make_words(count, 20)), clients=1, seconds=60)
    expect(result, 200)
    value = f"p50 {result.quantile(0.5):.1f} ms, p99 {result.quantile(0.99):.1f} ms"
    table.add(f"a review of 20 words explained ({len(result.seconds)})", value, "25 ms", result.quantile(0.5) <= 25)


def measure_home(site: Site, table: Table, count: int) -> None:
    """The home page with a full catalogue: as it was made last, and made anew because a movie was added."""
    add_movies(site.port, range(HOME_MOVIES))
    kept = load(site.port, [get("/")] * count, clients=1, seconds=60)
    changed = Result()
    for number in range(count):
        add_movies(site.port, [HOME_MOVIES + number])
        changed.seconds += load(site.port, [get("/")], clients=1, seconds=60).seconds
    expect(kept, 200)
    value = f"p50 {kept.quantile(0.5):.1f} ms, after a change {changed.quantile(0.5):.1f} ms"
    table.add(f"the home page with {HOME_MOVIES:,} movies", value, "15 ms", changed.quantile(0.5) <= 15)


def measure_many_clients(site: Site, table: Table, movies: list[int], count: int) -> None:
    result = load(site.port, post_reviews(movies, make_reviews(count, seed=3)), clients=POSTERS, seconds=STEP_WITHIN)
    expect(result, 201, 503)
    refused = result.statuses.get(503, 0)
    value = f"{result.per_second():.0f}/s, p50 {result.quantile(0.5):.0f} ms, p99 {result.quantile(0.99):.0f} ms"
    table.add(f"reviews posted by {POSTERS} at once ({len(result.seconds):,})", f"{value}, {refused} refused as busy")


def measure_memory(site: Site, table: Table, movies: list[int], count: int, before: dict[str, float]) -> None:
    """Everything visitors and programs do, long reviews and mistakes included."""
    asked = itertools.islice(mixed_requests(movies), count)
    result = load(site.port, asked, clients=MIXED_CLIENTS, seconds=2 * STEP_WITHIN)
    unexpected = {status: number for status, number in result.statuses.items() if status >= 500 and status != 503}
    if unexpected:
        raise SystemExit(f"mixed requests were answered with {unexpected}")
    table.add(
        f"mixed requests from {MIXED_CLIENTS} connections ({len(result.seconds):,})", f"{result.per_second():.0f}/s"
    )
    after, most = site.memory(), site.memory("VmHWM")
    if not after:
        table.add("resident memory", "not known on this system")
        return
    total, once = sum(after.values()), sum(site.memory("Pss").values())
    parts = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in after.items())
    extremes = f"at the start {sum(before.values()):.0f}, at most {sum(most.values()):.0f}"
    value = f"{total:.0f} MB ({parts}; {extremes}; {once:.0f} with shared pages counted once)"
    table.add("resident memory after all of this", value, "500 MB", total <= 500)


def expect(result: Result, *statuses: int) -> None:
    if result.statuses.keys() - set(statuses):
        raise SystemExit(f"expected only {statuses}, got {result.statuses}")


def machine() -> str:
    """Where and when this was measured."""
    facts = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", facts.read_text(), re.MULTILINE) if facts.exists() else None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = f"Python {platform.python_version()}, ONNX Runtime {importlib.metadata.version('onnxruntime')}"
    processor = found[1] if found else platform.processor()
    return f"{processor}, {cores} cores, {platform.system()}, {versions}, {time.strftime('%Y-%m-%d', time.gmtime())}"


if __name__ == "__main__":
    main()
