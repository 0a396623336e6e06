"""The forms: labels and HTML attributes. `app.schemas` validates the values, Flask-WTF the CSRF token."""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, PasswordField, StringField, TextAreaField

from app import schemas
from app.errors import (
    AlreadyExists,
    DuplicateSubmission,
    EditConflict,
    ModelBusy,
    NotFound,
    RateLimited,
    StoreUnavailable,
    ValidationFailed,
)
from app.i18n import lazy_gettext as _
from app.models import Movie
from app.security import spam_protection
from app.web import messages

T = TypeVar("T")


class Form(FlaskForm):
    """Base of all forms, and a form of buttons: the submitted values, their errors and the status of the response."""

    bot_protected = False
    """True for forms with the honeypot and the minimum time."""
    keeps_text = True
    """True if submitted values are shown again after an error."""
    conflict_alert = ""
    """The message if the edited item has changed since the form was opened."""

    has_conflict = False
    """True after such a change."""
    status = 200
    retry_after = 0
    alert = ""
    existing_id: int | None = None
    """Id of the existing movie with the posted title."""

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata=formdata, **values)  # type: ignore[no-untyped-call]  # Flask-WTF ships no types

    @classmethod
    def from_request(cls, **values: Any) -> Self:
        """Create the form from the posted data, or from `values` for a GET request.

        Posted JSON, which Flask-WTF would accept, too, is ignored.
        """
        return cls(request.form) if request.method == "POST" else cls(**values)

    def has_valid_token(self) -> bool:
        """Return whether the form was posted with a valid CSRF token; set the form's error for an invalid one."""
        if request.method != "POST":
            return False
        if not self.validate():
            self._set_error(400, messages.STALE_FORM)
            return False
        return True

    def looks_like_bot(self) -> bool:
        """Return whether a bot seems to have filled in the form; people can submit it again."""
        if not (self.bot_protected and spam_protection.is_enabled()):
            return False
        token = request.form.get("csrf_token", "")
        if not (request.form.get(spam_protection.HONEYPOT_FIELD) or spam_protection.filled_too_fast(token)):
            return False
        self._set_error(422, messages.LOOKS_LIKE_BOT)
        return True

    def submit(self, operation: Callable[[dict[str, str]], T]) -> T | None:
        """Return the result of `operation` on the posted data.

        Return None for a GET request, and after an error, which is set in the form.
        """
        if not self.has_valid_token() or self.looks_like_bot():
            return None
        try:
            return operation(request.form.to_dict())
        except ValidationFailed as error:
            self._set_error(422)
            for item in error.errors:
                self.add_error(item.field, messages.error_message(item))
        except NotFound:
            if "movie_id" not in self:
                raise
            self._set_error(422)
            self.add_error("movie_id", messages.MOVIE_DELETED)
        except AlreadyExists as error:
            self._set_error(409)
            self.add_error("title", messages.MOVIE_EXISTS)
            self.existing_id = error.id
        except ModelBusy as error:
            self._set_error(503, messages.BUSY, error.retry_after)
        except DuplicateSubmission:
            self._set_error(409, messages.DUPLICATE_REVIEW)
        except EditConflict:
            self.has_conflict = True
            self._set_error(409, self.conflict_alert)
        except RateLimited as error:
            self._set_error(429, messages.too_many(error.retry_after, self.keeps_text), error.retry_after)
        except StoreUnavailable as error:
            self._set_error(503, messages.UNAVAILABLE, error.retry_after)
        return None

    def add_error(self, name: str, sentence: str) -> None:
        """Add an error to the field, or to the form if it has no such field."""
        if name in self:
            self[name].errors = [*self[name].errors, str(sentence)]
        else:
            self.alert = str(sentence)

    @property
    def invalid_fields(self) -> list[Field]:
        """Return the fields with errors, in order."""
        return [field for field in self if field.errors and field.name != "csrf_token"]

    def _set_error(self, status: int, alert: str = "", retry_after: int = 0) -> None:
        self.status, self.retry_after = status, retry_after
        self.alert = str(alert)


