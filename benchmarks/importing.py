"""`python -m benchmarks.importing`: how long files take to go in and out of a database, and how much memory.

A table of 100,000 reviews of 1,000 movies goes into a fresh SQLite file by the command, then again, which adds nothing;
everything comes out, goes into another fresh file, and comes out the same. Some minutes on an idle machine, most of
them the model's; `--reviews 5000` tries it out.
"""

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.reviews import make_reviews
from benchmarks.site import ROOT

MOVIES = 1_000
LOOK_EVERY = 0.2  # seconds between two looks at the memory


def write_table(path: Path, count: int) -> None:
    """A CSV of `count` different reviews, as Excel would write it."""
    draw = random.Random(1)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["제목", "작성자", "내용", "작성일"])
        for number, text in enumerate(make_reviews(count)):
            day = f"{draw.randint(2015, 2025)}. {draw.randint(1, 12)}. {draw.randint(1, 28)}."
            rows.writerow([f"영화 {draw.randrange(MOVIES)}", f"관객 {number % 5_000}", text, day])


def run(database: Path, *arguments: str) -> tuple[float, int]:
    """Runs a command; seconds, and the most megabytes it had at a time."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{database}", "INSTANCE_DIR": str(database.parent)}
    started, most = time.monotonic(), 0
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                most = max(most, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(LOOK_EVERY)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} ended with exit code {process.returncode}")
    return time.monotonic() - started, most // 2**20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importing", description="Measures import and export.")
    parser.add_argument("--reviews", type=int, default=100_000)
    count = parser.parse_args().reviews
    with tempfile.TemporaryDirectory() as folder:
        table, first, second = (Path(folder, name) for name in ("table.csv", "first.jsonl", "second.jsonl"))
        one, two = Path(folder, "one.db"), Path(folder, "two.db")
        write_table(table, count)
        size, load = table.stat().st_size / 1e6, os.getloadavg()[0]
        print(f"{count:,} reviews of {MOVIES:,} movies, {size:.1f} MB; 1-minute load {load:.1f}")
        for what, database, *arguments in (
            ("CSV in", one, "import", str(table)),
            ("the same CSV again", one, "import", str(table)),
            ("JSON Lines out", one, "export", str(first)),
            ("JSON Lines into a fresh database", two, "import", str(first)),
            ("JSON Lines out of that", two, "export", str(second)),
        ):
            seconds, megabytes = run(database, *arguments)
            print(f"{what}: {seconds:.1f} s ({count / seconds:,.0f}/s), at most {megabytes} MB", flush=True)
        print("both exports are the same bytes:", first.read_bytes() == second.read_bytes())


if __name__ == "__main__":
    main()
