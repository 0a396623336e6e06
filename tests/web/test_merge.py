"""Merging two movies: the choice of the other movie, the confirmation, and the redirect of the merged one."""

import pytest

from app.models import Movie
from app.schemas import ReviewsQuery
from app.services import ReviewService
from app.store import Store
from tests.web.conftest import AddMovie, AddReview, Visitor, parse_html, text


@pytest.fixture
def twins(add_movie: AddMovie, add_review: AddReview) -> tuple[Movie, Movie]:
    """A movie without a date, and the same one with a date, a director and two reviews."""
    kept = add_movie("기생충", genre="가족")
    other = add_movie("기생충", release_date="2019-05-30", director="봉준호", genre="드라마")
    add_review(kept.id, "최고예요")
    for content in ("지루해요", "좋아요"):
        add_review(other.id, content)
    return kept, other


def test_the_other_movie_is_chosen_by_its_title(visitor: Visitor, twins: tuple[Movie, Movie]) -> None:
    kept, other = twins
    form = visitor.get(f"/movie/{kept.id}/edit").select_one('form[method="get"][action$="/merge"]')
    assert form and form.select_one("[data-suggest] #movie")
    page = visitor.get(f"{form['action']}?movie=기생충&movie_id=&movie_was=")
    assert text(page.select_one("h1")) == "‘기생충 (2019-05-30)’ 영화를 ‘기생충’에 합칠까요?"
    assert "리뷰 2개를 옮겨요" in text(page.select_one("main"))
    facts = text(page.select_one("dl"))
    assert "개봉일 2019-05-30 합치는 영화에서 가져와요 감독 봉준호 합치는 영화에서 가져와요" in facts
    assert "장르 가족 버리는 값: 드라마" in facts
    assert page.select_one(f'a[href="/movie/{other.id}/merge?movie_id={kept.id}"]')
    assert page.select_one(f'main form input[name="movie_id"][value="{other.id}"]')


def test_an_unclear_choice_is_asked_again(visitor: Visitor, twins: tuple[Movie, Movie], add_movie: AddMovie) -> None:
    kept, _ = twins
    third = add_movie("기생충", release_date="1999")
    for query, message, choices in (
        ("movie=기생충", "여러 영화가", 2),
        ("movie=없는 영화", "그런 영화는 없어요", 0),
        ("movie_id=999", "합칠 다른 영화를", 0),
        (f"movie_id={kept.id}", "합칠 다른 영화를", 0),
        ("movie_id=x", "합칠 다른 영화를", 0),
        ("movie=&movie_id=", "합칠 다른 영화를", 0),
    ):
        page = visitor.get(f"/movie/{kept.id}/merge?{query}", 422)
        assert page.title and text(page.title).startswith("확인해 주세요")
        assert message in text(page.select_one("#movie_id-error"))
        assert len(page.select(".matches input")) == choices
        assert page.select_one("#movie[autofocus]")
        assert not page.select('main form[method="post"]')
    for query in ("", "?utm_source=mail"):
        assert not visitor.get(f"/movie/{kept.id}/merge{query}").select("#movie_id-error, .error")
    page = visitor.get(f"/movie/{kept.id}/merge?movie=기생충&movie_was=기생충&movie_id={third.id}")
    assert "(1999)" in text(page.select_one("h1"))