class MovieForm(Form):
    """A new movie."""

    bot_protected = True

    title = StringField(_("제목"), render_kw={"required": True, "maxlength": schemas.TITLE_MAX})
    release_date = StringField(
        _("개봉일"),
        render_kw={
            "maxlength": schemas.DATE_MAX,
            "pattern": "[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?",
            "placeholder": "2018-02-28",
            "title": _("2018-02-28처럼, 다 모르면 2018-02나 2018처럼"),
        },
    )
    director = StringField(_("감독"), render_kw={"maxlength": schemas.DIRECTOR_MAX})
    genre = StringField(
        _("장르"), render_kw={"maxlength": schemas.GENRE_MAX, "list": "genres", "placeholder": _("드라마")}
    )
    poster_url = StringField(
        _("포스터 주소"),
        description=_("비워 두면 제목으로 포스터를 그려 드려요."),
        render_kw={
            "type": "url",
            "maxlength": schemas.POSTER_URL_MAX,
            "pattern": "https?://.+",
            "placeholder": "https://",
            "title": _("http:// 또는 https://로 시작하는 주소"),
        },
    )
    author = HiddenField()
    content = HiddenField()
    """A review written before its movie existed, posted together with the movie."""
    spoiler = HiddenField()
    confirmed = HiddenField()
    """Ids of the similar movies that the visitor has seen and not chosen."""
    similar: Sequence[Movie] = ()
    """Existing movies of the same title."""

    def show_similar(self, similar: Sequence[Movie]) -> None:
        """Show the similar movies for confirmation; submitting again adds the movie."""
        self._set_error(409, messages.MOVIE_SIMILAR)
        self.similar = similar
        self.confirmed.data = " ".join(str(movie.id) for movie in similar)

    def movie_fields(self) -> list[Field]:
        return [self[name] for name in schemas.MovieInput.model_fields]


class EditMovieForm(MovieForm):
    """An edited movie."""

    bot_protected = False
    conflict_alert = messages.MOVIE_EDITED_MEANWHILE

    version = HiddenField()


class MovieChoiceForm(Form):
    """The choice of a movie by its title."""

    movie = StringField(_("영화"), render_kw={"required": True, "maxlength": schemas.TITLE_MAX, "autocomplete": "off"})
    movie_id = HiddenField()
    movie_was = HiddenField()
    matches: Sequence[Movie] = ()
    """Movies that match the typed title, to choose from."""
    missing_title = ""
    """The typed title if no movie matches it."""


class EditReviewForm(Form):
    """An edited review."""

    conflict_alert = messages.EDITED_MEANWHILE

    author = StringField(
        _("닉네임"), render_kw={"required": True, "maxlength": schemas.AUTHOR_MAX, "autocomplete": "nickname"}
    )
    content = TextAreaField(
        _("리뷰"),
        render_kw={
            "required": True,
            "maxlength": schemas.CONTENT_MAX,
            "rows": 5,
            "placeholder": _("어떤 점이 좋았나요, 아쉬웠나요?"),
        },
    )
    spoiler = BooleanField(_("스포일러가 있어요"))
    version = HiddenField()


class ReviewForm(EditReviewForm, MovieChoiceForm):
    """A new review."""

    bot_protected = True

    passphrase = PasswordField(
        _("암호"), render_kw={"maxlength": schemas.PASSPHRASE_MAX, "autocomplete": "current-password"}
    )


class NicknameForm(Form):
    """A nickname and its passphrase."""

    keeps_text = False

    author = StringField(_("닉네임"), render_kw={"required": True, "maxlength": schemas.AUTHOR_MAX})
    passphrase = PasswordField(
        _("암호"),
        render_kw={"required": True, "maxlength": schemas.PASSPHRASE_MAX, "autocomplete": "current-password"},
    )
