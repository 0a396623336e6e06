"""Who may write under a nickname: anybody, or where it is claimed, a browser that has given its passphrase."""

from typing import Protocol

from werkzeug.security import check_password_hash, generate_password_hash

from app.errors import AlreadyExists, FieldError, NicknameRefused
from app.security import identity
from app.security.rate_limits import RateLimitScope, check_rate_limit, reset_rate_limit

MIN_PASSPHRASE = 8
"""Characters of a passphrase."""


class Nicknames(Protocol):
    """What `app.services` does for nicknames."""

    def nickname_hash(self, key: str) -> str | None: ...
    def nickname_writers(self, nickname: str) -> set[str]: ...
    def claim_nickname(self, key: str, passphrase_hash: str) -> None: ...


def require_nickname(nicknames: Nicknames, key: str, nickname: str, passphrase: str = "") -> None:
    """Raise `NicknameRefused` where the nickname is others'; a passphrase is checked, or claims a free nickname.

    `key` is what makes the nickname the same as others.
    """
    if nicknames.nickname_hash(key) is not None:
        if key in identity.nicknames():
            return
        if not passphrase:
            raise _taken()
        prove_nickname(nicknames, key, passphrase)
    elif passphrase:
        check_rate_limit(RateLimitScope.LOGINS)
        _claim(nicknames, key, nickname, passphrase)


def prove_nickname(nicknames: Nicknames, key: str, passphrase: str) -> None:
    """Remember that this browser has given the passphrase. Raise `NicknameRefused` where it is wrong."""
    check_rate_limit(RateLimitScope.LOGINS)
    found = nicknames.nickname_hash(key)
    if found is None:
        raise NicknameRefused([FieldError("author", "nickname_free", "nobody has claimed this nickname")])
    if not check_password_hash(found, passphrase):
        raise NicknameRefused([FieldError("passphrase", "passphrase_wrong", "is not this nickname's passphrase")])
    reset_rate_limit(RateLimitScope.LOGINS)
    identity.keep_nickname(key)


def _claim(nicknames: Nicknames, key: str, nickname: str, passphrase: str) -> None:
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
    identity.keep_nickname(key)


def _taken() -> NicknameRefused:
    return NicknameRefused([FieldError("author", "nickname_claimed", "this nickname is claimed: give its passphrase")])
