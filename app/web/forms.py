"""The forms: labels, HTML limits and what was typed. The rules themselves are `app.schemas`'; CSRF is Flask-WTF's."""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, PasswordField, StringField, TextAreaField
from wtforms.i18n import DummyTranslations

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

_HALF_A_DAY = 12 * 60 * 60


class Form(FlaskForm):
    """A form that keeps what was typed and knows what was wrong with it."""

    class Meta(FlaskForm.Meta):
        csrf_time_limit = _HALF_A_DAY  # seconds; a page left open over an evening still posts

        def get_translations(self, form: Any) -> Any:
            """None: what WTForms would say is never shown, and Flask-WTF's way reads a file for each form."""
            return DummyTranslations()

    bot_protected = False
    """Whether robots are kept from filling it in."""
    keeps_text = True
    """Whether what was typed is shown again after a refusal."""
    has_conflict = False
    """Whether somebody else has edited the same thing since the form was opened."""

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata=formdata, **values)  # type: ignore[no-untyped-call]  # Flask-WTF ships no types
        self.status = 200
        self.retry_after = 0
        self.alert = ""
        self.there: int | None = None  # the id of the movie that is there already

    @classmethod
    def from_request(cls) -> Self:
        """Return what the request brings; not its JSON, which Flask-WTF would read as well."""
        return cls(request.form)

    def has_valid_token(self) -> bool:
        """Whether the CSRF token that came with it is ours and fresh."""
        if self.validate():
            return True
        self._note(400, messages.STALE_FORM)
        return False

    def looks_like_bot(self) -> bool:
        """Whether a robot seems to have filled it in; people only have to press the button again."""
        if not self.bot_protected or not spam_protection.is_enabled():
            return False
        if request.form.get(spam_protection.HONEYPOT_FIELD) or spam_protection.filled_too_fast(
            request.form.get("csrf_token", "")
        ):
            self._note(422, messages.LIKE_A_ROBOT)
        return self.status != 200

    def submit(self, operation: Callable[[dict[str, str]], T]) -> T | None:
        """`operation` on what was posted; None where the visitor has to mend something, which is then noted here."""
        if not self.has_valid_token() or self.looks_like_bot():
            return None
        try:
            return operation(request.form.to_dict())
        except ValidationFailed as error:
            self._note(422)
            for item in error.errors:
                self.add_error(item.field, messages.explain(item))
        except NotFound:
            if "movie_id" not in self:
                raise
            self._note(422)
            self.add_error("movie_id", messages.MOVIE_GONE)
        except AlreadyExists as error:
            self._note(409)
            self.add_error("title", messages.MOVIE_THERE)
            self.there = error.id
        except ModelBusy as error:
            self._note(503, messages.BUSY)
            self.retry_after = error.retry_after
        except DuplicateSubmission:
            self._note(409, messages.REPEATED)
        except EditConflict:
            self.conflict(messages.MOVIE_EDITED_MEANWHILE)
        except RateLimited as error:
            self._note(429, messages.too_many(error.retry_after, self.keeps_text))
            self.retry_after = error.retry_after
        except StoreUnavailable as error:
            self._note(503, messages.UNAVAILABLE)
            self.retry_after = error.retry_after
        return None

    def conflict(self, alert: str) -> None:
        """Note that somebody else has edited the same thing since the form was opened."""
        self.has_conflict = True
        self._note(409, alert)

    def add_error(self, name: str, sentence: str) -> None:
        """Put the sentence beside the field; above the form where there is no such field."""
        if name in self:
            self[name].errors = [*(error for error in self[name].errors if error != sentence), str(sentence)]
        else:
            self.alert = str(sentence)

    @property
    def wrong(self) -> list[Field]:
        """The fields that have something to mend, in the order they are shown."""
        return [field for field in self if field.errors and field.name != "csrf_token"]

    def _note(self, status: int, alert: str = "") -> None:
        self.status = status
        self.alert = str(alert)


class MovieForm(Form):
    """Adds a movie."""

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
    """A review that was typed before its movie was there; it is posted with the movie."""

    def movie_fields(self) -> list[Field]:
        return [self[name] for name in schemas.MovieInput.model_fields]


class EditMovieForm(MovieForm):
    """Changes a movie's details."""

    bot_protected = False

    version = HiddenField()


class EditReviewForm(Form):
    """Changes a review."""

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


class ReviewForm(EditReviewForm):
    """Adds a review."""

    bot_protected = True

    passphrase = PasswordField(
        _("암호"), render_kw={"maxlength": schemas.PASSPHRASE_MAX, "autocomplete": "current-password"}
    )

    movie = StringField(_("영화"), render_kw={"required": True, "maxlength": schemas.TITLE_MAX, "autocomplete": "off"})
    movie_id = HiddenField()
    movie_was = HiddenField()

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.matches: Sequence[Movie] = ()
        """The movies that the typed title may mean, to choose from."""
        self.missing_title = ""
        """The typed title, where there is no such movie."""


class NicknameForm(Form):
    """Asks for a nickname and its passphrase."""

    keeps_text = False

    author = StringField(_("닉네임"), render_kw={"required": True, "maxlength": schemas.AUTHOR_MAX})
    passphrase = PasswordField(
        _("암호"),
        render_kw={"required": True, "maxlength": schemas.PASSPHRASE_MAX, "autocomplete": "current-password"},
    )


class DeleteForm(Form):
    """Confirms a deletion or an undo; has no fields but the CSRF token."""


class ReactionForm(Form):
    """Likes or corrects a review; its buttons carry the label."""


class PreferenceForm(Form):
    """Chooses the language or the theme; its buttons carry the value."""
