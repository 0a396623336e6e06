"""Load test of the site (`make bench`), or comparison with the design it replaces (`--compare`, `make bench-compare`).

Prints a table. Takes about four minutes on two cores; `--quick` sends a tenth of the requests. The machine must be
idle, and the load generator runs on it, too.
"""

import importlib.metadata
import itertools
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.client import get, load, post
from benchmarks.data import add_movies, make_reviews, mixed_requests, post_reviews
from benchmarks.site import Site, parse_options, print_row, running, running_site

OLD_DESIGN = (sys.executable, "-m", "benchmarks.old_design")
ROUNDS = 3
MAX_LOAD = 0.5  # of the machine before the measurement


def main() -> None:
    options = parse_options(__doc__, compare=False, quick=False)
    busy, scale = os.getloadavg()[0], 10 if options.quick else 1
    if options.compare:
        compare(8 / scale)
    else:
        measure(scale)
    print(f"\n{describe_machine()}")
    if busy > MAX_LOAD:
        print(f"The machine was not idle at the start (load {busy:.1f}): do not trust these numbers.")


def measure(scale: int) -> None:
    """Measure the site alone."""
    print_row("measured", "value", "goal")
    print_row("---", "---:", "---")
    with running_site() as site:
        print_row("start to the first answer", f"{site.seconds_to_start:.1f} s", "6 s")
        movies = add_movies(site.port, range(100))
        texts = iter(make_reviews(40_000 // scale, seed=1))

        def run(name: str, requests: Iterable[bytes], clients: int, count: int, status: int, goal: str = "") -> None:
            part = itertools.islice(requests, count // scale)
            result = load(site.port, part, clients=clients, seconds=180).expect(status, 503)
            refused = f", {result.statuses[503]} answered 503" if 503 in result.statuses else ""
            print_row(f"{name} ({len(result.seconds):,})", f"{result}{refused}", goal)

        load(site.port, post_reviews(movies, itertools.islice(texts, 50)), clients=1)  # warm up
        run("reviews by 1 client", post_reviews(movies, texts), 1, 2_000, 201, "p50 10 ms, p99 30 ms")
        run("reviews by 32 clients", post_reviews(movies, texts), 32, 4_000, 201)
        long = iter(make_reviews(20, seed=2, long_share=1))
        run("reviews of 5,000 characters", post_reviews(movies, long), 1, 20 * scale, 201)
        run("`GET /movies`, 100 movies", itertools.repeat(get("/movies")), 4, 5_000, 200, "500/s")
        run("`GET /`, 24 cards", itertools.repeat(get("/")), 1, 1_000, 200)
        run("a movie page, 20 reviews", itertools.repeat(get(f"/movie/{movies[0]}")), 1, 1_000, 200)
        run("explanations", (post("/sentiment/explain", {"text": text}) for text in texts), 1, 500, 200, "p50 25 ms")
        mixed = (request for request, _ in mixed_requests(movies))
        load(site.port, itertools.islice(mixed, 10_000 // scale), clients=8, seconds=360).expect(200, 201, 503)
        print_row("memory afterwards", f"{site.memory():.0f} MB, at most {site.memory('VmHWM'):.0f} MB", "260 MB")


def compare(seconds: float) -> None:
    """Measure both designs in several rounds of alternating order; print the medians."""
    print_row("measured, per second", "this site", "old design", "ratio")
    print_row("---", "---:", "---:", "---:")
    with running_site() as site, running(OLD_DESIGN, "/movies", {}) as old:
        movies = add_movies(site.port, range(100))
        add_movies(old.port, range(100))  # the same ids
        for clients in (1, 8, 32, 128):
            texts = make_reviews(int(1_000 * seconds), seed=clients)
            compare_one(
                f"reviews by {clients}", site, old, post_reviews(movies, itertools.cycle(texts)), clients, seconds
            )
        for count in (100, 1_000):
            for port in (site.port, old.port):
                add_movies(port, range(100, count))
            listing = itertools.repeat(get("/movies"))
            compare_one(f"`GET /movies`, {count:,} movies", site, old, listing, 4, seconds / 2)


def compare_one(name: str, site: Site, old: Site, requests: Iterator[bytes], clients: int, seconds: float) -> None:
    """Print the rates of both designs for the same requests."""
    rates: dict[int, list[float]] = {site.port: [], old.port: []}
    for turn in range(ROUNDS):
        for port in sorted(rates, reverse=bool(turn % 2)):
            load(port, itertools.islice(requests, clients), clients=clients)  # warm up
            rates[port].append(load(port, requests, clients=clients, seconds=seconds).expect(200, 201).per_second())
    ours, theirs = (statistics.median(rates[server.port]) for server in (site, old))
    print_row(name, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}")


def describe_machine() -> str:
    """Return processor, cores, versions and date."""
    path = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", path.read_text(), re.MULTILINE) if path.exists() else None
    versions = f"Python {platform.python_version()}, ONNX Runtime {importlib.metadata.version('onnxruntime')}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{found[1] if found else platform.processor()}, {cores} cores, {versions}, {time.strftime('%Y-%m-%d')}"


if __name__ == "__main__":
    main()
