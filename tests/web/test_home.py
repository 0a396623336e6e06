"""The home page: cards, search, sorting and pages."""

from typing import get_args
from urllib.parse import quote_plus

import pytest

from app.schemas import Sort
from app.web.pages import MOVIES_A_PAGE
from tests.web.conftest import AddMovie, AddReview, Visitor, text


def titles(visitor: Visitor, path: str = "/") -> list[str]:
    return [text(title) for title in visitor.get(path).select(".card h2")]


def test_a_card_shows_a_movie_and_its_rating(visitor: Visitor, add_movie: AddMovie, add_review: AddReview) -> None:
    movie = add_movie("벌새", release_date="2019-08-29", director="김보라", genre="드라마")
    add_review(movie.id, "최고예요")  # 8.5
    add_review(movie.id, "지루해요")  # 1.5
    card = visitor.get("/").select_one(".card")
    assert card
    assert text(card.select_one(".meta")) == "2019 · 김보라 · 드라마"
    assert text(card.select_one(".chip")) == "AI 평점 5.0"
    assert text(card.select_one(".counts")) == "▲ 긍정 1 ▼ 부정 1"
    assert card.select_one("svg.share rect.positive")["width"] == "50.0"
    assert card.select_one("a")["href"] == f"/movie/{movie.id}"


