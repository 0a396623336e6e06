"""Screenshots of the demo for docs/ (`make screenshots`). Check them before committing.

Needs Debian's chromium (or CHROMIUM=path) with chromium-l10n, and a font with Hangul.
"""

from typing import Any

from playwright.sync_api import Page, ViewportSize

from benchmarks.pages import chromium
from benchmarks.site import ROOT, running_site

DOCS = ROOT / "docs"
WRITING = "처음엔 느려서 지루했는데 마지막 십 분이 너무 좋아서 다 용서했다"


def main() -> None:
    with running_site(DEMO="1") as site, chromium() as browser:
        options: dict[str, Any] = {
            "base_url": f"http://127.0.0.1:{site.port}",
            "locale": "ko-KR",
            "reduced_motion": "reduce",
        }
        desktop: ViewportSize = {"width": 1440, "height": 900}
        phone: ViewportSize = {"width": 390, "height": 844}

        page = browser.new_page(**options, viewport=desktop)
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

        shoot(browser.new_page(**options, viewport=desktop, color_scheme="dark"), "/?sort=newest", "home-dark")
        shoot(browser.new_page(**options, viewport=phone), "/", "phone")
        shoot(browser.new_page(**options, viewport=phone, color_scheme="dark"), f"/movie/{movie}", "phone-dark")


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
