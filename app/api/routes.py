"""The JSON routes. Each parses its input and returns the result of the operation of the same name."""

from dataclasses import asdict
from functools import cache, lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for

from app.api.openapi import Operation, build_document
from app.api.responses import (
    AverageRatingOut,
    DeletedMovieOut,
    DeletedReviewOut,
    ExplanationOut,
    HealthOut,
    MovieOut,
    ReviewOut,
    SentimentOut,
    dump,
)
from app.errors import AlreadyExists
from app.extensions import get_service
from app.json_io import json_body, json_response
from app.models import Movie, Page, Review, Sentiment
from app.schemas import (
    AllReviewsQuery,
    CorrectionInput,
    Input,
    MovieInput,
    MoviePatch,
    MoviesQuery,
    PageQuery,
    ReviewInput,
    ReviewPatch,
    ReviewsQuery,
    SentimentBatchInput,
    SentimentInput,
    parse,
)
from app.security import identity, permissions
from app.security.permissions import Permission
from app.security.rate_limits import EXPLANATION_COST, RateLimitScope, check_rate_limit
from app.security.spam_protection import reject_duplicates
from app.services import ReviewService
from app.services.search import nickname_key
from app.static_files import StaticFile
from app.telemetry import CONTENT_TYPE, Metrics

blueprint = Blueprint("api", __name__)
InputT = TypeVar("InputT", bound=Input)


def _catalogue() -> ReviewService:
    return get_service(ReviewService)


def _body(model: type[InputT]) -> InputT:
    return parse(model, json_body())


def _query(model: type[InputT]) -> InputT:
    return parse(model, request.args.to_dict(), strict=False)


def _page_headers(page: Page[Any], query: PageQuery) -> dict[str, str]:
    """Return `X-Total-Count`, and links to the neighbouring pages (RFC 8288) if the request has a page or its size."""
    headers = {"X-Total-Count": str(page.total)}
    if query.model_fields_set & {"page", "per_page"}:
        given = query.model_dump(mode="json", exclude_unset=True) | {"per_page": page.size}
        around = {"first": 1, "prev": page.number - 1, "next": page.number + 1, "last": page.last}
        headers["Link"] = ", ".join(
            f'<{request.path}?{urlencode(given | {"page": number})}>; rel="{rel}"'
            for rel, number in around.items()
            if 1 <= number <= page.last
        )
    return headers


@lru_cache(maxsize=10_000)  # serializing 1,000 movies takes 2.3 ms of CPU time, joining their cached JSON 0.2 ms
def _movie_json(movie: Movie) -> bytes:
    return dump(MovieOut, movie)


@blueprint.get("/movies")
@Operation("movies", list[MovieOut], query=MoviesQuery)
def list_movies() -> Response:
    """Return the movies, filtered and ordered.

    Without `page` and `per_page`, all of them up to 1,000.
    """
    query = _query(MoviesQuery)
    page = _catalogue().movies(query)
    return json_response(b"[" + b",".join(map(_movie_json, page.items)) + b"]", headers=_page_headers(page, query))


@blueprint.post("/movies")
@Operation("movies", MovieOut, 201, also=(200,), body=MovieInput, headers=("Location",))
def add_movie() -> tuple[Movie, int, dict[str, str]]:
    """Add a movie.

    If one with the same title and release date exists, it is returned with status 200.
    """
    check_rate_limit(RateLimitScope.POSTS)
    try:
        movie, status = _catalogue().add_movie(_body(MovieInput), identity.owner_token()), 201
    except AlreadyExists as error:
        movie, status = _catalogue().movie(error.id), 200
    return movie, status, {"Location": url_for("api.get_movie", id=movie.id)}


@blueprint.get("/movies/<int:id>")
@Operation("movies", MovieOut)
def get_movie(id: int) -> Movie:
    """Return a movie."""
    return _catalogue().movie(id)


