"""Permissions for everything but reading, adding and analyzing, which are public."""

from enum import StrEnum

from flask import Flask

from app.errors import PermissionDenied
from app.security import identity
from app.settings import Settings


class Permission(StrEnum):
    """Operations that are not public."""

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
"""Operations allowed to the writer of a review besides the administrator. Movies have no such owner."""


def register(app: Flask, settings: Settings) -> None:
    """Add permission checks to the templates' globals."""
    is_open_to_all = bool(settings.open_mode) and not settings.has_password
    app.add_template_global(is_allowed)
    app.add_template_global(identity.is_admin)
    app.add_template_global(lambda: is_open_to_all, "is_open_to_all")
    app.add_template_global(identity.is_logged_in)


def is_allowed(permission: str, owner: str = "") -> bool:
    """Return whether the caller has the permission (or its name), for content with the owner token `owner`."""
    return (Permission(permission) in OWNER_ONLY and identity.is_writer(owner)) or identity.is_admin()


def require(permission: Permission, owner: str = "") -> None:
    """Raise `PermissionDenied` if the caller lacks the permission."""
    if is_allowed(permission, owner):
        return
    if permission in OWNER_ONLY:
        message = "only its writer and the administrator may do this"
        is_writers = permission is not Permission.UNDO
        raise PermissionDenied(message, needs_login=not identity.writer_token(), is_writers=is_writers)
    raise PermissionDenied("only the administrator may do this", needs_login=True)
