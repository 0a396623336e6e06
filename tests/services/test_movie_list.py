"""The operations with a fake analyzer: reviews, and searching and sorting movies."""

import random
from pathlib import Path
from typing import Any

import pytest

from app.errors import EditConflict, NotFound
from app.models import Label, MovieFields, Sentiment
from app.schemas import MovieInput, MoviesQuery, ReviewInput, ReviewPatch
from app.services import ReviewService
from app.services.movie_list import MovieList
from app.services.search import SearchIndex, split_words
from app.store import Store, open_store
from tests.store.conftest import review_edit


def find(index: SearchIndex, q: str) -> set[int]:
    return set.intersection(*(set(index.find_word(word)) for word in split_words(q)))


def titles(service: ReviewService, **query: Any) -> list[str]:
    return [movie.title for movie in service.movies(MoviesQuery(**query)).items]


@pytest.fixture
def filled(service: ReviewService) -> ReviewService:
    for title, day, director, genre in [
        ("기생충", "2019-05-30", "봉준호", "드라마, 스릴러"),
        ("괴물", "2006-07-27", "봉준호", "SF"),
        ("리틀 포레스트", "2018-02-28", "임순례", "드라마"),
        ("Old Boy", "", "박찬욱", "스릴러"),
    ]:
        service.add_movie(MovieInput(title=title, release_date=day, director=director, genre=genre))
    for movie_id, text in [(1, "최고"), (1, "재미있다"), (2, "지루해요"), (3, "최고 최고 명작 감동")]:
        service.add_review(ReviewInput(movie_id=movie_id, author="밤편지", content=text))
    return service


def test_a_review_of_an_unknown_movie_is_not_analyzed(service: ReviewService, analyzer: Any) -> None:
    with pytest.raises(NotFound):
        service.add_review(ReviewInput(movie_id=9, author="밤편지", content="정말 최고"))
    assert analyzer.seen == []


def test_a_movie_merged_by_another_process_is_noticed_when_the_review_is_stored(analyzer: Any, tmp_path: Path) -> None:
    here, elsewhere = (open_store(f"sqlite:///{tmp_path}/reviews.db") for _ in range(2))
    kept, merged = (here.add_movie(MovieFields(title)) for title in ("괴물", "괴물 (극장판)"))
    here.movies(), elsewhere.merge_movies(kept.id, merged.id)
    review = ReviewService(here, analyzer).add_review(ReviewInput(movie_id=merged.id, author="밤편지", content="최고"))
    assert review.movie_id == kept.id
    here.close(), elsewhere.close()


