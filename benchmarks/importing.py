"""Speed and memory of imports and exports, and the latency of the home page while a file is imported.

Writes a CSV of `--reviews` (100,000), imports it by the command, exports it, imports the export into another database
and exports that. With `--page`, uploads it to /admin/data instead and requests the home page 20 times a second
meanwhile; `--database` is then the site's, memory by default.
"""

import csv
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import psutil

from benchmarks.client import Connection, Result, get
from benchmarks.data import make_movie, make_reviews
from benchmarks.site import ROOT, parse_options, running_site

MOVIES = 1_000
INTERVAL = 0.05  # seconds
BOUNDARY = "boundary-of-the-benchmark"
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'


def main() -> None:
    options = parse_options(__doc__, reviews=100_000, page=False, database="")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_table(folder / "table.csv", options.reviews)
        if options.page:
            measure_page(folder / "table.csv", options.database)
        else:
            measure_commands(folder, options.reviews)


def write_table(path: Path, count: int) -> None:
    """Write a CSV of `count` different reviews."""
    draw = random.Random(count)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["제목", "개봉일", "작성자", "내용", "작성일"])
        for number, text in enumerate(make_reviews(count, seed=count)):
            movie = make_movie(number % MOVIES)
            day = f"2026-{draw.randint(1, 9):02}-{draw.randint(1, 28):02} 12:00:00"
            writer.writerow([movie["title"], movie["release_date"], f"관객{number % 5_000}", text, day])


def measure_commands(folder: Path, count: int) -> None:
    """Print seconds and memory of each command."""
    table, first, second = folder / "table.csv", folder / "first.jsonl", folder / "second.jsonl"
    for name, database, *arguments in (
        ("CSV in", "one.db", "import", table),
        ("the same CSV again", "one.db", "import", table),
        ("JSON Lines out", "one.db", "export", first),
        ("JSON Lines into another database", "two.db", "import", first),
        ("JSON Lines out of that", "two.db", "export", second),
    ):
        seconds, megabytes = run_command(folder, database, *map(str, arguments))
        print(f"{name}: {seconds:.1f} s ({count / seconds:,.0f}/s), at most {megabytes} MB", flush=True)
    print("both exports have the same bytes:", first.read_bytes() == second.read_bytes())


def run_command(folder: Path, database: str, *arguments: str) -> tuple[float, int]:
    """Run a command of the site on a database; return its seconds and its highest resident megabytes."""
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{folder}/{database}", "INSTANCE_DIR": str(folder)}
    command, started, highest = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments], time.monotonic(), 0
    with psutil.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            highest = max(highest, process.memory_info().rss)
            time.sleep(INTERVAL)
    if process.returncode:
        sys.exit(f"{arguments} ended with exit code {process.returncode}")
    return time.monotonic() - started, highest // 2**20


def measure_page(table: Path, database: str) -> None:
    """Print the latency of the home page while the table is imported."""
    result, done = Result(), threading.Event()
    with running_site(DATABASE_URL=database, IMPORT_MAX="256") as site:
        connection, started = Connection(site.port), time.monotonic()
        thread = threading.Thread(target=upload, args=(f"http://localhost:{site.port}", table, done))
        thread.start()
        while not done.wait(INTERVAL):
            status, _ = connection.ask(get("/"))
            result.add(time.perf_counter() - connection.sent_at, status)
        thread.join()
        result.wall, memory = time.monotonic() - started, site.memory("VmHWM")
    print(f"import in {result.wall:.0f} s, at most {memory:.0f} MB")
    print(f"home page: {result}, at most {result.quantile(1):.0f} ms")
    print(f"{len(result.seconds)} requests, answers by status {result.statuses}")


def upload(address: str, table: Path, done: threading.Event) -> None:
    """Import a file by the page, wait for the end of the job, and print its result."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def fetch(path: str, data: bytes | None = None) -> str:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if data else {}
        request = urllib.request.Request(address + path, data, headers)  # noqa: S310 - loopback
        with opener.open(request, timeout=600) as answer:
            return str(answer.read().decode())

    try:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', fetch("/admin/data"))
        head = f'{PART}csrf_token"\r\n\r\n{token[1] if token else ""}\r\n{PART}file"; filename="table.csv"\r\n\r\n'
        page = fetch("/admin/data/import", head.encode() + table.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode())
        while 'http-equiv="refresh"' in page:  # the job is running
            time.sleep(1)
            page = fetch("/admin/data/job")
        print(" ".join(re.sub(r"<[^>]*>", " ", page.partition("<main")[2]).split())[:200])
    finally:
        done.set()


if __name__ == "__main__":
    main()
