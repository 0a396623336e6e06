"""Bytes, largest paint and layout shift of pages in Chromium with a slowed processor.

Each page is opened five times in a new window without a cache; the median counts. Needs Chromium (CHROMIUM=path).
"""

import itertools
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, sync_playwright

from benchmarks.client import post, send
from benchmarks.site import print_row, running_site

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox --lang=ko-KR --disable-gpu --disable-background-networking --no-first-run --disable-quic".split()
)
CARDS = 24
SLOWDOWN = 4  # factor by which the browser's processor is slowed
VISITS = 5
SETTLE_TIME = 400  # milliseconds after loading in which the layout may shift
PAGES = {"home page, 24 cards": "/", "a movie's page": "/movie/1"}
WIDTHS = {"desktop": 1440, "phone": 390}
BYTES_GOAL, PAINT_GOAL = 60_000, 1_000
_WATCH = """
window.seen = { paint: 0, shift: 0 };
const observe = (type, add) =>
  new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type, buffered: true });
observe("largest-contentful-paint", (entry) => { seen.paint = entry.startTime; });
observe("layout-shift", (entry) => { seen.shift += entry.value; });
"""


@dataclass(frozen=True)
class Visit:
    """One visit of a page: transferred bytes, milliseconds to the largest paint, sum of layout shifts."""

    size: int
    paint: float
    shift: float


def main() -> None:
    print_row("page", "over the wire", "largest paint", "layout shift")
    print_row("---", "---:", "---:", "---:")
    with running_site(DEMO="1") as site, chromium() as browser:
        fill(site.port)
        for (name, path), (device, width) in itertools.product(PAGES.items(), WIDTHS.items()):
            visits = [visit(browser, f"http://127.0.0.1:{site.port}{path}", width) for _ in range(VISITS)]
            size, paint = max(one.size for one in visits), statistics.median(one.paint for one in visits)
            missed = " (goal missed)" if size > BYTES_GOAL or paint > PAINT_GOAL else ""
            shift = max(one.shift for one in visits)
            print_row(f"{name}, {device}", f"{size / 1000:.1f} KB", f"{paint:.0f} ms{missed}", f"{shift:.3f}")


def fill(port: int) -> None:
    """Add movies without reviews until the home page is full."""
    for number in range(CARDS):
        send(port, post("/movies", {"title": f"또 하나의 영화 {number}", "genre": "드라마"}))


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own texts, such as a date field's placeholder, are in the language of its environment.
        korean: dict[str, str | float | bool] = {**os.environ, "LANGUAGE": "ko", "LANG": "ko_KR.UTF-8"}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, env=korean)
        yield browser
        browser.close()


def visit(browser: Browser, address: str, width: int) -> Visit:
    """Open a page in a new window with a slowed processor, and wait until its layout is stable."""
    page = browser.new_page(viewport={"width": width, "height": 900}, locale="ko-KR")
    wire = page.context.new_cdp_session(page)
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    wire.send("Network.enable")
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.add_init_script(_WATCH)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLE_TIME)
    seen = page.evaluate("seen")
    page.close()
    return Visit(sum(sizes), seen["paint"], seen["shift"])


if __name__ == "__main__":
    main()
