"""Exceptions of the application; `app/error_handlers.py` maps them to HTTP status codes."""

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, Self


class AppError(Exception):
    """Base of the application's exceptions. The message is one sentence that can be shown to the caller."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """A validation error of a field.

    `field` is empty if the whole input is invalid. `type` is pydantic's or our error type, `message` an English text,
    `context` the values in it (`max_length`, ...), and `index` that of a list's element.
    """

    field: str
    type: str
    message: str
    context: dict[str, Any] = attribute(default_factory=dict)
    index: int | None = None

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class ValidationFailed(AppError):
    """Raised for invalid input: 422.

    `errors` has at least one `FieldError`; `source` is the invalid part of the request, "body", "query" or "file".
    """

    def __init__(self, errors: list[FieldError], source: str = "body") -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors
        self.source = source

    @classmethod
    def in_file(cls, type: str, message: str, field: str = "", **context: str | int) -> Self:
        """Return an error of a file or a row of it."""
        return cls([FieldError(field, type, message, context)], "file")


class NicknameRefused(ValidationFailed):
    """Raised if a nickname is claimed by someone else or the passphrase is wrong: 403, or errors in the form."""


class ItemError(AppError):
    """Base of the errors about an item of a `kind` ("movie", "review", ...) with an `id`."""

    problem = ""

    def __init__(self, kind: str, id: int) -> None:
        super().__init__(f"{kind} {id} {self.problem}")
        self.kind = kind
        self.id = id


class NotFound(ItemError):
    """Raised if there is no such item: 404."""

    problem = "not found"


class AlreadyExists(ItemError):
    """Raised if there is an equal item, which has this id: 409."""

    problem = "is already there"


class EditConflict(ItemError):
    """Raised if the item was edited since the caller read it: 409."""

    problem = "was edited meanwhile"


class UndoExpired(ItemError):
    """Raised for a change that cannot be undone, or no longer: 410."""

    problem = "cannot be undone any more"

    def __init__(self, change_id: int) -> None:
        super().__init__("change", change_id)


class TemporaryError(AppError):
    """Base of the errors after which the caller may try again in `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelBusy(TemporaryError):
    """Raised if the model's queue is full: 503."""


class StoreUnavailable(TemporaryError):
    """Raised if the database cannot be reached or written, or the model does not respond: 503."""

    def __init__(self, message: str, *, retry_after: int = 2) -> None:
        super().__init__(message, retry_after=retry_after)


class RateLimited(TemporaryError):
    """Raised if a client exceeds a rate limit: 429."""


class PermissionDenied(AppError):
    """Raised if the caller lacks a permission: 401 if logging in may help (`needs_login`), else 403.

    `is_writers` is whether the writer of the review has the permission.
    """

    def __init__(self, message: str, *, needs_login: bool = False, is_writers: bool = False) -> None:
        super().__init__(message)
        self.needs_login = needs_login
        self.is_writers = is_writers


class ReviewedByOthers(PermissionDenied):
    """Raised if the caller may not edit their own movie any more, because others have reviewed it: 403."""


class DuplicateSubmission(AppError):
    """Raised if the client repeats its last post: 409."""


def first_line(error: BaseException) -> str:
    """Format an exception in one line of at most 200 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"


class SettingsError(AppError):
    """Raised at start for an invalid setting."""


class ModelError(AppError):
    """Raised if the sentiment model cannot be loaded; the message is one line with model, cause and remedy."""
