"""Nicknames that are claimed by a passphrase."""

from app.services.search import fold


def nickname_key(nickname: str) -> str:
    """Return what makes two nicknames the same: case, spaces, punctuation and full-width forms do not count."""
    return fold(nickname)
