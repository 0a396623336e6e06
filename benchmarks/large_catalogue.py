"""Latency of pages and posts with 10,000 movies and 1,000,000 reviews in an SQLite file.

Fills the database first, which takes some minutes. Sends `--requests` of each kind, each after posting a review, so
that no page is cached.
"""

import itertools
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from app.models import Label, Movie, Review
from app.store import open_store
from benchmarks.client import get, load, quantile, send
from benchmarks.data import make_movie, make_reviews, post_review
from benchmarks.site import parse_options, print_row, running_site

SEARCHES = ("여름", "ㄱㅇ ㅂㄷ", "봉준호 겨울", "그런영화는없다", "마지막 기차의 소리", "김")
BATCH = 50_000
GOAL = 50  # milliseconds at p95


def main() -> None:
    options = parse_options(__doc__, movies=10_000, reviews=1_000_000, requests=300)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/large.db"
        fill(url, options.movies, options.reviews)
        with running_site(DATABASE_URL=url, ADMIN_PASSWORD="not open mode") as site:  # noqa: S106
            print_row("start to the first answer", f"{site.seconds_to_start:.1f} s", "10 s")
            measure(site.port, options.movies, options.requests)
            print_row("resident memory", f"{site.memory():.0f} MB", "")


def fill(url: str, movies: int, reviews: int) -> None:
    """Fill an empty database."""
    store = open_store(url)
    store.reserve_ids(movies, reviews)
    store.add_all([Movie(id=number + 1, **make_movie(number)) for number in range(movies)], [])
    for batch in make_batches(movies, reviews):
        store.add_all([], batch)
    store.close()


def make_batches(movies: int, count: int) -> Iterator[list[Review]]:
    """Yield reviews in batches; one movie in a hundred has a third of the reviews, in random order."""
    draw = random.Random(movies + count)
    texts = make_reviews(min(BATCH, count), seed=7)
    popularity = [1 / (rank + 20) for rank in range(movies)]
    ids = draw.sample(range(1, movies + 1), movies)
    chosen = enumerate(draw.choices(ids, popularity, k=count), 1)
    while batch := list(itertools.islice(chosen, BATCH)):
        yield [make_review(number, movie, texts[number % len(texts)], draw) for number, movie in batch]


def make_review(number: int, movie_id: int, text: str, draw: random.Random) -> Review:
    """Return a review with a random rating."""
    rating = min(9.9, max(0.1, draw.gauss(6.3, 2.6)))
    return Review(
        id=number,
        movie_id=movie_id,
        author=f"관객{number % 30_011}",
        content=f"{text} ({number})",
        sentiment_label=Label.POSITIVE if rating >= 5 else Label.NEGATIVE,
        sentiment_score=max(rating, 10 - rating) / 10,
        rating=rating,
        created_at=f"2026-{1 + number // 100_000 % 10:02}-{1 + number // 4_000 % 28:02}T{number // 173 % 24:02}:00:00Z",
        model="generated",
    )


def measure(port: int, movies: int, count: int) -> None:
    """Print p50 and p95 of each kind of page and of the posts between them."""
    draw, texts, posts = random.Random(1), iter(make_reviews(8 * count, seed=11)), list[float]()
    top = json.loads(send(port, get("/movies?sort=reviews&per_page=1"))[1])[0]["id"]
    pages: dict[str, Callable[[], str]] = {
        "home page": lambda: "/",
        "home page, another order": lambda: f"/?sort={draw.choice(('newest', 'reviews', 'release', 'title'))}",
        "search": lambda: f"/?q={quote(draw.choice(SEARCHES))}",
        "genre": lambda: f"/?genre={quote('드라마')}&page={draw.randint(1, 20)}",
        "movie page": lambda: f"/movie/{draw.randint(1, movies)}",
        "movie page, the most reviewed movie": lambda: f"/movie/{top}?page={draw.choice((1, 1, 2, 100))}",
    }
    for name, path in pages.items():

        def pairs(path: Callable[[], str] = path) -> Iterator[bytes]:
            for _ in range(count):
                yield post_review(draw.randint(1, movies), next(texts))
                yield get(path())

        seconds = load(port, pairs()).expect(200, 201).seconds
        posts += seconds[::2]
        report(name, seconds[1::2])
    report("posting a review", posts)


def report(name: str, seconds: Sequence[float]) -> None:
    """Print a row of the table."""
    p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    print_row(name, f"{p50:.1f}, {p95:.1f} ms", f"{GOAL} ms" + ": missed" * (p95 >= GOAL))


if __name__ == "__main__":
    main()
