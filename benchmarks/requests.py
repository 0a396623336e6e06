"""What visitors and programs ask of the site."""

import functools
import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator

from benchmarks.client import Connection, get, post
from benchmarks.reviews import make_reviews

AUTHOR = "밤편지"


def make_movie(number: int) -> dict[str, str]:
    """A movie as a visitor would describe it; another number, another movie."""
    return {
        "title": f"리틀 포레스트 {number}",
        "release_date": f"{1980 + number % 40}-02-28",
        "director": "임순례",
        "genre": ("드라마", "코미디", "스릴러")[number % 3],
        "poster_url": f"https://example.com/posters/{number}.jpg",
    }


def add_movies(port: int, numbers: Iterable[int]) -> list[int]:
    """Adds these movies to the site; their ids."""
    connection = Connection(port)
    ids = []
    for number in numbers:
        status, body = connection.ask(post("/movies", make_movie(number)))
        if status not in (200, 201):
            raise SystemExit(f"a movie was answered with {status}: {body.decode()}")
        ids.append(json.loads(body)["id"])
    connection.close()
    return ids


def post_review(movie_id: int, text: str) -> bytes:
    return post("/reviews", {"movie_id": movie_id, "author": AUTHOR, "content": text})


def post_reviews(movies: list[int], texts: Iterable[str]) -> Iterator[bytes]:
    """The texts, as reviews of one movie after the other."""
    return (post_review(movie, text) for movie, text in zip(itertools.cycle(movies), texts, strict=False))


def post_text(text: str) -> bytes:
    return post("/sentiment", {"text": text})


def post_batch(texts: list[str]) -> bytes:
    return post("/sentiment/batch", {"texts": texts})


def explain(text: str) -> bytes:
    return post("/sentiment/explain", {"text": text})


def mixed_requests(movies: list[int], seed: int = 4) -> Iterator[bytes]:
    """Everything that is asked of the site, long reviews and mistakes included, without end."""
    draw = random.Random(seed)
    texts = itertools.cycle(make_reviews(2_000, seed=seed + 1, long_share=0.05))
    movie = functools.partial(draw.choice, movies)
    kinds: list[Callable[[], bytes]] = [
        *[lambda: post_review(movie(), next(texts))] * 4,
        *[lambda: get(f"/movie/{movie()}")] * 3,
        *[lambda: get("/")] * 2,
        *[lambda: get(f"/reviews/{movie()}?page=1&per_page=20")] * 2,
        lambda: get("/movies"),
        lambda: get(f"/movies?q={movie()}&sort=newest"),
        lambda: get(f"/movies/{movie()}"),
        lambda: get("/movies/999999"),
        lambda: post_text(next(texts)),
        lambda: post_text("  "),
        lambda: post_batch(list(itertools.islice(texts, 10))),
    ]
    while True:
        yield draw.choice(kinds)()
