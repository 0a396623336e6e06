"""Reproducible test data: Korean reviews generated from phrases, movies, and a mix of requests."""

import itertools
import json
import random
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.client import get, post, send

OPENINGS = (
    "솔직히|진짜|와|기대 안 했는데|친구 추천으로 봤는데|주말에 가족이랑 봤어요|두 번째 관람|극장에서 혼자 봄".split("|")
)
MIDDLES = (
    "스토리가 탄탄하고|연기가 너무 좋고|전개가 너무 느려서|중반부터 지루해지고|영상미가 정말 예쁘고|음악이 오래 남고|"
    "개연성이 하나도 없고|결말이 허무하고|대사가 하나하나 와닿고|CG가 어설퍼서|긴장감을 끝까지 놓지 않고|뻔한 신파라서|"
    "편집이 산만해서|반전이 신선하고|현실적이라 더 아프고|액션이 시원시원하고|억지 감동을 강요해서|연출이 세련되고"
).split("|")
ENDINGS = (
    "정말 재미있게 봤습니다|시간 가는 줄 몰랐어요|돈이 아까웠다|보다가 졸았네요ㅠㅠ|인생 영화 등극!!|"
    "여운이 오래 가네요|두 번은 안 볼 듯|강력 추천합니다 ㅋㅋ|최악이었다...|그냥 그랬어요|또 보고 싶다|기대 이하|"
    "꼭 극장에서 보세요|올해 최고의 영화"
).split("|")
TITLES = [
    f"{first} {second}의 {third}"
    for third in "기억 이야기 하루 밤 끝 시작 비밀 여행 꿈 연습 방식 온도 무게 소리 계절 빛 사이 너머 풍경".split()
    for second in "여름 바다 편지 골목 숲 기차 겨울 정원 도시 시간 노래 그림자 약속 사람들 집 언덕 항구".split()
    for first in "푸른 붉은 조용한 마지막 낯선 오래된 작은 깊은 하얀 늦은 빛나는 잊힌 먼 뜨거운 차가운 긴".split()
]
DIRECTORS = ("임순례", "봉준호", "김보라", "윤가은", "이창동", "변영주", "정재은")
GENRES = ("드라마", "코미디", "스릴러", "드라마, SF", "애니메이션")
MAX_LENGTH = 5_000
BATCH = 100


def make_reviews(count: int, seed: int = 1, long_share: float = 0.0) -> list[str]:
    """Return `count` different reviews; one in seven has several sentences, `long_share` of them 5,000 characters."""
    draw = random.Random(seed)
    reviews: dict[str, None] = {}
    while len(reviews) < count:
        sentences = draw.randint(2, 5) if draw.random() < 0.14 else 1
        text = " ".join(_sentence(draw) for _ in range(sentences))
        if draw.random() < long_share:
            text = (text + " " + " ".join(_sentence(draw) for _ in range(400)))[: MAX_LENGTH - 1] + "."
        reviews[text] = None
    return list(reviews)


def _sentence(draw: random.Random) -> str:
    words = [draw.choice(OPENINGS)] if draw.random() < 0.6 else []
    text = " ".join([*words, *draw.sample(MIDDLES, draw.choice((0, 1, 1, 2))), draw.choice(ENDINGS)])
    if draw.random() < 0.15:
        text = text.replace(" ", "")  # common in real reviews
    return text + draw.choice(("", "", ".", "!", "~", " ㅎㅎ", "…", f" {draw.randint(1, 10)}점"))


def make_movie(number: int) -> dict[str, Any]:
    """Return the fields of a movie, different for each number."""
    return {
        "title": f"{TITLES[number % len(TITLES)]} {number}",
        "release_date": f"{1980 + number % 40}-02-28",
        "director": DIRECTORS[number % len(DIRECTORS)],
        "genre": GENRES[number % len(GENRES)],
        "poster_url": f"https://example.com/posters/{number}.jpg",
    }


def add_movies(port: int, numbers: Iterable[int]) -> list[int]:
    """Add movies to the site and return their ids."""
    return [json.loads(send(port, post("/movies", make_movie(number)))[1])["id"] for number in numbers]


def stored_reviews(port: int, movie_id: int) -> Iterator[dict[str, Any]]:
    """Yield all reviews of a movie from the site."""
    for page in itertools.count(1):
        if not (part := json.loads(send(port, get(f"/reviews/{movie_id}?page={page}&per_page=1000"))[1])):
            return
        yield from part


def post_review(movie_id: int, text: str) -> bytes:
    """Build the request that posts a review."""
    return post("/reviews", {"movie_id": movie_id, "author": "밤편지", "content": text})


def post_reviews(movies: list[int], texts: Iterable[str]) -> Iterator[bytes]:
    """Yield requests that post the texts to one movie after the other."""
    return map(post_review, itertools.cycle(movies), texts)


def mixed_requests(movies: list[int]) -> Iterator[tuple[bytes, str | None]]:
    """Yield requests of all kinds without end, half of them posted reviews, with the review's unique text."""
    draw = random.Random(1)
    texts = itertools.cycle(make_reviews(5_000, long_share=0.02))
    for number in itertools.count():
        movie, kind, text = draw.choice(movies), draw.random(), next(texts)
        if kind < 0.5:
            text = f"{text[:4_900]} {number}번째"
            yield post_review(movie, text), text
        elif kind < 0.6:
            yield post("/sentiment", {"text": text}), None
        elif kind < 0.63:
            yield post("/sentiment/explain", {"text": text[:300]}), None
        elif kind < 0.64:
            yield post("/sentiment/batch", {"texts": list(itertools.islice(texts, BATCH))}), None
        else:
            paths = ("/", "/movies", "/?sort=newest", f"/movie/{movie}", f"/reviews/{movie}?page=1&per_page=20")
            yield get(draw.choice(paths)), None
