"""Who may do what, in one place. Reading, adding and asking the model are everybody's; the rest is written here."""

from enum import StrEnum

from flask import Flask

from app.errors import PermissionDenied
from app.security import identity
from app.settings import Settings


class Permission(StrEnum):
    """What not everybody may do."""

    EDIT_MOVIE = "edit_movie"
    DELETE_MOVIE = "delete_movie"
    EDIT_REVIEW = "edit_review"
    DELETE_REVIEW = "delete_review"
    UNDO = "undo"
    IMPORT = "import"
    EXPORT = "export"
    RESCORE = "rescore"
    READ_LOG = "read_log"
    READ_METRICS = "read_metrics"


OWNER_ONLY = {Permission.EDIT_REVIEW, Permission.DELETE_REVIEW, Permission.UNDO}
"""What the writer of a review may do with it, too. Movies are everybody's, so they have no such writer."""


def register(app: Flask, settings: Settings) -> None:
    """Lets templates ask, so that they offer only what the caller may do."""
    is_open_to_all = bool(settings.open_mode) and not settings.has_password
    app.add_template_global(is_allowed)
    app.add_template_global(identity.is_admin)
    app.add_template_global(lambda: is_open_to_all, "is_open_to_all")
    app.add_template_global(identity.is_logged_in)


def is_allowed(deed: str, owner: str = "") -> bool:
    """Whether the caller may do `deed` (a `Permission`, or its name) with what the browser marked `owner` wrote."""
    return (Permission(deed) in OWNER_ONLY and identity.is_writer(owner)) or identity.is_admin()


def require(deed: Permission, owner: str = "") -> None:
    """Raise `PermissionDenied` if the caller lacks the permission."""
    if is_allowed(deed, owner):
        return
    if deed in OWNER_ONLY:
        message = "only its writer and the administrator may do this"
        raise PermissionDenied(message, needs_login=not identity.writer_token(), is_writers=deed is not Permission.UNDO)
    raise PermissionDenied("only the administrator may do this", needs_login=True)
