"""`python -m benchmarks.page_during_import`: how quickly the home page is answered during an import by the page.

A table of 100,000 reviews (`--reviews`) is uploaded to /admin/data; meanwhile one client asks for the home page 20
times a second. Prints how long the import took and the times of the page. `--database` is a DATABASE_URL; memory by
default.
"""

import argparse
import re
import sys
import tempfile
import threading
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError

from benchmarks.client import Connection, Result, get
from benchmarks.importing import write_table
from benchmarks.site import running_site

EVERY = 0.05  # seconds between two requests
RUNNING = 'http-equiv="refresh"'


def upload(address: str, file: Path, seconds: float) -> float:
    """Import `file` by the page; return the seconds until it is done, or `seconds` if it is stopped by then."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def ask(path: str, data: bytes | None = None, kind: str = "") -> str:
        request = urllib.request.Request(address + path, data)  # noqa: S310 - loopback
        if kind:
            request.add_header("Content-Type", kind)
        with opener.open(request, timeout=600) as answer:
            text: str = answer.read().decode()
            return text

    def token(page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        if not found:
            sys.exit("the page has no form")
        return found[1]

    boundary = "boundary-of-the-benchmark"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token(ask("/admin/data"))}\r\n',
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="table.csv"\r\n\r\n',
    ]
    body = "".join(parts).encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    started = time.monotonic()
    try:
        page = ask("/admin/data/import", body, f"multipart/form-data; boundary={boundary}")
    except HTTPError as error:
        sys.exit(f"the upload was answered {error.code}")
    while RUNNING in page:
        if time.monotonic() - started > seconds:
            ask("/admin/data/job/stop", f"csrf_token={token(page)}".encode())
            return seconds
        time.sleep(1)
        page = ask("/admin/data/job")
    print(" ".join(re.sub(r"<[^>]*>", " ", page.partition("<main")[2].partition("</main")[0]).split())[:200])
    return time.monotonic() - started


def ask_for_page(port: int, done: threading.Event) -> Result:
    """Ask for the home page until `done`."""
    result, connection = Result(), Connection(port)
    while not done.wait(EVERY):
        status, _ = connection.ask(get("/"))
        result.seconds.append(time.perf_counter() - connection.asked)
        result.statuses[status] = result.statuses.get(status, 0) + 1
    connection.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviews", type=int, default=100_000)
    parser.add_argument("--database", default="")
    parser.add_argument("--seconds", type=float, default=600, help="stop the import after these")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table, done = Path(folder, "table.csv"), threading.Event()
        write_table(table, options.reviews)
        with running_site(DATABASE_URL=options.database, LOG_LEVEL="error", IMPORT_MAX="256") as site:
            taken: list[float] = []

            def import_table() -> None:
                try:
                    taken.append(upload(f"http://localhost:{site.port}", table, options.seconds))
                finally:
                    done.set()

            thread = threading.Thread(target=import_table)
            thread.start()
            result = ask_for_page(site.port, done)
            thread.join()
            memory = sum(site.memory("VmHWM").values())
    if not taken:
        sys.exit("the import failed")
    times = ", ".join(f"p{share:.0%} {result.quantile(share):.0f} ms".replace("%", "") for share in (0.5, 0.95, 0.99))
    print(f"{options.reviews:,} reviews in {taken[0]:.0f} s; home page: {times}, at most {result.quantile(1):.0f} ms")
    print(f"{len(result.seconds)} requests, statuses {result.statuses}; at most {memory:.0f} MB")


if __name__ == "__main__":
    main()
