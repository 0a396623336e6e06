"""Time to import a file, and the latency of the home page meanwhile.

Uploads a CSV of `--reviews` (100,000) to /admin/data and requests the home page 20 times a second until it is imported.
"""

import csv
import random
import re
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx2  # installed with huggingface_hub

from benchmarks.client import get, load, quantile
from benchmarks.data import make_movie, make_reviews
from benchmarks.site import parse_options, running_site

MOVIES = 1_000
INTERVAL = 0.05  # seconds


def main() -> None:
    options = parse_options(__doc__, reviews=100_000, database="")
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "table.csv")
        write_table(table, options.reviews)
        with running_site(DATABASE_URL=options.database, IMPORT_MAX="256") as site, ThreadPoolExecutor() as pool:
            imported = pool.submit(upload, f"http://localhost:{site.port}", table)
            result = load(site.port, requests_until(imported))
            print(imported.result())
            print(f"import in {result.wall:.0f} s, at most {site.memory('VmHWM'):.0f} MB")
    print(f"home page: {result}, at most {quantile(result.seconds, 1):.0f} ms; {dict(result.statuses)}")


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


def requests_until(imported: Future[str]) -> Iterator[bytes]:
    while not imported.done():
        yield get("/")
        time.sleep(INTERVAL)


def upload(address: str, table: Path) -> str:
    """Import a file by the page, wait for the end of the job, and return the text of its result."""
    with httpx2.Client(base_url=address, timeout=600, follow_redirects=True) as client, table.open("rb") as file:
        (token,) = set(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/admin/data").text))
        page = client.post("/admin/data/import", data={"csrf_token": token}, files={"file": file}).text
        while 'http-equiv="refresh"' in page:  # the job is running
            time.sleep(1)
            page = client.get("/admin/data/job").text
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<main")[2]).split())[:200]


if __name__ == "__main__":
    main()