def test_a_movie_without_reviews_has_no_rating(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("벌새")
    card = visitor.get("/").select_one(".card")
    assert "아직 평점이 없어요" in text(card)
    assert card and not card.select_one(".chip, .share")


def test_an_empty_site_offers_to_add_a_movie(visitor: Visitor) -> None:
    page = visitor.get("/")
    assert "첫 영화를 등록해 주세요" in text(page.select_one(".empty"))
    assert page.select_one('form[action="/movie"]')
    assert not page.select_one('form[action="/review"]')


def test_each_sort_order_is_marked_as_current(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("벌새")
    current = [visitor.get(f"/?sort={sort}").select('.tools .pills [aria-current="true"]') for sort in get_args(Sort)]
    assert all(len(pills) == 1 for pills in current)
    assert len({text(pill) for (pill,) in current}) == len(get_args(Sort))


def test_the_weighted_rating_is_explained(visitor: Visitor, add_movie: AddMovie, add_review: AddReview) -> None:
    movie = add_movie("벌새")
    assert not visitor.get("/").select(".note")
    add_review(movie.id, "최고예요")
    assert "8.5점짜리 리뷰가 5개 더 있다고" in text(visitor.get("/").select_one(".note"))


def test_search_results_have_a_heading(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("기생충", director="봉준호", genre="드라마, 스릴러")
    add_movie("벌새", director="김보라", genre="드라마")
    assert titles(visitor, "/?q=ㄱㅅㅊ") == ["기생충"]
    page = visitor.get("/?q=봉준호")
    assert text(page.h1) == "‘봉준호’ 검색 결과"
    assert page.select_one("#q")["value"] == "봉준호"
    assert titles(visitor, "/?genre=스릴러&sort=title") == ["기생충"]


def test_a_search_keeps_genre_and_sort(visitor: Visitor, add_movie: AddMovie) -> None:
    movie = add_movie("마더", director="봉준호", genre="스릴러")
    page = visitor.get("/?genre=스릴러&sort=title")
    search = page.select_one("form.search")
    assert search and (search["action"], search["method"]) == ("/", "get")
    within = {field["name"]: field["value"] for field in search.select("input[type=hidden]")}
    assert within == {"genre": "스릴러", "sort": "title"}
    assert all("genre=" in str(link["href"]) for link in page.select(".list-tools .pills a"))
    assert all("sort=title" in str(link["href"]) for link in page.select(".list-tools .menu a"))
    page = visitor.get("/?genre=스릴러&q=봉준호")
    assert text(page.h1) == "스릴러 장르의 ‘봉준호’ 검색 결과"
    assert text(page.title) == "‘봉준호’ 찾기 · 스릴러 · 감평"
    for path in ("/", f"/movie/{movie.id}?sort=lowest", "/model?sort=title"):  # `sort` has another meaning there
        assert not visitor.get(path).select(".search input[type=hidden]")


def test_genres_are_offered_in_the_menu_and_the_form(visitor: Visitor, add_movie: AddMovie) -> None:
    for title, genre in (("괴물", "SF"), ("곡성", "공포 <b>")):
        add_movie(title, genre=genre)
        page = visitor.get("/")
    assert [option["value"] for option in page.select("#genres option")] == ["SF", "공포 <b>"]
    assert [text(link) for link in page.select(".menu li bdi")] == ["SF", "공포 <b>"]


def test_a_movie_not_found_can_be_added(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("기생충")
    links = [str(link["href"]) for link in visitor.get("/?q=없는 영화").select(".empty a")]
    assert links == [f"/?title={quote_plus('없는 영화')}#add", "/"]
    page = visitor.get(links[0])
    assert page.select_one("#add.is-open #title")["value"] == "없는 영화"
    assert titles(visitor, "/?title=없는 영화") == ["기생충"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=1" + "0" * 30, "sort=worst", "q=" + "가" * 300, "movie=x"])
def test_invalid_queries_show_the_list(visitor: Visitor, add_movie: AddMovie, query: str) -> None:
    add_movie("기생충")
    assert titles(visitor, f"/?{query}") == ["기생충"]


def test_movies_are_paginated(visitor: Visitor, add_movie: AddMovie) -> None:
    for number in range(MOVIES_A_PAGE + 5):
        add_movie(f"영화 {number:03}", genre="드라마")
    assert len(titles(visitor, "/")) == MOVIES_A_PAGE
    page = visitor.get("/?sort=title&genre=드라마&page=2")
    assert [text(card) for card in page.select(".card h2")] == [f"영화 {MOVIES_A_PAGE + i:03}" for i in range(5)]
    assert text(page.select_one('.pages [aria-current="page"]')) == "쪽 2"
    previous = page.select_one('.pages [rel="prev"]')
    assert previous and "sort=title" in str(previous["href"]) and "page=1" in str(previous["href"])
    assert not page.select_one('.pages [rel="next"]')
    past = visitor.get("/?page=9").select_one(".empty")
    assert past and str(past.a["href"]).endswith("page=2")


def test_a_movie_is_prefilled_by_query(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("기생충")
    movie = add_movie("벌새")
    page = visitor.get(f"/?movie={movie.id}")
    assert page.select_one('#write [name="movie"]')["value"] == "벌새"
    assert page.select_one('#write [name="movie_id"]')["value"] == str(movie.id)


def test_the_list_fragment_is_the_list_alone(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("기생충")
    add_movie("벌새")
    answer = visitor.client.get("/list?q=ㄱㅅㅊ&sort=title")
    assert (answer.status_code, answer.headers["X-Total-Count"]) == (200, "1")
    page = visitor.get("/list?q=ㄱㅅㅊ&sort=title")
    assert [text(card) for card in page.select(".card h2")] == ["기생충"]
    assert not page.select("html, form, main")
    assert text(page.h1) == text(visitor.get("/?q=ㄱㅅㅊ&sort=title").h1)


def test_a_picture_covers_the_drawn_poster_and_is_loaded_without_a_referrer(
    visitor: Visitor, add_movie: AddMovie
) -> None:
    movie = add_movie("벌새", poster_url="https://example.com/a.jpg?b=1&c=2")
    assert visitor.get(f"/movie/{movie.id}").select_one('.hero img[referrerpolicy="no-referrer"]')
    poster = visitor.get("/").select_one(".card .poster")
    assert poster and poster.select_one("svg path") and text(poster.select_one(".poster-title")) == "벌새"
    picture = poster.select_one("img")
    assert picture
    assert picture["src"] == "https://example.com/a.jpg?b=1&c=2"
    assert (picture["alt"], picture["loading"], picture["referrerpolicy"]) == ("", "lazy", "no-referrer")


def test_facts_link_to_filtered_lists(visitor: Visitor, add_movie: AddMovie) -> None:
    movie = add_movie("기생충", release_date="2019-05-30", director="봉준호", genre="드라마, 스릴러")
    add_movie("살인의 추억", release_date="2003-04-25", director="봉준호", genre="범죄")
    add_movie("벌새", release_date="2019-08-29", director="김보라", genre="드라마")
    links = {text(link): str(link["href"]) for link in visitor.get(f"/movie/{movie.id}").select(".movie-facts .meta a")}
    assert list(links) == ["2019.05.30", "봉준호", "드라마", "스릴러"]
    assert [sorted(titles(visitor, path)) for path in links.values()] == [
        ["기생충", "벌새"], ["기생충", "살인의 추억"], ["기생충", "벌새"], ["기생충"]
    ]  # fmt: skip
    page = visitor.get(links["봉준호"])
    assert text(page.h1) == "봉준호 감독" and "봉준호" in text(page.title)
    assert page.select_one('form[role="search"] input[name="director"][value="봉준호"]')
    assert all("director=" in str(link["href"]) for link in page.select(".list-tools a"))


def test_a_card_shows_the_field_that_matched(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("벌새", release_date="2019-08-29", director="김보라", genre="드라마")
    assert text(visitor.get("/?q=김보라").select_one(".found-by")) == "감독 김보라"
    assert text(visitor.get("/?q=벌새+2019").select_one(".found-by")) == "개봉 2019"
    assert not visitor.get("/?q=벌새").select(".found-by")
