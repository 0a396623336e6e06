"""Screenshots of the demo for docs/ (`make screenshots`). Check them before committing.

Needs Debian's chromium (or CHROMIUM=path) with chromium-l10n, and a font with Hangul.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize

from benchmarks.pages import chromium
from benchmarks.site import running_site

DOCS = Path(__file__).resolve().parent.parent / "docs"
WRITING = "처음엔 느려서 지루했는데 마지막 십 분이 너무 좋아서 다 용서했다"


def main() -> None:
    with running_site(DEMO="1") as site, chromium() as browser:
        address = f"http://127.0.0.1:{site.port}"
        with window(browser, address, 1440, 900) as page:
            shoot(page, "/", "home")
            movie, review = choose(page)
            page.set_viewport_size({"width": 1440, "height": 1100})  # includes the preview of the typed review
            page.goto(f"/movie/{movie}")
            page.locator("#write input[name=author]").fill("밤편지")
            page.locator("#write textarea").fill(WRITING)
            page.locator(".preview:not(.stale)").wait_for()
            page.locator("#write textarea").blur()
            page.screenshot(path=DOCS / "movie.png")
            page.goto(f"/review/{review}/why")
            page.locator("article.why").screenshot(path=DOCS / "why.png")
        with window(browser, address, 1440, 900, "dark") as page:
            shoot(page, "/?sort=newest", "home-dark")
        with window(browser, address, 390, 844) as page:
            shoot(page, "/", "phone")
        with window(browser, address, 390, 844, "dark") as page:
            shoot(page, f"/movie/{movie}", "phone-dark")


@contextmanager
def window(
    browser: Browser, address: str, width: int, height: int, theme: Literal["dark", "light"] = "light"
) -> Iterator[Page]:
    size: ViewportSize = {"width": width, "height": height}
    with browser.new_context(
        base_url=address, viewport=size, color_scheme=theme, locale="ko-KR", reduced_motion="reduce"
    ) as context:
        yield context.new_page()


def shoot(page: Page, path: str, name: str) -> None:
    page.goto(path, wait_until="networkidle")
    page.screenshot(path=DOCS / f"{name}.png")


def choose(page: Page) -> tuple[int, int]:
    """Return the ids of the movie with the most reviews and of its long review closest to the middle."""
    movie = page.request.get("/movies?sort=reviews").json()[0]["id"]
    reviews = page.request.get(f"/reviews/{movie}").json()
    long = [review for review in reviews if len(review["content"]) > 50]
    return movie, min(long or reviews, key=lambda review: abs(review["rating"] - 5.5))["id"]


if __name__ == "__main__":
    main()
