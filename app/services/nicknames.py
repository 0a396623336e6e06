"""Comparison of nicknames."""

from app.services.search import fold


def nickname_key(nickname: str) -> str:
    """Return the form in which nicknames are compared: without case, spaces, punctuation and full-width forms."""
    return fold(nickname)