def test_movies_are_merged_and_separated_again(
    visitor: Visitor, twins: tuple[Movie, Movie], service: ReviewService, store: Store
) -> None:
    kept, other = twins
    path, address = f"/movie/{kept.id}/merge", f"/movie/{other.id}"
    answer = visitor.post(path, f"{path}?movie_id={other.id}", movie_id=other.id)
    entry = store.audit_log()[0][0]
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/movie/{kept.id}?deleted={entry.id}")
    merged = service.movie(kept.id)
    assert (merged.release_date, merged.director, merged.genre) == ("2019-05-30", "봉준호", "가족")
    assert merged.review_count == 3
    for _ in range(2):  # the offer to undo survives a reload
        notice = visitor.get(answer.headers["Location"]).select_one(".notice")
        assert notice and notice.select_one(f'form[action="/undo/{entry.id}"]')
    answer = visitor.client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/movie/{kept.id}")
    answer = visitor.client.get(f"{address}/reviews.atom")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/movie/{kept.id}/reviews.atom")
    assert visitor.client.get(f"/movies/{other.id}").status_code == 404
    log = visitor.get("/admin/log")
    assert "영화 합치기 기생충 (2019-05-30) → 기생충" in text(log.select_one("tbody tr"))
    assert not log.select("tbody details")
    assert "합친 것을" in text(visitor.get(f"/undo/{entry.id}").select_one("h1"))
    answer = visitor.post(f"/undo/{entry.id}", f"/undo/{entry.id}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/movie/{kept.id}")
    assert "합친 것을 되돌렸어요" in text(visitor.get(f"/movie/{kept.id}").select_one(".notice"))
    separated = [service.movie(movie.id) for movie in twins]
    assert [(movie.release_date, movie.director, movie.review_count) for movie in separated] == [
        ("", "", 1),
        ("2019-05-30", "봉준호", 2),
    ]
    assert [service.reviews(movie.id, ReviewsQuery()).total for movie in twins] == [1, 2]
    assert visitor.client.get(address).status_code == 200


def test_a_review_typed_for_the_merged_movie_goes_to_the_kept_one(
    visitor: Visitor, twins: tuple[Movie, Movie], service: ReviewService
) -> None:
    kept, other = twins
    token = visitor.token(f"/movie/{other.id}")
    service.merge_movies(kept.id, other.id)
    typed = {"csrf_token": token, "author": "새벽달", "content": "늦게 쓴 최고"}
    answer = visitor.client.post(f"/movie/{other.id}/review", data=typed)
    assert (answer.status_code, answer.headers["Location"].split("#")[0]) == (303, f"/movie/{kept.id}")
    body = {"movie_id": other.id, "author": "새벽달", "content": "JSON으로 쓴 최고"}
    assert visitor.client.post("/reviews", json=body).get_json()["movie_id"] == kept.id
    assert service.movie(kept.id).review_count == 5
    assert visitor.client.post("/reviews", json=body | {"movie_id": 99}).status_code == 404


def test_invalid_choices_are_refused(visitor: Visitor, twins: tuple[Movie, Movie], store: Store) -> None:
    kept, other = twins
    path, page = f"/movie/{kept.id}/merge", f"/movie/{kept.id}/merge?movie_id={other.id}"
    for chosen in ({"movie_id": kept.id}, {}, {"movie_id": 999}):
        assert parse_html(visitor.post(path, page, **chosen), 422).select("#movie_id-error")
        assert parse_html(visitor.client.post(path, data=chosen), 400).select("#movie_id-error")
    stale = parse_html(visitor.client.post(path, data={"movie_id": other.id}), 400)
    assert stale.select_one(f'main form input[name="movie_id"][value="{other.id}"]')
    assert store.totals().movie_count == 2


def test_titles_are_escaped_in_the_heading(visitor: Visitor, add_movie: AddMovie) -> None:
    kept, other = add_movie("<b>벌새</b>", release_date="2019"), add_movie("<i>괴물</i>")
    heading = visitor.get(f"/movie/{kept.id}/merge?movie_id={other.id}").select_one("h1")
    assert text(heading) == "‘<i>괴물</i>’ 영화를 ‘<b>벌새</b> (2019)’에 합칠까요?"
    assert heading and not heading.select("b, i")


def test_a_merge_that_makes_a_third_movies_twin_is_refused(visitor: Visitor, add_movie: AddMovie, store: Store) -> None:
    kept, other = add_movie("기생충"), add_movie("기생춘", release_date="2019")
    add_movie("기생충", release_date="2019")
    path = f"/movie/{kept.id}/merge"
    answer = visitor.post(path, f"{path}?movie_id={other.id}", movie_id=other.id)
    assert parse_html(answer, 409).select_one('main [role="alert"]')
    assert store.totals().movie_count == 3
