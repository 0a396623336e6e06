"""A large catalogue, made up: movies, and reviews with what a model might have read, from phrases and a seed.

The same numbers give the same catalogue. Popularity falls as it does in life, so one movie in a hundred has a third of
the reviews; their ids lie scattered over the movies, as they would after years.
"""

import random
from collections.abc import Iterator
from itertools import accumulate

from app.models import Label, Movie, Review
from app.store import Store
from benchmarks.reviews import make_reviews

_FIRST = (
    "푸른 붉은 조용한 마지막 낯선 오래된 작은 깊은 하얀 늦은 빛나는 잊힌 먼 뜨거운 차가운 긴 어린 검은 젖은 빈".split()
)
_SECOND = (
    "여름 바다 편지 골목 숲 기차 겨울 정원 도시 시간 노래 그림자 약속 사람들 집 언덕 항구 아침 소년 우물 다리 "
    "계단 극장 온실 운동장"
).split()
_THIRD = "기억 이야기 하루 밤 끝 시작 비밀 여행 꿈 연습 방식 온도 무게 소리 계절 빛 사이 너머 풍경 냄새".split()
_DIRECTORS = "김보라 봉준호 임순례 박찬욱 윤가은 이창동 홍상수 변영주 정재은 나홍진 이경미 김초희 장준환 강형철".split()
_GENRES = ("드라마", "드라마, 스릴러", "SF", "코미디", "액션", "로맨스, 코미디", "공포", "다큐멘터리", "애니메이션")
_TEXTS = 50_000
"""Different texts; beyond these they repeat with another ending."""
_BATCH = 50_000


def make_movies(count: int) -> list[Movie]:
    """Movies 1 to `count`, no two with the same title."""
    draw = random.Random(count)
    titles = [f"{a} {b}의 {c}" for a in _FIRST for b in _SECOND for c in _THIRD]
    draw.shuffle(titles)
    return [
        Movie(
            title=titles[number % len(titles)] + (f" {number // len(titles) + 1}" if number >= len(titles) else ""),
            release_date=f"{draw.randint(1960, 2026)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
            director=draw.choice(_DIRECTORS),
            genre=draw.choice(_GENRES),
            id=number + 1,
        )
        for number in range(count)
    ]


def make_catalogue_reviews(movies: int, count: int) -> Iterator[list[Review]]:
    """Reviews 1 to `count` of movies 1 to `movies`, in batches."""
    draw = random.Random(movies + count)
    texts = make_reviews(min(_TEXTS, count), seed=7)
    popularity = list(accumulate(1 / (rank + 20) for rank in range(movies)))
    ranks = draw.sample(range(1, movies + 1), movies)
    quality = [draw.gauss(6.3, 1.5) for _ in range(movies)]
    for start in range(0, count, _BATCH):
        size = min(_BATCH, count - start)
        chosen = draw.choices(range(movies), cum_weights=popularity, k=size)
        yield [
            _review(draw, start + place + 1, ranks[movie], quality[movie], texts[(start + place) % len(texts)])
            for place, movie in enumerate(chosen)
        ]


def _review(draw: random.Random, number: int, movie_id: int, quality: float, text: str) -> Review:
    rating = min(9.9, max(0.1, draw.gauss(quality, 2.2)))
    is_positive = rating >= 5.5
    return Review(
        id=number,
        movie_id=movie_id,
        author=f"관객{number % 30_011}",
        content=text if number <= _TEXTS else f"{text} ({number})",
        sentiment_label=Label.POSITIVE if is_positive else Label.NEGATIVE,
        sentiment_score=min(0.99, 0.55 + abs(rating - 5.5) / 10),
        rating=rating,
        created_at=f"2026-{1 + number // 100_000 % 10:02}-{1 + number // 4_000 % 28:02}T{number // 173 % 24:02}:00:00Z",
        model="made up",
    )


def fill(store: Store, movies: int, reviews: int) -> None:
    """Puts a catalogue of that size into an empty store."""
    store.reserve(movies, reviews)
    store.add_all(make_movies(movies), [])
    for batch in make_catalogue_reviews(movies, reviews):
        store.add_all([], batch)
