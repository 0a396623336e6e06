"""The review form finds its movie by title."""

from collections.abc import Callable
from typing import Any

from app.models import Movie, Review
from app.schemas import MoviesQuery, ReviewsQuery
from app.services import ReviewService
from tests.web.conftest import Visitor, parse_html, text

AddMovie = Callable[..., Movie]
WRITTEN = {"author": "밤편지", "content": "오래 쓴 최고의 글"}


def value(page: Any, name: str) -> str:
    return str(page.select_one(f'#write [name="{name}"]')["value"])


def test_a_unique_match_is_chosen(visitor: Visitor, add_movie: AddMovie, service: ReviewService) -> None:
    movie = add_movie("괴물")
    add_movie("괴물의 아이")
    for typed in ("괴물", " 괴 물 ", "괴물의", "ㄱㅁㅇㅇㅇ"):
        answer = visitor.post("/review", movie=typed, movie_id="", movie_was="", **WRITTEN)
        assert answer.status_code == 303, typed
    assert service.reviews(movie.id, ReviewsQuery()).total == 2


def test_suggestions_begin_with_prefix_matches(
    visitor: Visitor, add_movie: AddMovie, add_review: Callable[..., Review]
) -> None:
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
    answer = visitor.post("/review", movie="괴물", movie_id="", movie_was="", **WRITTEN)
    page = parse_html(answer)
    assert answer.status_code == 422
    assert "어떤 영화인지 골라" in text(page.select_one("#movie_id-error"))
    choices = {radio["value"]: text(radio.parent) for radio in page.select('#write [type="radio"]')}
    assert choices == {str(old.id): "괴물 2006 · 봉준호", str(new.id): "괴물 2023"}
    assert text(page.select_one("#content")) == WRITTEN["content"]
    assert (value(page, "movie"), value(page, "author")) == ("괴물", "밤편지")
    fields = {"movie": "괴물", "movie_was": value(page, "movie_was"), **WRITTEN}
    assert visitor.post("/review", movie_id=old.id, **fields).status_code == 303
    assert service.reviews(old.id, ReviewsQuery()).total == 1


def test_no_match_keeps_the_input(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("괴물")
    page = parse_html(visitor.post("/review", movie="없는 영화", movie_id="", movie_was="", **WRITTEN))
    assert "그런 영화는 아직 없어요" in text(page.select_one("#movie_id-error"))
    assert (value(page, "movie"), text(page.select_one("#content"))) == ("없는 영화", WRITTEN["content"])


def test_a_changed_title_replaces_the_chosen_movie(
    visitor: Visitor, add_movie: AddMovie, service: ReviewService
) -> None:
    first, second = add_movie("벌새"), add_movie("괴물")
    page = visitor.get(f"/?movie={first.id}")
    kept = {"movie_id": value(page, "movie_id"), "movie_was": value(page, "movie_was")}
    assert visitor.post("/review", movie="괴물", **kept, **WRITTEN).status_code == 303
    assert visitor.post("/review", movie="벌새", **kept, **WRITTEN).status_code == 303
    assert service.reviews(first.id, ReviewsQuery()).total == service.reviews(second.id, ReviewsQuery()).total == 1


def test_an_id_is_enough(visitor: Visitor, movie_id: int, service: ReviewService) -> None:
    assert visitor.post("/review", movie_id=movie_id, **WRITTEN).status_code == 303
    assert service.reviews(movie_id, ReviewsQuery()).total == 1


def test_a_review_is_posted_with_its_new_movie(visitor: Visitor, add_movie: AddMovie, service: ReviewService) -> None:
    add_movie("괴물")
    page = parse_html(visitor.post("/review", movie="벌새", movie_id="", movie_was="", **WRITTEN))
    assert page.select_one('#movie_id-error a[href="#add"]')
    form = page.select_one("#add form")
    assert form and "쓰던 리뷰도 함께" in text(form)
    fields = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]")}
    fields["content"] = text(form.select_one("textarea"))
    assert (fields["title"], fields["author"], fields["content"]) == ("벌새", *WRITTEN.values())
    answer = visitor.client.post("/movie", data=fields)
    movie = next(movie for movie in service.movies(MoviesQuery()).items if movie.title == "벌새")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"/movie/{movie.id}#review-")
    assert service.reviews(movie.id, ReviewsQuery()).items[0].content == WRITTEN["content"]


def test_an_error_with_a_new_movie_keeps_the_text(visitor: Visitor, service: ReviewService, analyzer: Any) -> None:
    analyzer.busy = True
    answer = visitor.post("/movie", title="벌새", **WRITTEN)
    page = parse_html(answer)
    assert answer.status_code == 503
    assert text(page.select_one("#content")) == WRITTEN["content"]
    assert page.select_one('#write form[action="/movie/1/review"]')
    analyzer.busy = False
    answer = visitor.post("/movie", title=" ", **WRITTEN)
    page = parse_html(answer)
    assert answer.status_code == 422
    assert text(page.select_one("#add textarea[name=content]")) == WRITTEN["content"]
    assert service.totals().movie_count == 1


def test_partial_matches_offer_to_add_the_movie(visitor: Visitor, add_movie: AddMovie) -> None:
    add_movie("벌새 하나")
    add_movie("벌새 둘")
    page = parse_html(visitor.post("/review", movie="벌새", movie_id="", movie_was="", **WRITTEN))
    assert len(page.select('#write [type="radio"]')) == 2
    assert page.select_one("#add [name=title]")["value"] == "벌새"  # type: ignore[index]


def test_a_misspelled_title_is_offered_as_a_choice(
    visitor: Visitor, add_movie: AddMovie, service: ReviewService
) -> None:
    movie = add_movie("기생충")
    page = parse_html(visitor.post("/review", movie="기생츙", movie_id="", movie_was="", **WRITTEN))
    assert [radio["value"] for radio in page.select('#write [type="radio"]')] == [str(movie.id)]
    assert service.reviews(movie.id, ReviewsQuery()).total == 0
