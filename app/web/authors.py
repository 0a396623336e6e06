"""An author's page: all reviews under one nickname."""

from flask import Blueprint, Flask, Response, url_for
from werkzeug.routing import PathConverter

from app.errors import NotFound
from app.models import ReviewSort
from app.schemas import AUTHOR_MAX, AllReviewsQuery
from app.web import charts
from app.web.page_links import page_links
from app.web.pages import REVIEW_ORDERS, REVIEWS_A_PAGE, catalogue, named, read_query
from app.web.rendering import render

blueprint = Blueprint("authors", __name__)


class NameConverter(PathConverter):
    """A nickname: any characters, slashes too."""

    regex = f".{{1,{AUTHOR_MAX}}}"
    part_isolating = False


def register(app: Flask) -> None:
    app.url_map.converters["name"] = NameConverter
    app.register_blueprint(blueprint)


@blueprint.app_template_filter()
def has_page(author: str) -> bool:
    """Return whether an address can hold the nickname: browsers take `.` and `..` for folders."""
    return not {".", ".."} & set(author.split("/"))


@blueprint.get("/author/<name:name>")
def show(name: str) -> Response:
    if "\0" in name:  # PostgreSQL takes no such text
        raise NotFound("author", 0)
    query = read_query(AllReviewsQuery, author=name, per_page=REVIEWS_A_PAGE)
    summary = catalogue().author(name)
    if not summary.review_count:
        raise NotFound("author", 0)
    page = catalogue().all_reviews(query)
    sort = None if query.sort is ReviewSort.NEWEST else query.sort
    return render(
        "author.html",
        author=name,
        summary=summary,
        bars=charts.histogram(summary.histogram),
        page=page,
        query=query,
        orders=named(REVIEW_ORDERS),
        links=page_links(page, lambda number: url_for("authors.show", name=name, sort=sort, page=number)),
    )
