"""The two main pages, the list of movies and a movie with its reviews, which several routes return.

The review form on the first one names its movie, by a chosen id or a typed title.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.errors import FieldError, NotFound, ValidationFailed
from app.extensions import get_service
from app.i18n import lazy_gettext
from app.models import Label, Movie, Page, Review, ReviewSort, movie_key
from app.schemas import QUERY_MAX, TITLE_MAX, AllReviewsQuery, Input, MovieChoice, MoviesQuery, ReviewsQuery, parse
from app.security import permissions
from app.services import ReviewService
from app.services.search import has_word, searched_text, split_words
from app.web import charts
from app.web.forms import MovieChoiceForm, MovieForm, ReviewForm
from app.web.rendering import render

MOVIES_A_PAGE = 24
REVIEWS_A_PAGE = 20
LATEST_SHOWN = 4
"""Number of reviews below the home page's movies."""
MAX_GENRES = 200
MAX_MATCHES = 8
"""Number of movies offered for a typed title."""
EXTREMES_FROM = 4
"""Reviews a movie must have for its most positive and most negative one to be shown above the list."""
_TREND_REVIEWS = 40
_SORTS = {
    "rating": lazy_gettext("추천순"),
    "average": lazy_gettext("평점순"),
    "newest": lazy_gettext("최신순"),
    "reviews": lazy_gettext("리뷰 많은순"),
    "release": lazy_gettext("개봉일순"),
    "title": lazy_gettext("가나다순"),
}
REVIEW_ORDERS = {
    ReviewSort.NEWEST: lazy_gettext("최신순"),
    ReviewSort.OLDEST: lazy_gettext("오래된순"),
    ReviewSort.HIGHEST: lazy_gettext("평점 높은순"),
    ReviewSort.LOWEST: lazy_gettext("평점 낮은순"),
    ReviewSort.LIKED: lazy_gettext("공감순"),
}
InputT = TypeVar("InputT", bound=Input)


def catalogue() -> ReviewService:
    return get_service(ReviewService)


def home(review_form: ReviewForm | None = None, movie_form: MovieForm | None = None) -> Response:
    """Return the page of movies as cards, with both forms.

    The query string may contain a movie to review (`movie`) or the title of one to add (`title`).
    """
    chosen, missing = request.args.get("movie", ""), request.args.get("title", "")[:TITLE_MAX]
    form = review_form or ReviewForm(movie_id=chosen)
    prefill_movie(form)
    if form.missing_title:
        typed = {"author": form.author.data, "content": form.content.data, "spoiler": "on" if form.spoiler.data else ""}
        movie_form = MovieForm(title=form.missing_title, **typed)
    found = _found_movies()
    return render(
        "home.html",
        review_form or movie_form,
        latest=[] if found["query"].is_filtered else _latest(),
        **found,
        review_form=form,
        movie_form=movie_form or MovieForm(title=missing),
        open_form="review" if review_form or chosen else "movie" if movie_form or missing else "",
    )


def prefill_movie(form: ReviewForm) -> None:
    """Fill in the title of the chosen movie, unless another was typed."""
    if form.movie.data and form.movie.data != form.movie_was.data:
        return
    try:
        chosen = parse(MovieChoice, {"movie_id": form.movie_id.data}, strict=False)
        movie = catalogue().movie(chosen.movie_id)
    except ValidationFailed:
        return
    except NotFound:
        form.movie_id.data = form.movie_was.data = ""  # the title is looked up instead
    else:
        form.movie.data = form.movie_was.data = movie.title


def _latest() -> list[tuple[Review, Movie]]:
    """Return the newest reviews without spoilers, on the first page only."""
    if request.args.get("page", "1") != "1":
        return []
    newest = catalogue().all_reviews(AllReviewsQuery(per_page=4 * LATEST_SHOWN)).items
    return [(review, movie) for review, movie in newest if not review.spoiler][:LATEST_SHOWN]


def resolve_movie(form: MovieChoiceForm, data: Mapping[str, str], *, without: int = 0) -> dict[str, str]:
    """Return `data` with the `movie_id`.

    A chosen id is used unless the title was changed after the choice (`movie_was`). Then the movie of this title is
    looked up, ignoring case and spaces, or else searched for. Raise `ValidationFailed` if it matches no movie or
    several, which become the form's `matches`. The movie `without` is left out.
    """
    typed = data.get("movie", "").strip()
    if not typed or (data.get("movie_id") and typed == data.get("movie_was", "").strip()):
        return dict(data)
    found = catalogue().movies(MoviesQuery(q=typed[:QUERY_MAX])).items
    found = [movie for movie in found if movie.id != without]
    named = [movie for movie in found if movie_key(movie.title, "") == movie_key(typed, "")]
    matches = named or found
    if len(matches) == 1 and all(has_word(searched_text(matches[0]), word) for word in split_words(typed)):
        return {**data, "movie_id": str(matches[0].id)}
    form.matches = matches[:MAX_MATCHES]
    if not named:
        form.missing_title = typed[:TITLE_MAX]
    form.movie_was.data = form.movie.data
    raise ValidationFailed(
        [FieldError("movie_id", "movie_unclear" if matches else "movie_unknown", "must name one movie")]
    )


