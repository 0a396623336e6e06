"""The HTML routes. A post that worked redirects with 303; one that has something to mend shows its page again."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NotFound
from app.extensions import get_service
from app.models import AuditAction, Movie, Review
from app.schemas import QUERY_MAX, MovieInput, ReviewInput, parse
from app.security import identity, permissions
from app.security.nickname_policy import require_nickname
from app.security.permissions import Permission
from app.security.rate_limits import RateLimitScope, check_rate_limit
from app.security.spam_protection import reject_duplicates
from app.services import MaintenanceService
from app.services.nicknames import nickname_key
from app.web import confirm_pages, error_messages, explanation_page, highlighting, pages, posters
from app.web.audit_log import last_deletion
from app.web.filters import FILTERS, shorten
from app.web.flashes import MAX_NAME, flash_message
from app.web.forms import DeleteForm, MovieForm, ReviewForm
from app.web.fragment_cache import cached_fragment
from app.web.movie_lookup import resolve_movie, suggest
from app.web.pages import catalogue

blueprint = Blueprint("web", __name__)
for _name, _filter in FILTERS.items():
    blueprint.add_app_template_filter(_filter, _name)
blueprint.add_app_template_filter(posters.poster_for, "drawing")
blueprint.add_app_template_global(cached_fragment)
blueprint.add_app_template_global(lambda: highlighting.THRESHOLDS, "highlight_thresholds")
blueprint.add_app_template_global(lambda: catalogue().model_card().id, "present_model")
# Every page, errors too, has the search box and the footer.
blueprint.app_context_processor(lambda: {"query_max": QUERY_MAX, "is_durable": get_service(MaintenanceService).durable})


@blueprint.get("/")
def home() -> Response:
    return pages.home()


@blueprint.get("/list")
def list_movies() -> Response:
    return pages.movie_list()


@blueprint.get("/suggestions")
def suggest_movies() -> Response:
    return jsonify(suggest(request.args.get("q", "")))


@blueprint.post("/movie")
def add_movie() -> BaseResponse:
    form = MovieForm.from_request()
    movie = form.submit(_add_movie)
    if movie is None:
        return pages.home(movie_form=form)
    title = shorten(movie.title, MAX_NAME)
    if form.content.data:
        flash_message(gettext("‘%(title)s’ 영화를 등록했어요.", title=title))
        return _add_review_to(movie.id)
    flash_message(gettext("‘%(title)s’ 영화를 등록했어요. 첫 리뷰를 남겨 보세요.", title=title))
    return _go_to("web.show_movie", id=movie.id)


@blueprint.post("/review")
def add_review() -> BaseResponse:
    form = ReviewForm.from_request()
    review = form.submit(lambda data: _add_review(resolve_movie(form, data)))
    if review is None:
        return pages.home(review_form=form)
    return _go_to_new(review)


@blueprint.get("/movie/<int:id>")
def show_movie(id: int) -> Response:
    return pages.movie(id)


@blueprint.post("/movie/<int:id>/review")
def add_movie_review(id: int) -> BaseResponse:
    return _add_review_to(id)


@blueprint.get("/movie/<int:id>/delete")
def ask_to_delete_movie(id: int) -> Response:
    permissions.require(Permission.DELETE_MOVIE)
    return confirm_pages.ask_to_delete(catalogue().movie(id))


@blueprint.post("/movie/<int:id>/delete")
def delete_movie(id: int) -> BaseResponse:
    permissions.require(Permission.DELETE_MOVIE)
    movie = catalogue().movie(id)
    form = DeleteForm.from_request()
    if not form.has_valid_token():
        return confirm_pages.ask_to_delete(movie, form=form)
    gone = catalogue().delete_movie(id, identity.actor())
    title = shorten(movie.title, MAX_NAME)
    deletion = last_deletion(AuditAction.DELETE_MOVIE, id)
    flash_message(
        ngettext(
            "‘%(title)s’ 영화와 리뷰 %(count)s개를 지웠어요.",
            "‘%(title)s’ 영화와 리뷰 %(count)s개를 지웠어요.",
            gone,
            title=title,
            count=f"{gone:,}",
        )
        if gone
        else gettext("‘%(title)s’ 영화를 지웠어요.", title=title),
        undo=deletion,
    )
    return _go_to("web.home", deleted=deletion)


@blueprint.get("/review/<int:id>")
def show_review(id: int) -> BaseResponse:
    return redirect(pages.review_address(id, is_shared=True), 303)


@blueprint.get("/review/<int:id>/words")
def shade_review(id: int) -> Response:
    return explanation_page.words(catalogue().review(id))


@blueprint.get("/review/<int:id>/why")
def explain_review(id: int) -> Response:
    review = catalogue().review(id)
    return explanation_page.why(catalogue().movie(review.movie_id), review)


@blueprint.get("/review/<int:id>/delete")
def ask_to_delete_review(id: int) -> Response:
    review = catalogue().review(id)
    permissions.require(Permission.DELETE_REVIEW, review.writer)
    return confirm_pages.ask_to_delete(catalogue().movie(review.movie_id), review)


@blueprint.post("/review/<int:id>/delete")
def delete_review(id: int) -> BaseResponse:
    review = catalogue().review(id)
    permissions.require(Permission.DELETE_REVIEW, review.writer)
    form = DeleteForm.from_request()
    if not form.has_valid_token():
        return confirm_pages.ask_to_delete(catalogue().movie(review.movie_id), review, form)
    catalogue().delete_review(id, identity.actor())
    deletion = last_deletion(AuditAction.DELETE_REVIEW, id)
    flash_message(gettext("%(author)s 님의 리뷰를 지웠어요.", author=shorten(review.author, MAX_NAME)), undo=deletion)
    return _go_to("web.show_movie", id=review.movie_id, deleted=deletion)


@blueprint.get("/model")
def show_model() -> Response:
    return pages.model()


def _add_movie(data: Mapping[str, Any]) -> Movie:
    check_rate_limit(RateLimitScope.POSTS)
    return catalogue().add_movie(parse(MovieInput, data, strict=False))


def _add_review(data: Mapping[str, Any]) -> Review:
    check_rate_limit(RateLimitScope.POSTS)
    review = parse(ReviewInput, data, strict=False)
    key = nickname_key(review.author)
    with reject_duplicates(review):
        require_nickname(catalogue(), key, review.author, review.passphrase)
        return catalogue().add_review(review, identity.owner_token(key))


def _add_review_to(movie_id: int) -> BaseResponse:
    """Add the review that was posted to the movie, or show the movie's page with it where it cannot be added."""
    form = ReviewForm.from_request()
    review = form.submit(lambda data: _add_review(data | {"movie_id": movie_id}))
    if review is None:
        return _show_again(movie_id, form)
    return _go_to_new(review)


