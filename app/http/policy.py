"""Who may do what, in one place. Reading, adding and asking the model are everybody's; the rest is written here."""

from enum import StrEnum

from flask import Flask

from app.errors import Denied
from app.http import caller
from app.settings import Settings


class Deed(StrEnum):
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


OWN = {Deed.EDIT_REVIEW, Deed.DELETE_REVIEW, Deed.UNDO}
"""What the writer of a review may do with it, too. Movies are everybody's, so they have no such writer."""


def register(app: Flask, settings: Settings) -> None:
    """Lets templates ask, so that they offer only what the caller may do."""
    is_open_to_all = bool(settings.open_mode) and not settings.has_password
    app.add_template_global(may)
    app.add_template_global(caller.is_admin)
    app.add_template_global(lambda: is_open_to_all, "is_open_to_all")
    app.add_template_global(caller.is_logged_in)


def may(deed: str, owner: str = "") -> bool:
    """Whether the caller may do `deed` (a `Deed`, or its name) with what the browser marked `owner` wrote."""
    return (Deed(deed) in OWN and bool(owner) and owner == caller.mark()) or caller.is_admin()


def require(deed: Deed, owner: str = "") -> None:
    """Raises `Denied` where the caller may not."""
    if may(deed, owner):
        return
    if deed in OWN:
        message = "only its writer and the administrator may do this"
        raise Denied(message, needs_login=not caller.mark(), is_writers=deed is not Deed.UNDO)
    raise Denied("only the administrator may do this", needs_login=True)
