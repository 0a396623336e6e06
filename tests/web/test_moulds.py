"""What moulds cast is what their templates say, and each caller's own."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup

from app.models import Label, Movie, MovieFields, Review, Sentiment
from app.store.memory import MemoryStore
from app.web import moulds, shown
from tests.web.conftest import Visitor

NASTY = ("%(id)s %s 100% {{ 7 * 7 }} {0}", "<script>alert('1')</script> & \"2\"", "token; %(token)s\x1f")


@pytest.fixture
def request_of_english(app: Flask) -> Iterator[None]:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


def render(app: Flask, template: str, macro: str, *things: Any, **texts: Any) -> Markup:
    """What `cast` saves: the macro, asked for these very values."""
    made: Markup = getattr(app.jinja_env.get_template(template).module, macro)(*things, **texts)
    return made


def some_movies() -> Iterator[Movie]:
    facts = itertools.product(("", "2019-05-30"), ("", NASTY[0]), ("", NASTY[1]), ("", "https://example.com/%41?a&b"))
    for number, (day, director, genre, poster) in enumerate(facts):
        for reviews, positive in ((0, 0), (3, 0), (3, 1), (1_234, 1_234)):
            yield Movie(NASTY[number % 3], day, director, genre, poster, number + 1, reviews, positive, 5.5 * reviews)


def some_reviews() -> Iterator[Review]:
    for number, (label, score) in enumerate(itertools.product(Label, (0.55, 0.7, 0.999))):
        for content, edited, said in itertools.product(NASTY + ("긴 글 " * 300,), ("", "2026-03-01T00:00:00Z"), (0, 7)):
            yield Review(
                number + 1, 1, NASTY[number % 3], content, label, score, 6.04, "2025-12-31T15:00:00Z", edited,
                correction_count=said,
            )  # fmt: skip


@pytest.mark.usefixtures("request_of_english")
def test_a_card_is_what_its_template_says(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    movies = list(some_movies())
    cast = [shown.movie_card(movie) for movie in movies]
    monkeypatch.setattr(shown, "cast", lambda *given, **texts: render(app, *given, **texts))
    assert cast == [shown.movie_card(movie) for movie in movies]


@pytest.mark.usefixtures("request_of_english")
def test_a_review_is_what_its_template_says(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    reviews = list(some_reviews())

    def show() -> list[Markup]:
        items = [shown.review_item(review, "to-ken") for review in reviews]
        return items + [shown.review_extreme(review, Markup("The <b>best</b>")) for review in reviews]

    cast = show()
    monkeypatch.setattr(shown, "cast", lambda *given, **texts: render(app, *given, **texts))
    assert cast == show()


@pytest.mark.usefixtures("request_of_english")
def test_typed_text_stays_text() -> None:
    (movie,) = itertools.islice(some_movies(), 1)
    card = shown.movie_card(movie)
    assert "%(id)s %s 100% {{ 7 * 7 }} {0}" in card
    assert "<script" not in shown.review_item(next(some_reviews()), "token").replace("&lt;script", "")
    # Markup is equal to the text it holds, and yet another thing.
    badge = ("_sentiment.html", "sentiment_badge", True, False)
    assert moulds.cast(*badge, Markup("<i>9</i>"), sure="90%") != moulds.cast(*badge, "<i>9</i>", sure="90%")


def test_each_caller_sees_what_they_may_do(app: Flask, store: MemoryStore, add_by: Callable[..., Review]) -> None:
    app.extensions["Administrator"].is_everybody = False
    movie = store.add_movie(MovieFields("괴물"))
    own, others = add_by(movie.id, "mine"), add_by(movie.id, "theirs")
    for mark, deletable in (("mine", own), ("theirs", others), ("mine", own), ("", None)):
        client = app.test_client()
        with client.session_transaction() as session:
            session["writer"] = mark
        page = Visitor(client).see(f"/movie/{movie.id}")
        actions = {str(form["action"]) for form in page.select(".review form") if "correction" not in form["action"]}
        assert actions == ({f"/review/{deletable.id}/delete"} if deletable else set())
        edits = {str(link["href"]) for link in page.select(".ask-why a") if link["href"].endswith("edit")}
        assert edits == ({f"/review/{deletable.id}/edit"} if deletable else set())


def test_each_page_has_its_own_token(app: Flask, store: MemoryStore, add_by: Callable[..., Review]) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    add_by(movie.id, "")
    seen = []
    for _ in range(2):
        page = Visitor(app.test_client()).see(f"/movie/{movie.id}")
        tokens = {str(field["value"]) for field in page.select("input[name=csrf_token]")}
        assert len(tokens) == 1
        seen += tokens
    assert seen[0] != seen[1]


def test_each_page_speaks_its_language_and_knows_where_it_is(
    client: FlaskClient, store: MemoryStore, add_by: Callable[..., Review]
) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    review = add_by(movie.id, "")
    for _ in range(2):
        for language, word, root in (("ko", "긍정", ""), ("en", "Positive", ""), ("ko", "긍정", "/movies-of-ours")):
            headers = {"Accept-Language": language}
            for path, link in (("/", f"/movie/{movie.id}"), (f"/movie/{movie.id}", f"/review/{review.id}/why")):
                page = client.get(path, headers=headers, environ_overrides={"SCRIPT_NAME": root}).get_data(as_text=True)
                assert word in page and f'"{root}{link}"' in page
                assert ("Positive" in page) is (language == "en")


def test_a_change_shows_at_once(visitor: Visitor, store: MemoryStore, add_by: Callable[..., Review]) -> None:
    movie = store.add_movie(MovieFields("괴물"))
    review = add_by(movie.id, "")
    visitor.see(f"/movie/{movie.id}")
    store.update_review(review.id, "새벽", ("다시 보니 별로", Sentiment(Label.NEGATIVE, 0.9, 1.0)))
    store.update_movie(movie.id, lambda _: MovieFields("괴물 2"))
    assert "다시 보니 별로" in str(visitor.see(f"/movie/{movie.id}").select_one(".review"))
    card = visitor.see("/").select_one(".card")
    assert card and "괴물 2" in card.get_text() and "1.0" in card.get_text()


def test_what_one_visitor_typed_is_not_in_the_next_ones_form(app: Flask, visitor: Visitor, movie_id: int) -> None:
    for _ in range(2):
        typed = visitor.post("/review", movie_id=movie_id, author="밤편지", content=" ")
        assert typed.status_code == 422 and "밤편지" in typed.get_data(as_text=True)
        chosen = visitor.see(f"/?movie={movie_id}").select_one("input[name=movie]")
        assert chosen and chosen["value"] == "리틀 포레스트"
        for page in ("/", f"/movie/{movie_id}"):
            form = Visitor(app.test_client()).see(page).select_one("#write form")
            assert form and not form.select(".error, .alert") and not form.select_one("[name=author]")["value"]  # type: ignore[index]


def test_menus_know_a_new_genre_and_each_movies_own_address(visitor: Visitor, store: MemoryStore) -> None:
    first = store.add_movie(MovieFields("괴물", genre="SF"))
    visitor.see("/")
    second = store.add_movie(MovieFields("곡성", genre="공포 <b>"))
    page = visitor.see("/")
    assert [option["value"] for option in page.select("#genres option")] == ["SF", "공포 <b>"]
    assert [link.get_text() for link in page.select(".menu li bdi")] == ["SF", "공포 <b>"]
    for movie in (first, second):
        store.add_review(movie.id, "밤편지", "최고", Sentiment(Label.POSITIVE, 0.9, 9.0))
        page = visitor.see(f"/movie/{movie.id}?sort=highest")
        links = [str(link["href"]) for link in page.select(".reviews .tools a")]
        assert len(links) == 7 and all(link.startswith(f"/movie/{movie.id}") for link in links)
        assert [form["action"] for form in page.select("#write form")] == [f"/movie/{movie.id}/review"]


def test_no_gap_is_left_open(client: FlaskClient, store: MemoryStore, add_by: Callable[..., Review]) -> None:
    movie = store.add_movie(MovieFields("괴물", "2006-07-27", "봉준호", "SF", "https://example.com/1.jpg"))
    for _ in range(5):
        add_by(movie.id, "")
    for path in ("/", f"/movie/{movie.id}", f"/movie/{movie.id}?sort=oldest"):
        page = client.get(path).get_data(as_text=True)
        assert moulds._MARK not in page and str(moulds._NUMBER)[:12] not in page


@pytest.fixture
def add_by(store: MemoryStore) -> Callable[..., Review]:
    """Adds a review that the browser with this mark wrote."""
    sentiment = Sentiment(Label.POSITIVE, 0.9, 9.0)
    return lambda movie_id, writer: store.add_review(movie_id, "밤편지", "최고", sentiment, writer=writer)
