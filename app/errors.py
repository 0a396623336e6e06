"""The failures the product knows by name; `app/error_handlers.py` maps each to a status code, once."""

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any


class AppError(Exception):
    """The base of all failures below; its text is one sentence that may be shown to the caller."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """A broken rule of the input.

    `field` is empty where the whole input is wrong, `type` is pydantic's error type, `message` is English, `context`
    holds the numbers behind it (`max_length`, ...), and `index` is the place of a list's element.
    """

    field: str
    type: str
    message: str
    context: dict[str, Any] = attribute(default_factory=dict)
    index: int | None = None


class ValidationFailed(AppError):
    """What the caller sent breaks rules: 422.

    `errors` holds at least one `FieldError`; `source` is where they were found, "body" or "query".
    """

    def __init__(self, errors: list[FieldError], source: str = "body") -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors
        self.source = source


class NicknameRefused(ValidationFailed):
    """The nickname is others', or the passphrase is not its own: 403, and beside their fields on a form."""


class NotFound(AppError):
    """There is no such `kind` ("movie", "review") with this id, or no longer: 404."""

    def __init__(self, kind: str, id: int) -> None:
        super().__init__(f"{kind} {id} not found")
        self.kind = kind
        self.id = id


class ModelBusy(AppError):
    """The model has more to read than it may queue: 503. `retry_after` is in whole seconds."""

    def __init__(self, message: str = "the model is busy", *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AlreadyExists(AppError):
    """There is such a `kind` ("movie", "review") already, with this id: 409, or for who meant to add it, that one."""

    def __init__(self, kind: str, id: int) -> None:
        super().__init__(f"{kind} {id} is already there")
        self.kind = kind
        self.id = id


class UndoExpired(AppError):
    """A change that cannot be undone, or not any more: 410."""

    def __init__(self, change_id: int) -> None:
        super().__init__(f"change {change_id} cannot be undone any more")
        self.change_id = change_id


class StoreUnavailable(AppError):
    """The store cannot be reached or written (database lost, disk full), or the model is stuck: 503.

    `retry_after` is in whole seconds.
    """

    def __init__(self, message: str = "the store is not available", *, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermissionDenied(AppError):
    """The caller may not do this: 401 where logging in would help (`needs_login`), else 403.

    `is_writers`: the writer of a review may.
    """

    def __init__(self, message: str, *, needs_login: bool = False, is_writers: bool = False) -> None:
        super().__init__(message)
        self.needs_login = needs_login
        self.is_writers = is_writers


class DuplicateSubmission(AppError):
    """The client sent the same thing again: 409."""


class RateLimited(AppError):
    """One client asks for more than its share: 429. `retry_after` is in whole seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def first_line(error: BaseException) -> str:
    """Return an exception in one line of at most 200 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"


class SettingsError(AppError):
    """An environment variable holds something that cannot be used; the site does not start."""


class ModelError(AppError):
    """The sentiment model cannot be used; the text names the model, the cause and the way out, in one line."""
