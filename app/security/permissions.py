"""Permissions for everything but reading, adding and analyzing, which are public, and for the use of nicknames.

A claimed nickname is used only in browsers that have given its passphrase.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from flask import Flask
from werkzeug.security import check_password_hash, generate_password_hash

from app.errors import AlreadyExists, FieldError, NicknameRefused, PermissionDenied, ReviewedByOthers
from app.models import Movie
from app.security import identity
from app.security.rate_limits import RateLimitScope, check_rate_limit, reset_rate_limit
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
MIN_PASSPHRASE = 8
"""Minimum length of a passphrase, in characters."""


class Reviews(Protocol):
    """Interface of the review service for movies' reviews and nicknames."""

    def has_reviews_by_others(self, movie_id: int, writers: Collection[str]) -> bool: ...
    def nickname_hash(self, key: str) -> str | None: ...
    def nickname_writers(self, nickname: str) -> set[str]: ...
    def claim_nickname(self, key: str, passphrase_hash: str) -> None: ...


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


def require_nickname(reviews: Reviews, key: str, nickname: str, passphrase: str = "") -> None:
    """Check the passphrase of a claimed nickname, or claim a free one if a passphrase is given.

    `key` is the nickname in the form that is compared. Raise `NicknameRefused` if this browser may not use it.
    """
    if reviews.nickname_hash(key) is not None:
        if key in identity.nicknames():
            return
        if not passphrase:
            raise _taken()
        verify_nickname(reviews, key, passphrase)
    elif passphrase:
        check_rate_limit(RateLimitScope.LOGINS)
        _claim(reviews, key, nickname, passphrase)


def verify_nickname(reviews: Reviews, key: str, passphrase: str) -> None:
    """Unlock the nickname for this browser. Raise `NicknameRefused` for a wrong passphrase or an unclaimed nickname."""
    check_rate_limit(RateLimitScope.LOGINS)
    found = reviews.nickname_hash(key)
    if found is None:
        raise NicknameRefused([FieldError("author", "nickname_free", "nobody has claimed this nickname")])
    if not check_password_hash(found, passphrase):
        raise NicknameRefused([FieldError("passphrase", "passphrase_wrong", "is not this nickname's passphrase")])
    reset_rate_limit(RateLimitScope.LOGINS)
    identity.unlock_nickname(key)


def _claim(reviews: Reviews, key: str, nickname: str, passphrase: str) -> None:
    """Claim a free nickname. Raise `NicknameRefused` for a short passphrase, or if others have used the nickname."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise NicknameRefused(
            [FieldError("passphrase", "passphrase_short", f"must have at least {MIN_PASSPHRASE} characters")]
        )
    if not all(map(identity.is_writer, reviews.nickname_writers(nickname))):
        raise NicknameRefused([FieldError("author", "nickname_used", "others have written under this nickname")])
    try:
        reviews.claim_nickname(key, generate_password_hash(passphrase, method="scrypt"))
    except AlreadyExists:
        raise _taken() from None
    identity.unlock_nickname(key)


def _taken() -> NicknameRefused:
    return NicknameRefused([FieldError("author", "nickname_claimed", "this nickname is claimed: give its passphrase")])
