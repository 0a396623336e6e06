"""The latest reviews of all movies, as a page and as Atom feeds (RFC 4287), and the feed of one movie."""

import re
from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from app.errors import NotFound
from app.models import Movie, Review
from app.schemas import AllReviewsQuery, ReviewsQuery
from app.web.pages import REVIEWS_A_PAGE, catalogue, read_query, redirect_merged
from app.web.rendering import render

blueprint = Blueprint("feeds", __name__)

PATH = "/reviews"
"""The JSON route's path, too: browsers get HTML, other clients JSON."""
FEED_ENTRIES = 50
_EPOCH = "1970-01-01T00:00:00Z"
_NOT_XML = re.compile("[^\\t\\n\\r -\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


@blueprint.before_app_request
def show() -> Response | None:
    """Return the page for a browser's `GET /reviews`; None passes other requests on to their routes."""
    if request.path != PATH or request.method not in ("GET", "HEAD"):
        return None
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html":
        return None
    page = catalogue().all_reviews(AllReviewsQuery(page=read_query(AllReviewsQuery).page, per_page=REVIEWS_A_PAGE))
    response = render("recent.html", page=page, address=lambda number: url_for("api.list_all_reviews", page=number))
    response.vary.add("Accept")
    return response


@blueprint.get("/reviews.atom")
def feed() -> Response:
    entries = catalogue().all_reviews(AllReviewsQuery(per_page=FEED_ENTRIES)).items
    return _feed(gettext("감평의 새 리뷰"), entries, url_for("movies.home", _external=True))


@blueprint.get("/movie/<int:id>/reviews.atom")
def movie_feed(id: int) -> BaseResponse:
    """Return the feed of a movie, or a redirect to that of the movie into which it was merged."""
    try:
        movie = catalogue().movie(id)
    except NotFound:
        return redirect_merged(id, "feeds.movie_feed")
    reviews = catalogue().reviews(id, ReviewsQuery(per_page=FEED_ENTRIES)).items
    title = gettext("‘%(title)s’의 새 리뷰", title=movie.title)
    return _feed(title, [(review, movie) for review in reviews], url_for("movies.show", id=id, _external=True))


@blueprint.app_template_filter()
def xml_text(text: str) -> str:
    """Remove the characters that XML 1.0 does not allow."""
    return _NOT_XML.sub("", text)


def _feed(title: str, entries: Sequence[tuple[Review, Movie]], page: str) -> Response:
    updated = max((review.edited_at or review.created_at for review, _ in entries), default=_EPOCH)
    feed = render_template(
        "feed.xml",
        title=title,
        entries=entries,
        page=page,
        url=request.base_url,
        updated=updated,
        covered=gettext("스포일러가 있는 리뷰예요."),
    )
    return Response(feed, mimetype="application/atom+xml")