def test_concurrent_edits_during_the_analysis_are_kept_unless_they_conflict(
    filled: ReviewService, store: Store, analyzer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits = iter([review_edit(author="새벽"), review_edit("먼저 고친 글")])

    def analyze(texts: list[str]) -> list[Sentiment]:
        store.update_review(1, next(edits))
        return [Sentiment(Label.NEGATIVE, 0.9, 1.0) for _ in texts]

    monkeypatch.setattr(analyzer, "analyze", analyze)
    review = filled.edit_review(1, ReviewPatch.model_validate({"content": "다시 보니 별로"}))
    assert (review.author, review.content, review.rating) == ("새벽", "다시 보니 별로", 1.0)
    with pytest.raises(EditConflict):
        filled.edit_review(1, ReviewPatch.model_validate({"content": "나중에 고친 글"}), version=review.version)
    assert store.review(1).content == "먼저 고친 글"


def test_old_log_entries_are_found(filled: ReviewService, store: Store) -> None:
    filled.delete_review(1)
    for number in range(2_100):
        store.update_review(2, review_edit(author=f"{number}번째 이름"))
    found = [filled.audit_entry(number) for number in (1, 2_101, 0, -5, 2_102)]
    assert [entry and (entry.id, entry.review_id) for entry in found] == [(1, 1), (2_101, 2), None, None, None]


@pytest.mark.parametrize(("q", "found"), [
    ("기생충", ["기생충"]), ("ㄱㅅㅊ", ["기생충"]), ("ㄳㅊ", ["기생충"]), ("ㄾㅍㄽㅌ", ["리틀 포레스트"]),
    ("기새", ["기생충"]), ("ㄹㅌㅍㄹㅅㅌ", ["리틀 포레스트"]), ("리틀포레", ["리틀 포레스트"]),
    ("봉준호 sf", ["괴물"]), ("OLDBOY", ["Old Boy"]), ("리투", []), ("생충봉준호", []), ("ㄱㅅㅊㅂ", []),
    ("ㄱ ㅂㅈㅎ 기", ["기생충"]), ("  ", ["리틀 포레스트", "기생충", "괴물", "Old Boy"]), (".*", []), ("(", []),
])  # fmt: skip
def test_search_by_initials_and_prefixes(filled: ReviewService, q: str, found: list[str]) -> None:
    assert titles(filled, q=q) == found


@pytest.mark.parametrize(("typed", "title"), [
    ("기 깃 기새 기생 기생추 기생충", "기생충"), ("고 괴 굄 괴무 괴물", "괴물"),
    ("마 말 맑 말과 말괄 말괄랴 말괄량 말괄량ㅇ 말괄량이", "말괄량이"), ("다 달 닭 닭ㄱ 닭가 닭강", "닭강정"),
    ("워 원 원ㄷ 원더", "원더"), ("아 았 아씨 아씨ㄷ", "아씨들"), ("이 있 있ㄴ 있느 있는", "있는"),
])  # fmt: skip
def test_every_keystroke_of_a_title_matches(typed: str, title: str) -> None:
    for step in typed.split():
        assert find(SearchIndex({1: title}), step) == {1}, step


@pytest.mark.parametrize("typed", ["깁", "긱", "깃생", "기색", "괸", "ㄳㅂ"])
def test_other_prefixes_do_not_match(typed: str) -> None:
    assert find(SearchIndex({1: "기생충", 2: "괴물"}), typed) == set()


@pytest.mark.parametrize(("sort", "order"), [
    ("rating", ["리틀 포레스트", "기생충", "괴물", "Old Boy"]),
    ("newest", ["Old Boy", "리틀 포레스트", "괴물", "기생충"]),
    ("reviews", ["기생충", "리틀 포레스트", "괴물", "Old Boy"]),
    ("release", ["기생충", "리틀 포레스트", "괴물", "Old Boy"]),
    ("title", ["Old Boy", "괴물", "기생충", "리틀 포레스트"]),
])  # fmt: skip
def test_sort_orders(filled: ReviewService, sort: str, order: list[str]) -> None:
    assert titles(filled, sort=sort) == order


def test_the_order_by_average_is_unweighted(store: Store) -> None:
    for title, ratings in (("열 번", [9.5] * 10), ("한 번", [10.0]), ("없음", []), ("두 번", [10.0, 10.0])):
        movie = store.add_movie(MovieFields(title))
        for rating in ratings:
            store.add_review(movie.id, "밤편지", "글", Sentiment(Label.POSITIVE, 0.9, rating))
    order = [movie.title for movie in MovieList(store.movies()).order("average")]
    assert order == ["두 번", "한 번", "열 번", "없음"]


def test_the_rating_is_weighted_by_the_number_of_reviews(store: Store, analyzer: Any) -> None:
    service = ReviewService(store, analyzer)
    for title, texts in [("한 편", ["최고 최고 명작 감동"]), ("여럿", ["최고 감동"] * 9), ("싫은", ["지루해요"] * 6)]:
        movie = service.add_movie(MovieInput(title=title))
        for text in texts:
            service.add_review(ReviewInput(movie_id=movie.id, author="밤편지", content=text))
    assert titles(service) == ["여럿", "한 편", "싫은"]
    unweighted = MovieList(store.movies()).order("average")
    assert [movie.title for movie in unweighted] == ["한 편", "여럿", "싫은"]
    weighted_rating = service.movie_list().weighted_rating
    assert weighted_rating.mean == pytest.approx((9.9 + 9 * 9.0 + 6 * 1.5) / 16, abs=0.005)
    assert weighted_rating.rate(service.movie(1)) == pytest.approx((9.9 + 5 * (weighted_rating.mean or 0)) / 6)


def test_the_list_is_cached_until_a_change(filled: ReviewService) -> None:
    first = filled.movies(MoviesQuery()).items
    assert all(a is b for a, b in zip(first, filled.movies(MoviesQuery()).items, strict=True))
    first.clear()
    assert len(filled.movies(MoviesQuery()).items) == 4
    filled.add_review(ReviewInput(movie_id=2, author="밤편지", content="최고 " * 4))
    assert filled.movies(MoviesQuery(q="괴물")).items[0].review_count == 2
    assert filled.movie_list().genres == ["SF", "드라마", "스릴러"]


@pytest.mark.parametrize("sort", ["rating", "average", "newest", "reviews", "release", "title"])
def test_lists_derived_from_earlier_ones_equal_new_ones(store: Store, sort: Any) -> None:
    draw = random.Random(sort)  # noqa: S311 - the same steps each time
    listing = MovieList(())
    for step in range(300):
        ids = [movie.id for movie in store.movies()]
        if draw.random() < 0.3 or not ids:
            genre = draw.choice(("", "드라마, SF", "SF", "공포"))
            day = draw.choice(("", "2001-01-01", "2020-02-02"))
            store.add_movie(MovieFields(f"영화 {draw.random()}", day, draw.choice(("", "김보라")), genre))
        elif draw.random() < 0.1:
            store.delete_movie(draw.choice(ids))
        elif draw.random() < 0.2:
            store.update_movie(draw.choice(ids), lambda _: MovieFields(f"영화 {draw.random()}", "1990-01-01"))
        else:
            store.add_review(draw.choice(ids), "밤편지", "글", Sentiment(Label.POSITIVE, 0.9, draw.choice((1.0, 9.0))))
        if step % draw.randint(1, 5) == 0:  # some states are skipped
            listing = MovieList(store.movies(), earlier=listing)
            assert listing.order(sort) == MovieList(store.movies()).order(sort)
            fresh = MovieList(store.movies())
            for query in (MoviesQuery(sort=sort, q="1"), MoviesQuery(sort=sort, q="김 1", genre="sf")):
                assert listing.find(query) == fresh.find(query)
            assert listing.genres == fresh.genres


@pytest.mark.parametrize("q", ["ㄱ", "ㅇㄹ", "여르", "여름", "김", "ㄱㅂ 여", "봉준", "없는말"])
def test_the_index_of_many_texts_equals_one_index_each(q: str) -> None:
    draw = random.Random(q)  # noqa: S311 - the same texts each time
    words = ["여름", "그 여름의", "기억", "아이", "ㄱㄱ", "Old", "봉준호", "김보라", ""]
    texts = {key: "\n".join(draw.choice(words) + draw.choice(words) for _ in range(3)) for key in range(500)}
    index = SearchIndex(texts)
    assert find(index, q) == {key for key, text in texts.items() if find(SearchIndex({0: text}), q)}


@pytest.mark.parametrize("sort", ["rating", "average", "newest", "reviews", "release", "title"])
def test_pages_of_matches_are_in_the_list_order(store: Store, sort: Any) -> None:
    draw = random.Random(3)  # noqa: S311 - the same movies each time
    for number in range(60):
        genre = draw.choice(("", "드라마, SF", "SF", "공포"))
        title, day = f"{draw.choice('가나다')} {number}", f"20{draw.randint(10, 12)}-01-01"
        store.add_movie(MovieFields(title, day, genre=genre))
        sentiment = Sentiment(Label.POSITIVE, 0.9, draw.choice((1, 9)))
        store.add_review(draw.randint(1, number + 1), "밤편지", "글", sentiment)
    made = MovieList(store.movies())
    for q, genre in (("", "SF"), ("가", ""), ("가", "sf"), ("없는 말", ""), (" ", ""), ("", "없는 장르")):
        wanted = [
            movie
            for movie in made.order(sort)
            if q.strip() in movie.title and genre.lower() in [*movie.genre.lower().split(", "), ""]
        ]
        for page in (1, 2, 9):
            found = made.find(MoviesQuery(q=q, genre=genre, sort=sort, page=page, per_page=7))
            assert (found.items, found.total) == (wanted[7 * page - 7 : 7 * page], len(wanted))
