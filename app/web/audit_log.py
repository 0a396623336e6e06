"""The audit log page, and undoing deletions and imports within a day."""

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from app.extensions import get_service
from app.i18n import lazy_gettext as _
from app.models import UNDO_HOURS, AuditAction, AuditEntry
from app.schemas import PageQuery
from app.security import identity, permissions
from app.security.permissions import Permission
from app.services.jobs import Jobs
from app.web import messages
from app.web.filters import shorten_title
from app.web.forms import Form
from app.web.pages import catalogue, read_query, review_address
from app.web.rendering import flash_message, render

blueprint = Blueprint("audit_log", __name__)

CHANGES_A_PAGE = 50
_ACTIONS = {
    AuditAction.EDIT_MOVIE: _("영화 수정"),
    AuditAction.DELETE_MOVIE: _("영화 삭제"),
    AuditAction.EDIT_REVIEW: _("리뷰 수정"),
    AuditAction.DELETE_REVIEW: _("리뷰 삭제"),
    AuditAction.UNDO: _("되돌림"),
    AuditAction.IMPORT: _("가져오기"),
    AuditAction.RESCORE: _("다시 읽기"),
    AuditAction.MERGE_MOVIES: _("영화 합치기"),
}
_TOKEN_LENGTH_SHOWN = 6
_MAX_ID_LENGTH = 17


@blueprint.get("/admin/log")
def show_log() -> Response:
    permissions.require(Permission.READ_LOG)
    page = catalogue().audit_log(read_query(PageQuery, per_page=CHANGES_A_PAGE))
    return render(
        "audit_log.html",
        page=page,
        address=lambda number: url_for("audit_log.show_log", page=number),
        actions=_ACTIONS,
        name=actor_label,
        hours=UNDO_HOURS,
    )


@blueprint.route("/undo/<int:id>", methods=["GET", "POST"])
def undo(id: int) -> BaseResponse:
    change = _own_change(id)
    form = Form.from_request()
    if form.has_valid_token():
        if change.action is not AuditAction.IMPORT or not get_service(Jobs).is_running:
            catalogue().undo(id, identity.actor())
            return redirect(_flash_undone(change), 303)
        form.status, form.alert = 409, str(messages.JOB_RUNNING)
    return render("undo.html", form, change=change, form=form, actions=_ACTIONS)


def deletion_notices(shown: list[Any]) -> list[dict[str, Any]]:
    """Return a message that offers to undo the deletion in the query string, so that it survives a reload.

    Empty if a `shown` message offers it already, or if it cannot be undone by this caller.
    """
    number = request.args.get("deleted", "")
    if not (number.isascii() and number.isdecimal() and len(number) <= _MAX_ID_LENGTH):
        return []
    if any(message.get("undo") for message in shown):
        return []
    change = catalogue().audit_entry(int(number))
    if change is None or not change.undoable or not permissions.is_allowed(Permission.UNDO, change.who):
        return []
    text = f"{_ACTIONS[change.action]}: {shorten_title(change.summary)}"
    return [{"text": text, "undo": change.id}]


blueprint.add_app_template_global(deletion_notices)


def actor_label(who: str) -> str:
    """Return the name of an actor in the log."""
    if not who:
        return gettext("누구나 (열린 모드)")
    if who == identity.ADMIN:
        return gettext("관리자")
    return gettext("글쓴이 %(mark)s…", mark=who[:_TOKEN_LENGTH_SHOWN])


def _own_change(id: int) -> AuditEntry:
    """Return the entry. Raise `PermissionDenied` unless the caller is its actor or the administrator."""
    change = catalogue().audit_entry(id)
    if change is None:
        permissions.require(Permission.UNDO)
        raise NotFound
    permissions.require(Permission.UNDO, change.who)
    return change


def _flash_undone(change: AuditEntry) -> str:
    """Flash a message about the undone entry and return the URL that shows the restored item."""
    if change.action is AuditAction.IMPORT:
        flash_message(gettext("가져온 것을 되돌렸어요: %(summary)s", summary=change.summary))
        return url_for("audit_log.show_log")
    if change.action is AuditAction.MERGE_MOVIES:
        flash_message(gettext("합친 것을 되돌렸어요: %(summary)s", summary=shorten_title(change.summary)))
        return url_for("movies.show", id=change.movie_id)
    if change.review_id:
        author = shorten_title(catalogue().review(change.review_id).author)
        flash_message(gettext("%(author)s 님의 리뷰를 되돌렸어요.", author=author), review_id=change.review_id)
        return review_address(change.review_id)
    flash_message(gettext("‘%(title)s’ 영화를 되돌렸어요.", title=shorten_title(change.summary)))
    return url_for("movies.show", id=change.movie_id)
