"""The demo data."""

from datetime import UTC, datetime

from app.models import MovieFields
from app.schemas import MovieInput, MoviesQuery, ReviewInput, ReviewsQuery
from app.services import ReviewService, demo_data
from app.store import Store
from tests.conftest import MakeApp
from tests.fakes import FakeAnalyzer

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_an_empty_store_is_filled_once(store: Store, analyzer: FakeAnalyzer) -> None:
    count = demo_data.seed(store, analyzer, NOW)
    totals = store.totals()
    assert (totals.review_count, totals.movie_count) == (count, 15)
    assert count > 70
    assert demo_data.seed(store, analyzer, NOW) == 0
    assert store.totals() == totals
    moments = [review.created_at for review in store.all_reviews()]
    assert moments == sorted(moments)
    assert moments[0] > "2026-10-01" and moments[-1] < "2026-11-22T03:00:00Z"
    assert {review.model for review in store.all_reviews()} == {analyzer.card.id}
    assert len({movie.id for _, movie in store.reviews_by_author("심야영화")[0]}) == 3
    assert 2 <= sum(review.spoiler for review in store.all_reviews()) <= 5


def test_a_store_with_a_movie_is_left_alone(store: Store, analyzer: FakeAnalyzer) -> None:
    store.add_movie(MovieFields("벌새"))
    assert demo_data.seed(store, analyzer) == 0
    assert len(store.movies()) == 1


def test_the_records_are_valid_input(store: Store, analyzer: FakeAnalyzer) -> None:
    demo_data.seed(store, analyzer, NOW)
    catalogue = ReviewService(store, analyzer)
    for movie in catalogue.movies(MoviesQuery(per_page=100)).items:
        fields = {name: getattr(movie, name) for name in ("title", "release_date", "director", "genre", "poster_url")}
        MovieInput(**fields)
        assert movie.director and movie.genre and movie.release_date and not movie.poster_url
        reviews = catalogue.reviews(movie.id, ReviewsQuery(per_page=100)).items
        assert len(reviews) == movie.review_count >= 4
        assert len({review.content for review in reviews}) == len(reviews)
        for review in reviews:
            ReviewInput(movie_id=movie.id, author=review.author, content=review.content)


def test_the_setting_adds_the_demo_data(make_app: MakeApp) -> None:
    for wanted, count in ((0, 0), (1, 15)):
        client = make_app(demo=wanted).test_client()
        assert len(client.get("/movies").get_json()) == count
