"""Tolerant search: keyboard layouts, typing errors, punctuation, widths and years; and filters."""

import pytest
from flask.testing import FlaskClient

from app.hangul import from_latin_keys, spell, to_latin_keys
from app.schemas import MovieInput, MoviesQuery
from app.services import ReviewService

MOVIES = (
    ("기생충", "2019-05-30", "봉준호", "드라마, 스릴러"), ("살인의 추억", "2003-04-25", "봉준호", "범죄/드라마"),
    ("인터스텔라", "2014-11-06", "크리스토퍼 놀란", "SF"),
    ("스파이더맨: 노 웨이 홈", "2021-12-15", "존 왓츠", "액션"),
    ("월·E", "2008-08-06", "앤드루 스탠턴", "애니메이션"), ("10,000 BC", "2008-03-13", "롤란트 에머리히", "모험"),
    ("괴물２", "", "", ""), ("벌새", "2019-08-29", "김보라", "드라마"),
    ("La La Land", "2016-12-07", "데이미언 셔젤", "뮤지컬"),
    ("노인을 위한 나라는 없다", "2008-02-21", "조엘 코엔, 에단 코엔", "스릴러"), ("???", "", "", ""),
)  # fmt: skip


@pytest.fixture
def filled(service: ReviewService) -> ReviewService:
    for title, date, director, genre in MOVIES:
        service.add_movie(MovieInput(title=title, release_date=date, director=director, genre=genre))
    return service


def titles(service: ReviewService, **query: object) -> list[str]:
    return [movie.title for movie in service.movies(MoviesQuery(**query)).items]


@pytest.mark.parametrize(("q", "found"), [
    ("스파이더맨노웨이홈", "스파이더맨: 노 웨이 홈"), ("스파이더맨:노웨이홈", "스파이더맨: 노 웨이 홈"),
    ("월E", "월·E"), ("월-e", "월·E"), ("10000 BC", "10,000 BC"), ("１０，０００", "10,000 BC"), ("괴물2", "괴물２"),
    ("???", "???"), ("기생츙", "기생충"), ("기셍충", "기생충"), ("인터스탤라", "인터스텔라"),
    ("인터스텔러", "인터스텔라"), ("살인의추역", "살인의 추억"), ("tkfdls", "살인의 추억"), ("rltodcnd", "기생충"),
    ("RLTODCND", "기생충"), ("tkfdlsdml cndjr", "살인의 추억"), ("ㅣ미미뭉", "La La Land"), ("land", "La La Land"),
    ("lannd", "La La Land"), ("기생충 2019", "기생충"), ("봉준호 2003", "살인의 추억"), ("봉준효 스릴러", "기생충"),
])  # fmt: skip
def test_search_tolerates_typing_errors(filled: ReviewService, q: str, found: str) -> None:
    assert titles(filled, q=q) == [found]


@pytest.mark.parametrize(
    "q", ["없는영화", "기성춘", "qwxz", "ㅋㅋㅋ", "별새2", "1999", "!!!", "🙂", "a" * 200, "가" * 200]
)
def test_search_has_no_false_matches(filled: ReviewService, q: str) -> None:
    assert titles(filled, q=q) == []


def test_an_exact_match_excludes_similar_ones(filled: ReviewService) -> None:
    filled.add_movie(MovieInput(title="벌세"))
    assert titles(filled, q="벌새") == ["벌새"]


@pytest.mark.parametrize(("query", "count"), [
    ({"director": "봉준호"}, 2), ({"director": " 봉 준호"}, 2), ({"director": "에단 코엔"}, 1),
    ({"director": "봉"}, 0), ({"year": "2019"}, 2), ({"year": "2019", "director": "김보라"}, 1),
    ({"genre": "드라마"}, 3), ({"genre": "sf"}, 1), ({"genre": "전쟁"}, 0), ({"genre": "드라마, 스릴러"}, 1),
    ({"genre": "스릴러·드라마"}, 1), ({"genre": "드라마", "year": "2003", "q": "봉준호"}, 1),
    ({"year": ""}, len(MOVIES)),
])  # fmt: skip
def test_filters_by_director_year_and_genre(filled: ReviewService, query: dict[str, str], count: int) -> None:
    assert len(titles(filled, **query)) == count


@pytest.mark.parametrize(("q", "fields"), [
    ("벌새", []), ("ㅂㅅ", []), ("김보라", ["director"]), ("벌새 김보라", ["director"]), ("rlaqhfk", ["director"]),
    ("김부라", ["director"]), ("드라마 2019", ["genre", "release_date"]),
])  # fmt: skip
def test_matched_fields(filled: ReviewService, q: str, fields: list[str]) -> None:
    movie = next(movie for movie in filled.movies(MoviesQuery()).items if movie.title == "벌새")
    assert filled.matched_fields(movie, q) == fields


@pytest.mark.parametrize(("keys", "typed"), [
    ("tkfdls", "살인"), ("rkqtdl", "값이"), ("akfrhkffiddl", "말괄량이"), ("EhEhEh", "또또또"), ("ghkxod", "화탱"),
    ("dhfemqhdl", "올드보이"), ("r", "ㄱ"), ("k", "ㅏ"), ("rrk", "ㄱ가"), ("rkk", "가ㅏ"),
])  # fmt: skip
def test_latin_keys_and_syllables(keys: str, typed: str) -> None:
    assert from_latin_keys(keys) == typed
    assert to_latin_keys(typed) == keys


def test_all_syllables_round_trip_as_latin_keys() -> None:
    for code in range(ord("가"), ord("힣") + 1, 7):
        syllable = chr(code)
        assert from_latin_keys(to_latin_keys(syllable)) == syllable
        assert from_latin_keys(to_latin_keys(f"{syllable}{syllable}")) == f"{syllable}{syllable}"
        assert 2 <= len(spell(syllable)) <= 5


@pytest.mark.parametrize("year", ["19", "x", "20190", "-1", "２０１９", "0000000"])
def test_invalid_years_are_refused(client: FlaskClient, year: str) -> None:
    assert client.get("/movies", query_string={"year": year}).status_code == 422
    assert client.get("/", query_string={"year": year}).status_code == 200