def movie_list() -> Response:
    """Return the list alone, as a fragment for live search."""
    found = _found_movies()
    response = make_response(render_template("_movie_list.html", **found))
    response.headers["X-Total-Count"] = str(found["page"].total)
    return response


def _found_movies() -> dict[str, Any]:
    """Return the template context of the list of movies that the query string describes."""
    query = read_query(MoviesQuery, per_page=MOVIES_A_PAGE)
    movies = catalogue().movie_list()
    page = movies.find(query)
    filters = {name: value for name in ("genre", "director", "year") if (value := getattr(query, name))}

    def address(number: int) -> str:
        return url_for("movies.home", q=query.q or None, sort=query.sort, page=number, **filters)

    def matched(movie: Movie) -> tuple[str, ...]:
        return tuple(catalogue().matched_fields(movie, query.q)) if query.q else ()

    return {
        "filters": filters,
        "matched": matched,
        "page": page,
        "query": query,
        "address": address,
        "sorts": _SORTS,
        "weighted_rating": movies.weighted_rating,
        "genres": movies.genres[:MAX_GENRES],
        "totals": movies.totals,
    }


def movie(movie_id: int, review_form: ReviewForm | None = None) -> Response:
    """Return a movie with its reviews. Raise `NotFound`."""
    found = catalogue().movie(movie_id)
    query = read_query(ReviewsQuery, per_page=REVIEWS_A_PAGE)
    newest = catalogue().reviews(movie_id, ReviewsQuery(per_page=_TREND_REVIEWS))
    is_first = query == ReviewsQuery(per_page=REVIEWS_A_PAGE)
    page = Page(newest.items[:REVIEWS_A_PAGE], newest.total, 1, REVIEWS_A_PAGE)
    if not is_first:
        page = catalogue().reviews(movie_id, query)

    def address(number: int) -> str:
        sort = None if query.sort is ReviewSort.NEWEST else query.sort
        return url_for("movies.show", id=movie_id, label=query.label, sort=sort, page=number, _anchor="reviews")

    return render(
        "movie.html",
        review_form,
        movie=found,
        page=page,
        query=query,
        labels=Label,
        orders=REVIEW_ORDERS,
        extremes=_extremes(found) if is_first else [],
        address=address,
        counts=catalogue().histogram(movie_id),
        trend=charts.trend([review.rating for review in newest.items]),
        shared=next((review for review in page.items if str(review.id) == request.args.get("review")), None),
        review_form=review_form or ReviewForm(),
        may_edit=permissions.may_edit_movie(catalogue(), found),
        open_form="review" if review_form or not found.review_count else "",
        outdated=sum(review.model != catalogue().model_card().id for review in page.items),
    )


def _extremes(movie: Movie) -> list[Review]:
    """Return the most positive and the most negative review of the movie, without spoilers.

    Empty for few reviews. An end is left out if its label is the other one, as when all reviews are positive.
    """
    if movie.review_count < EXTREMES_FROM:
        return []
    extremes = []
    for label, end in ((Label.POSITIVE, ReviewSort.HIGHEST), (Label.NEGATIVE, ReviewSort.LOWEST)):
        found = catalogue().reviews(movie.id, ReviewsQuery(sort=end, per_page=REVIEWS_A_PAGE)).items
        plain = next((review for review in found if not review.spoiler), None)
        if plain and plain.sentiment_label is label:
            extremes.append(plain)
    return extremes


def redirect_merged(movie_id: int, endpoint: str) -> BaseResponse:
    """Return a redirect to the movie into which this one was merged. Raise `NotFound` if it was not."""
    kept_id = catalogue().merged_into(movie_id)
    if kept_id is None:
        raise NotFound("movie", movie_id)
    return redirect(url_for(endpoint, id=kept_id))


def review_address(review_id: int, *, is_shared: bool = False) -> str:
    """Return the URL of the review on its movie's page.

    With `is_shared`, link previews of the page describe the review rather than the movie. Raise `NotFound`.
    """
    review = catalogue().review(review_id)
    number = catalogue().position(review_id) // REVIEWS_A_PAGE + 1
    page = number if number > 1 else None
    shared = review_id if is_shared else None
    return url_for("movies.show", id=review.movie_id, page=page, review=shared, _anchor=f"review-{review_id}")


def read_query(model: type[InputT], **fixed: Any) -> InputT:
    """Return the parsed query string without its invalid parameters: a link has no form to show errors in."""
    data = request.args.to_dict() | fixed
    try:
        return parse(model, data, strict=False)
    except ValidationFailed as error:
        wrong = {item.field for item in error.errors}
        return parse(model, {name: value for name, value in data.items() if name not in wrong}, strict=False)
