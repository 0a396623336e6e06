"""Latency of pages and posts with 10,000 movies and 1,000,000 reviews in a database.

Fills the database first, which takes some minutes; `--database sqlite:////path/large.db` keeps it for another run.
Sends `--requests` of each kind, each after posting a review, so that no page is cached.
"""

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from urllib.parse import quote

from app.models import Label, Movie, Review
from app.store import open_store
from benchmarks.client import Connection, Result, get
from benchmarks.data import GENRES, make_reviews, post_review
from benchmarks.site import parse_options, running_site

FIRST = (
    "푸른 붉은 조용한 마지막 낯선 오래된 작은 깊은 하얀 늦은 빛나는 잊힌 먼 뜨거운 차가운 긴 어린 검은 젖은 빈".split()
)
SECOND = (
    "여름 바다 편지 골목 숲 기차 겨울 정원 도시 시간 노래 그림자 약속 사람들 집 언덕 항구 아침 소년 우물 다리".split()
)
THIRD = "기억 이야기 하루 밤 끝 시작 비밀 여행 꿈 연습 방식 온도 무게 소리 계절 빛 사이 너머 풍경 냄새".split()
DIRECTORS = "김보라 봉준호 임순례 박찬욱 윤가은 이창동 홍상수 변영주 정재은 나홍진 이경미 김초희 장준환 강형철".split()
SEARCHES = ("여름", "ㄱㅇ ㅂㄷ", "봉준호 겨울", "그런영화는없다", "마지막 기차의 소리", "김")
BATCH = 50_000
GOAL = 50  # milliseconds at p95


def main() -> None:
    options = parse_options(__doc__, movies=10_000, reviews=1_000_000, requests=300, database="")
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/large.db"
        fill(url, options.movies, options.reviews)
        with running_site(DATABASE_URL=url, ADMIN_PASSWORD="not open mode") as site:  # noqa: S106
            print(f"| start to the first answer | {site.seconds_to_start:.1f} s | 10 s |")
            measure(site.port, options.movies, options.requests)
            print(f"| resident memory | {site.memory():.0f} MB | |")


def fill(url: str, movies: int, reviews: int) -> None:
    """Fill the database if it is empty."""
    store, started = open_store(url), time.perf_counter()
    if store.totals().movie_count == 0:
        store.reserve_ids(movies, reviews)
        store.add_all(list(make_movies(movies)), [])
        for batch in make_batches(movies, reviews):
            store.add_all([], batch)
        print(f"| filling | {time.perf_counter() - started:.0f} s | |")
    store.close()


def make_movies(count: int) -> Iterator[Movie]:
    """Yield `count` movies of different titles."""
    draw = random.Random(count)
    titles = [f"{a} {b}의 {c}" for a in FIRST for b in SECOND for c in THIRD]
    draw.shuffle(titles)
    for number in range(count):
        again, place = divmod(number, len(titles))
        yield Movie(
            id=number + 1,
            title=titles[place] + (f" {again + 1}" if again else ""),
            release_date=f"{draw.randint(1960, 2026)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
            director=draw.choice(DIRECTORS),
            genre=draw.choice(GENRES),
        )


def make_batches(movies: int, count: int) -> Iterator[list[Review]]:
    """Yield reviews in batches; one movie in a hundred has a third of the reviews, in random order."""
    draw = random.Random(movies + count)
    texts = make_reviews(min(BATCH, count), seed=7)
    popularity = list(accumulate(1 / (rank + 20) for rank in range(movies)))
    ids = draw.sample(range(1, movies + 1), movies)
    for start in range(1, count + 1, BATCH):
        numbers = range(start, min(start + BATCH, count + 1))
        chosen = draw.choices(ids, cum_weights=popularity, k=len(numbers))
        yield [_review(draw, number, movie, texts) for number, movie in zip(numbers, chosen, strict=True)]


def _review(draw: random.Random, number: int, movie_id: int, texts: list[str]) -> Review:
    rating = min(9.9, max(0.1, draw.gauss(6.3, 2.6)))
    return Review(
        id=number,
        movie_id=movie_id,
        author=f"관객{number % 30_011}",
        content=f"{texts[number % len(texts)]} ({number})",
        sentiment_label=Label.POSITIVE if rating >= 5 else Label.NEGATIVE,
        sentiment_score=max(rating, 10 - rating) / 10,
        rating=rating,
        created_at=f"2026-{1 + number // 100_000 % 10:02}-{1 + number // 4_000 % 28:02}T{number // 173 % 24:02}:00:00Z",
        model="generated",
    )


def measure(port: int, movies: int, count: int) -> None:
    """Print p50 and p95 of each kind of page and of the posts between them."""
    draw, texts, connection = random.Random(1), iter(make_reviews(8 * count, seed=11)), Connection(port)
    top = json.loads(connection.ask(get("/movies?sort=reviews&per_page=1"))[1])[0]["id"]
    pages: dict[str, Callable[[], str]] = {
        "home page": lambda: "/",
        "home page, another order": lambda: f"/?sort={draw.choice(('newest', 'reviews', 'release', 'title'))}",
        "search": lambda: f"/?q={quote(draw.choice(SEARCHES))}",
        "genre": lambda: f"/?genre={quote('드라마')}&page={draw.randint(1, 20)}",
        "movie page": lambda: f"/movie/{draw.randint(1, movies)}",
        "movie page of the most reviewed movie": lambda: f"/movie/{top}?page={draw.choice((1, 1, 2, 100))}",
    }
    posts = Result()
    for name, path in pages.items():
        result = Result()
        for _ in range(count):
            ask(connection, post_review(draw.randint(1, movies), next(texts)), posts)
            ask(connection, get(path()), result)
        report(name, result.expect(200))
    report("posting a review", posts.expect(201))
    connection.close()


def ask(connection: Connection, request: bytes, result: Result) -> None:
    """Send a request and add its answer to `result`."""
    status, _ = connection.ask(request)
    result.add(time.perf_counter() - connection.sent_at, status)


def report(name: str, result: Result) -> None:
    """Print a row of the table."""
    p50, p95 = result.quantile(0.5), result.quantile(0.95)
    missed = "" if p95 < GOAL else ": missed"
    print(f"| {name}: p50, p95 | {p50:.1f}, {p95:.1f} ms | {GOAL} ms{missed} |", flush=True)


if __name__ == "__main__":
    main()
