"""The review form finds its movie by title."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.schemas import MoviesQuery, ReviewsQuery
from app.services import ReviewService
from app.web import messages
from tests.web.conftest import AddMovie, AddReview, Visitor, form_values, parse_html, text

WRITTEN = {"author": "밤편지", "content": "오래 쓴 최고의 글"}


def post_by_title(visitor: Visitor, title: str, **fields: str) -> TestResponse:
    return visitor.post("/review", movie=title, movie_id="", movie_was="", **WRITTEN | fields)


def value(page: Any, name: str) -> str:
    return str(page.select_one(f'#write [name="{name}"]')["value"])


def test_a_unique_match_is_chosen(visitor: Visitor, add_movie: AddMovie, service: ReviewService) -> None:
    movie = add_movie("괴물")
    add_movie("괴물의 아이")
    for typed in ("괴물", " 괴 물 ", "괴물의", "ㄱㅁㅇㅇㅇ"):
        answer = post_by_title(visitor, typed)
        assert answer.status_code == 303, typed
    assert service.reviews(movie.id, ReviewsQuery()).total == 2


def test_suggestions_begin_with_prefix_matches(visitor: Visitor, add_movie: AddMovie, add_review: AddReview) -> None:
    loved = add_movie("헤어질 결심", release_date="2022-06-29", director="박찬욱")
    add_review(loved.id, "최고 최고 명작 감동")
    movie = add_movie("기생충")
    for number in range(10):
        add_movie(f"속편 {number}", director="ㄳ 감시")

    def suggested(q: str) -> list[dict[str, Any]]:
        answer = visitor.client.get("/suggestions", query_string={"q": q})
        assert answer.status_code == 200
        return list(answer.get_json())

    for typed in ("ㄱㅅ", "ㄳ", " 기 새", "깃"):
        assert suggested(typed)[0]["title"] == "기생충", typed
    assert suggested("ㄱㅅ")[1] == {
        "id": loved.id, "title": "헤어질 결심", "release_date": "2022-06-29", "director": "박찬욱"
    }  # fmt: skip
    assert [found["id"] for found in suggested("기생충")] == [movie.id]
    assert len(suggested("속편")) == 8
    assert suggested(" ") == suggested("") == suggested("?" * 500) == []


def test_several_matches_are_offered_as_choices(visitor: Visitor, add_movie: AddMovie, service: ReviewService) -> None:
    old, new = (
        add_movie("괴물", release_date="2006-07-27", director="봉준호"),
        add_movie("괴물", release_date="2023-11-29"),
    )
    page = parse_html(post_by_title(visitor, "괴물"), 422)
    assert "어떤 영화인지 골라" in text(page.select_one("#movie_id-error"))
    choices = {radio["value"]: text(radio.parent) for radio in page.select('#write [type="radio"]')}
    assert choices == {str(old.id): "괴물 2006 · 봉준호", str(new.id): "괴물 2023"}
    assert text(page.select_one("#content")) == WRITTEN["content"]
    assert (value(page, "movie"), value(page, "author")) == ("괴물", "밤편지")
    fields = {"movie": "괴물", "movie_was": value(page, "movie_was"), **WRITTEN}
    assert visitor.post("/review", movie_id=old.id, **fields).status_code == 303
    assert service.reviews(old.id, ReviewsQuery()).total == 1


def test_a_changed_title_replaces_the_chosen_movie(
    visitor: Visitor, add_movie: AddMovie, service: ReviewService
) -> None:
    first, second = add_movie("벌새"), add_movie("괴물")
    page = visitor.get(f"/?movie={first.id}")
    kept = {"movie_id": value(page, "movie_id"), "movie_was": value(page, "movie_was")}
    assert visitor.post("/review", movie="괴물", **kept, **WRITTEN).status_code == 303
    assert visitor.post("/review", movie="벌새", **kept, **WRITTEN).status_code == 303
    assert service.reviews(first.id, ReviewsQuery()).total == service.reviews(second.id, ReviewsQuery()).total == 1


def test_a_review_is_posted_with_its_new_movie(visitor: Visitor, add_movie: AddMovie, service: ReviewService) -> None:
    add_movie("괴물")
    page = parse_html(post_by_title(visitor, "벌새"), 422)
    assert "그런 영화는 아직 없어요" in text(page.select_one("#movie_id-error"))
    assert page.select_one('#movie_id-error a[href="#add"]')
    assert (value(page, "movie"), text(page.select_one("#content"))) == ("벌새", WRITTEN["content"])
    form = page.select_one("#add form")
    assert form and "쓰던 리뷰도 함께" in text(form)
    fields = form_values(page, "#add form")
    assert (fields["title"], fields["author"], fields["content"]) == ("벌새", *WRITTEN.values())
    answer = visitor.client.post("/movie", data=fields)
    movie = next(movie for movie in service.movies(MoviesQuery()).items if movie.title == "벌새")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"/movie/{movie.id}#review-")
    assert service.reviews(movie.id, ReviewsQuery()).items[0].content == WRITTEN["content"]


def test_an_error_with_a_new_movie_keeps_the_text(visitor: Visitor, service: ReviewService, analyzer: Any) -> None:
    analyzer.busy = True
    page = parse_html(visitor.post("/movie", title="벌새", **WRITTEN), 503)
    assert text(page.select_one("#content")) == WRITTEN["content"]
    assert page.select_one('#write form[action="/movie/1/review"]')
    analyzer.busy = False
    page = parse_html(visitor.post("/movie", title=" ", **WRITTEN), 422)
    assert text(page.select_one("#add textarea[name=content]")) == WRITTEN["content"]
    assert service.totals().movie_count == 1


def test_partial_matches_offer_to_add_the_movie(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("벌새 하나")
    add_movie("벌새 둘")
    page = parse_html(post_by_title(visitor, "벌새"))
    assert len(page.select('#write [type="radio"]')) == 2
    assert page.select_one("#add [name=title]")["value"] == "벌새"


def test_a_misspelled_title_is_offered_as_a_choice(
    visitor: Visitor, add_movie: AddMovie, service: ReviewService
) -> None:
    movie = add_movie("기생충")
    page = parse_html(post_by_title(visitor, "기생츙"))
    assert [radio["value"] for radio in page.select('#write [type="radio"]')] == [str(movie.id)]
    assert service.reviews(movie.id, ReviewsQuery()).total == 0


@pytest.mark.parametrize(
    ("existing", "added", "is_asked"),
    [
        ("2019-05-30", "", True),
        ("", "2019-05-30", True),
        ("2019-05-30", "2019", True),
        ("2019", "2019-05", True),
        ("2019-05-30", "1999-05-30", False),
        ("2019-05-30", "2020", False),
    ],
)
def test_adding_a_movie_of_an_existing_title_asks_first(
    visitor: Visitor, add_movie: AddMovie, service: ReviewService, existing: str, added: str, is_asked: bool
) -> None:
    movie = add_movie("기생충", release_date=existing, director="봉준호")
    add_movie("기생충들")
    answer = visitor.post("/movie", title=" 기생 충", release_date=added, director="봉준호 감독", genre="가족")
    assert answer.status_code == (409 if is_asked else 303)
    if not is_asked:
        return
    page = parse_html(answer)
    assert text(page.select_one('#add [role="alert"]')) == messages.MOVIE_SIMILAR
    assert [(link["href"], text(link)) for link in page.select(".similar a")] == [(f"/movie/{movie.id}", "기생충")]
    assert f"{existing or '봉준호'} ·" in text(page.select_one(".similar"))
    assert not page.select(".similar button")
    fields = form_values(page, '#add form[action="/movie"]')
    assert (fields["title"], fields["director"], fields["genre"]) == (" 기생 충", "봉준호 감독", "가족")
    assert visitor.client.post("/movie", data=fields).status_code == 303
    assert service.totals().movie_count == 3


def test_each_similar_movie_is_offered(visitor: Visitor, add_movie: AddMovie, service: ReviewService) -> None:
    add_movie("기생충", release_date="2019-05-30")
    page = parse_html(visitor.post("/movie", title="기생충"))
    fields = form_values(page, '#add form[action="/movie"]')
    add_movie("괴물", release_date="2006")
    assert visitor.client.post("/movie", data={**fields, "title": "괴물"}).status_code == 409
    page = parse_html(visitor.client.post("/movie", data={**fields, "poster_url": "ftp://"}), 422)
    fields = {**form_values(page, "#add form"), "poster_url": ""}
    assert visitor.client.post("/movie", data=fields).status_code == 303


def test_an_exact_match_is_an_error_beside_similar_movies(visitor: Visitor, add_movie: AddMovie) -> None:
    movie = add_movie("기생충", release_date="2019-05-30")
    add_movie("기생충")
    page = parse_html(visitor.post("/movie", title="기생충", release_date="2019-05-30"))
    assert page.select_one(f'#title-error a[href="/movie/{movie.id}"]')
    assert not page.select(".similar")


def test_a_carried_text_goes_to_the_similar_movie_or_to_the_new_one(
    visitor: Visitor, add_movie: AddMovie, service: ReviewService
) -> None:
    movie = add_movie("기생충", release_date="2019-05-30")
    page = parse_html(post_by_title(visitor, "기생춘", spoiler="y", content="\n최고"))
    fields = form_values(page, "#add form") | {"title": "기생충"}
    page = parse_html(visitor.client.post("/movie", data=fields))
    button = page.select_one(".similar button")
    assert button and not page.select('form[action="/movie"] [formaction]')
    fields = form_values(page, ".similar")
    assert (fields["author"], fields["content"], fields["spoiler"]) == ("밤편지", "\n최고", "on")
    assert visitor.client.post(str(button["formaction"]), data=fields).status_code == 303
    fields = form_values(page, '#add form[action="/movie"]')
    analyzed = service.reviews(movie.id, ReviewsQuery()).items[0]
    assert (analyzed.content, analyzed.spoiler) == ("최고", True)
    assert visitor.client.post("/movie", data={**fields, "content": "다시 봐도 최고"}).status_code == 303
    newest = service.movies(MoviesQuery(sort="newest")).items[0]
    assert (newest.title, newest.release_date, newest.review_count) == ("기생충", "", 1)
    assert service.reviews(newest.id, ReviewsQuery()).items[0].spoiler
