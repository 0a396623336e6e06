"""Pages of authors: all reviews under a nickname, and proving a nickname by its passphrase."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.routing import PathConverter
from werkzeug.wrappers import Response as BaseResponse

from app.errors import FieldError, NotFound, ValidationFailed
from app.models import ReviewSort
from app.schemas import AUTHOR_MAX, PASSPHRASE_MAX, AllReviewsQuery
from app.security import permissions
from app.services.search import nickname_key
from app.web import messages
from app.web.forms import NicknameForm
from app.web.pages import REVIEW_ORDERS, REVIEWS_A_PAGE, catalogue, read_query
from app.web.rendering import flash_message, render

blueprint = Blueprint("authors", __name__)


class NameConverter(PathConverter):
    """Nickname in a URL; any characters, including slashes."""

    regex = f".{{1,{AUTHOR_MAX}}}"
    part_isolating = False


@blueprint.app_template_filter()
def has_page(author: str) -> bool:
    """Return whether a URL can contain the nickname: browsers resolve `.` and `..` segments."""
    return not {".", ".."} & set(author.split("/"))


@blueprint.get("/author/<name:name>")
def show(name: str) -> Response:
    if "\0" in name:  # PostgreSQL rejects such text
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
        page=page,
        query=query,
        orders=REVIEW_ORDERS,
        address=lambda number: url_for("authors.show", name=name, sort=sort, page=number),
    )


@blueprint.route("/nickname", methods=["GET", "POST"])
def prove() -> BaseResponse:
    form = NicknameForm.from_request()
    if not form.submit(_prove):
        return render("nickname.html", form, form=form)
    flash_message(messages.NICKNAME_PROVED)
    return redirect(url_for("movies.home"), 303)


def _prove(data: dict[str, str]) -> bool:
    author, passphrase = data.get("author", "").strip(), data.get("passphrase", "")
    if not 0 < len(author) <= AUTHOR_MAX:
        raise ValidationFailed([FieldError("author", "blank", "must be a nickname")])
    if not 0 < len(passphrase) <= PASSPHRASE_MAX:
        raise ValidationFailed([FieldError("passphrase", "passphrase_wrong", "is not this nickname's passphrase")])
    permissions.verify_nickname(catalogue(), nickname_key(author), passphrase)
    return True
