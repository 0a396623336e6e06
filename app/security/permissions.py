"""Permissions for everything but reading, adding and analyzing, which are public."""

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from flask import Flask

from app.errors import PermissionDenied, ReviewedByOthers
from app.models import Movie
from app.security import identity
from app.settings import Settings


class Permission(StrEnum):
    """Operations that are not public."""

    DELETE_MOVIE = "delete_movie"
    MERGE_MOVIES = "merge_movies"
    EDIT_REVIEW = "edit_review"
    DELETE_REVIEW = "delete_review"
    UNDO = "undo"
    IMPORT = "import"
    EXPORT = "export"
    RESCORE = "rescore"
    READ_LOG = "read_log"
    READ_METRICS = "read_metrics"


OWNER_ONLY = {Permission.EDIT_REVIEW, Permission.DELETE_REVIEW, Permission.UNDO}
"""Operations allowed to the writer of a review besides the administrator. For movies see `may_edit_movie`."""


class Reviews(Protocol):
    """Interface of the review service for editing movies."""

    def has_reviews_by_others(self, movie_id: int, writers: Collection[str]) -> bool: ...


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


def may_edit_movie(reviews: Reviews, movie: Movie) -> bool:
    """Return whether the caller is the administrator, or added the movie, which has no reviews by others."""
    if identity.is_admin():
        return True
    return identity.is_writer(movie.owner) and not reviews.has_reviews_by_others(movie.id, identity.owner_tokens())


def require_movie_edit(reviews: Reviews, movie: Movie) -> Collection[str] | None:
    """Raise `PermissionDenied` if the caller may not edit the movie.

    Return the caller's owner tokens, for a second check within the transaction of the edit, or None for the
    administrator.
    """
    if not may_edit_movie(reviews, movie):
        if identity.is_writer(movie.owner):
            raise ReviewedByOthers("others have reviewed this movie: only the administrator may edit it now")
        raise PermissionDenied("only the administrator and the one who added the movie may do this", needs_login=True)
    return None if identity.is_admin() else identity.owner_tokens()
