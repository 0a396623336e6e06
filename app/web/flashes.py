"""Messages for the next page, kept in the session's cookie until one shows them."""

from typing import Any

from flask import flash, session

MAX_NAME = 60
"""Characters of a title in a message: messages travel in a cookie of 4 KB."""
MAX_SIZE = 3
"""Messages in the cookie, which holds 4 KB. A caller who never looks at a page keeps the last few, not all."""


def flash_message(text: str = "", **more: Any) -> None:
    """Keep a message: its text, or whatever else of JSON a template shows."""
    session["_flashes"] = session.get("_flashes", [])[1 - MAX_SIZE :]
    flash({"text": str(text), **more})  # type: ignore[arg-type]  # a message may be any JSON
