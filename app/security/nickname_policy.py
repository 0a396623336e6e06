"""Use of nicknames: a claimed one only in browsers that have given its passphrase."""

from typing import Protocol

from werkzeug.security import check_password_hash, generate_password_hash

from app.errors import AlreadyExists, FieldError, NicknameRefused
from app.security import identity
from app.security.rate_limits import RateLimitScope, check_rate_limit, reset_rate_limit

MIN_PASSPHRASE = 8
"""Minimum length of a passphrase, in characters."""


class Nicknames(Protocol):
    """Interface of the review service for nicknames."""

    def nickname_hash(self, key: str) -> str | None: ...
    def nickname_writers(self, nickname: str) -> set[str]: ...
    def claim_nickname(self, key: str, passphrase_hash: str) -> None: ...


def require_nickname(nicknames: Nicknames, key: str, nickname: str, passphrase: str = "") -> None:
    """Check the passphrase of a claimed nickname, or claim a free one if a passphrase is given.

    `key` is the nickname in the form that is compared. Raise `NicknameRefused` if this browser may not use it.
    """
    if nicknames.nickname_hash(key) is not None:
        if key in identity.nicknames():
            return
        if not passphrase:
            raise _taken()
        verify_nickname(nicknames, key, passphrase)
    elif passphrase:
        check_rate_limit(RateLimitScope.LOGINS)
        _claim(nicknames, key, nickname, passphrase)


def verify_nickname(nicknames: Nicknames, key: str, passphrase: str) -> None:
    """Unlock the nickname for this browser. Raise `NicknameRefused` for a wrong passphrase or an unclaimed nickname."""
    check_rate_limit(RateLimitScope.LOGINS)
    found = nicknames.nickname_hash(key)
    if found is None:
        raise NicknameRefused([FieldError("author", "nickname_free", "nobody has claimed this nickname")])
    if not check_password_hash(found, passphrase):
        raise NicknameRefused([FieldError("passphrase", "passphrase_wrong", "is not this nickname's passphrase")])
    reset_rate_limit(RateLimitScope.LOGINS)
    identity.unlock_nickname(key)


def _claim(nicknames: Nicknames, key: str, nickname: str, passphrase: str) -> None:
    """Claim a free nickname. Raise `NicknameRefused` for a short passphrase, or if others have used the nickname."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise NicknameRefused(
            [FieldError("passphrase", "passphrase_short", f"must have at least {MIN_PASSPHRASE} characters")]
        )
    if not all(map(identity.is_writer, nicknames.nickname_writers(nickname))):
        raise NicknameRefused([FieldError("author", "nickname_used", "others have written under this nickname")])
    try:
        nicknames.claim_nickname(key, generate_password_hash(passphrase, method="scrypt"))
    except AlreadyExists:
        raise _taken() from None
    identity.unlock_nickname(key)


def _taken() -> NicknameRefused:
    return NicknameRefused([FieldError("author", "nickname_claimed", "this nickname is claimed: give its passphrase")])