@blueprint.patch("/movies/<int:id>")
@Operation("movies", MovieOut, body=MoviePatch, problems=(401, 403, 409))
def edit_movie(id: int) -> Movie:
    """Change a movie's details.

    Omitted fields are kept. The status is 409 if another movie has the title and release date. The browser that added
    the movie may do this until others have reviewed it.
    """
    writers = permissions.require_movie_edit(_catalogue(), _catalogue().movie(id))
    check_rate_limit(RateLimitScope.POSTS)
    return _catalogue().edit_movie(id, _body(MoviePatch), identity.actor(), writers=writers)


@blueprint.delete("/movies/<int:id>")
@Operation("movies", DeletedMovieOut, problems=(401,))
def delete_movie(id: int) -> dict[str, int]:
    """Delete a movie and its reviews."""
    permissions.require(Permission.DELETE_MOVIE)
    movie, _ = _catalogue().delete_movie(id, identity.actor())
    return {"id": id, "reviews_deleted": movie.review_count}


@blueprint.get("/movies/<int:id>/average_rating")
@Operation("movies", AverageRatingOut)
def get_average_rating(id: int) -> Movie:
    """Return a movie's rating: the mean of its reviews' ratings."""
    return _catalogue().movie(id)


@blueprint.post("/reviews")
@Operation("reviews", ReviewOut, 201, body=ReviewInput, problems=(403, 404, 409, 503))
def add_review() -> Review:
    """Add a review and return it with its sentiment."""
    check_rate_limit(RateLimitScope.POSTS)
    review = _body(ReviewInput)
    key = nickname_key(review.author)
    with reject_duplicates(review):
        permissions.require_nickname(_catalogue(), key, review.author, review.passphrase)
        return _catalogue().add_review(review, identity.owner_token(key))


@blueprint.get("/reviews")
@Operation("reviews", list[ReviewOut], query=AllReviewsQuery)
def list_all_reviews() -> tuple[list[Review], int, dict[str, str]]:
    """Return the reviews of all movies, newest first.

    With `author`, only those under that nickname, ordered by `sort`. Browsers get a page at this URL.
    """
    query = _query(AllReviewsQuery)
    page = _catalogue().all_reviews(query)
    return [review for review, _ in page.items], 200, _page_headers(page, query) | {"Vary": "Accept"}


# The id is a movie's for GET and a review's for DELETE. OpenAPI needs one name for both.
@blueprint.get("/reviews/<int:id>")
@Operation("reviews", list[ReviewOut], query=ReviewsQuery)
def list_reviews(id: int) -> tuple[list[Review], int, dict[str, str]]:
    """Return the reviews of the movie with this id, newest first unless `sort` says otherwise.

    Without `page` and `per_page`, all of them up to 1,000.
    """
    query = _query(ReviewsQuery)
    page = _catalogue().reviews(id, query)
    return page.items, 200, _page_headers(page, query)


@blueprint.patch("/reviews/<int:id>")
@Operation("reviews", ReviewOut, body=ReviewPatch, problems=(401, 403, 503))
def edit_review(id: int) -> Review:
    """Change the review with this id.

    Omitted fields are kept; a changed text is analyzed again.
    """
    old = _catalogue().review(id)
    permissions.require(Permission.EDIT_REVIEW, old.writer)
    check_rate_limit(RateLimitScope.POSTS)
    patch = _body(ReviewPatch)
    if patch.author and patch.author != old.author:
        permissions.require_nickname(_catalogue(), nickname_key(patch.author), patch.author)
    return _catalogue().edit_review(id, patch, identity.actor())


@blueprint.delete("/reviews/<int:id>")
@Operation("reviews", DeletedReviewOut, problems=(401, 403))
def delete_review(id: int) -> dict[str, int]:
    """Delete the review with this id."""
    permissions.require(Permission.DELETE_REVIEW, _catalogue().review(id).writer)
    _catalogue().delete_review(id, identity.actor())
    return {"id": id}