def _show_again(movie_id: int, form: ReviewForm) -> Response:
    """Return the movie's page, or where it has been deleted the home page: what was typed is kept either way."""
    try:
        return pages.movie(movie_id, form)
    except NotFound:
        form.movie_id.errors = []
        form.add_error("movie_id", error_messages.MOVIE_GONE)
        return pages.home(review_form=form)


def _go_to(endpoint: str, **values: Any) -> BaseResponse:
    return redirect(url_for(endpoint, **values), 303)


def _go_to_new(review: Review) -> BaseResponse:
    """Where a review that was just posted stands, the newest of its movie; the page there shows how it was read."""
    _show_reading(review)
    return _go_to("web.show_movie", id=review.movie_id, _anchor=f"review-{review.id}")


def _show_reading(review: Review) -> None:
    """Flash the new review's label, score and rating for the next page."""
    try:
        title = catalogue().movie(review.movie_id).title
    except NotFound:  # deleted in this very moment
        return flash_message(error_messages.DELETED_MEANWHILE)
    flash_message(
        title=shorten(title, MAX_NAME),
        movie_id=review.movie_id,
        review_id=review.id,
        label=review.sentiment_label,
        score=review.sentiment_score,
        rating=review.rating,
        is_positive=review.is_positive,
        is_uncertain=review.is_uncertain,
    )