@blueprint.post("/reviews/<int:id>/correction")
@Operation("reviews", ReviewOut, body=CorrectionInput)
def correct_review(id: int) -> Review:
    """Correct the review's label: it should be the other one, or neither ("어느 쪽도 아님").

    Counted once per browser, identified by its cookie, and without effect on ratings. The model's label withdraws it.
    """
    check_rate_limit(RateLimitScope.POSTS)
    return _catalogue().set_correction(id, identity.ensure_writer_token(), _body(CorrectionInput).label)


@blueprint.delete("/reviews/<int:id>/correction")
@Operation("reviews", ReviewOut)
def take_correction_back(id: int) -> Review:
    """Withdraw this browser's correction of the review, if any."""
    return _catalogue().set_correction(id, identity.writer_token(), None)


@blueprint.post("/reviews/<int:id>/like")
@Operation("reviews", ReviewOut, problems=(429,))
def like_review(id: int) -> Review:
    """Like the review with this id.

    Counted once per browser, identified by its cookie.
    """
    check_rate_limit(RateLimitScope.POSTS)
    return _catalogue().like(id, identity.ensure_writer_token())


@blueprint.post("/sentiment")
@Operation("sentiment", SentimentOut, body=SentimentInput, problems=(503,))
def analyze() -> Sentiment:
    """Analyze a text without storing it."""
    check_rate_limit(RateLimitScope.ANALYSES)
    (sentiment,) = _catalogue().analyze([_body(SentimentInput).text])
    return sentiment


@blueprint.post("/sentiment/batch")
@Operation("sentiment", list[SentimentOut], body=SentimentBatchInput, problems=(503,))
def analyze_batch() -> list[Sentiment]:
    """Analyze up to 1,000 texts without storing them; results are in the same order."""
    texts = _body(SentimentBatchInput).texts
    check_rate_limit(RateLimitScope.ANALYSES, max(1, len(texts)))
    return _catalogue().analyze(texts)


@blueprint.post("/sentiment/explain")
@Operation("sentiment", ExplanationOut, body=SentimentInput, problems=(503,))
def explain() -> dict[str, object]:
    """Analyze a text and return the weight of each word, without storing it."""
    check_rate_limit(RateLimitScope.ANALYSES, EXPLANATION_COST)
    explanation = _catalogue().explain(_body(SentimentInput).text)
    return asdict(explanation.sentiment) | {"words": explanation.words, "stated_score": explanation.stated_score}


@blueprint.get("/healthz")
@Operation("site", HealthOut)
def check_health() -> dict[str, str]:
    """Report that the process is alive."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@Operation("site", HealthOut, problems=(503,))
def check_readiness() -> dict[str, str]:
    """Report whether the model and the store are ready."""
    _catalogue().check()
    return {"status": "ready"}


@blueprint.get("/metrics")
@Operation("site", None, text="text/plain", problems=(401,))
def list_metrics() -> Response:
    """Return metrics in Prometheus' text format."""
    permissions.require(Permission.READ_METRICS)
    return Response(get_service(Metrics).text(), content_type=CONTENT_TYPE)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    return json_response(_document(current_app._get_current_object()))  # type: ignore[attr-defined]


@cache
def _document(app: Flask) -> dict[str, Any]:
    return build_document(app)


@blueprint.get("/docs")
def docs() -> str:
    return render_template("docs.html")


@blueprint.get("/docs/<any('swagger_bundle.js', 'swagger_style.css'):name>")
def docs_file(name: str) -> Response:
    return _swagger_file(name).to_response()


@cache
def _swagger_file(name: str) -> StaticFile:
    """Return a file of Swagger UI in the package offapi, which is not imported, as that would load 9 MB of scripts."""
    return StaticFile(Path(str(distribution("offapi").locate_file(f"offapi/{name}"))))
