"""Messages: errors of forms and fields, flashed messages; jobs, rows and files of imports."""

from collections.abc import Callable, Iterable
from math import ceil

from flask_babel import gettext

from app.error_handlers import format_wait
from app.errors import AlreadyExists, FieldError, ModelBusy, NotFound, StoreUnavailable, ValidationFailed
from app.i18n import lazy_gettext as _
from app.services.jobs import Job, Progress, Stage

_MISSING = {
    "title": _("영화 제목을 적어 주세요."),
    "author": _("닉네임을 적어 주세요."),
    "content": _("리뷰를 적어 주세요. 한 문장이면 충분해요."),
    "movie_id": _("어떤 영화의 리뷰인지 골라 주세요."),
}
MISSING_TYPES = ("blank", "missing", "string_type")
_FIELD_MESSAGES = {
    "movie_unclear": _("여러 영화가 맞아요. 어떤 영화인지 골라 주세요."),
    "movie_unknown": _("그런 영화는 아직 없어요. 제목을 다시 적거나 먼저 등록해 주세요."),
    "nickname_claimed": _("암호로 지키는 닉네임이에요. 암호를 적거나 다른 닉네임을 골라 주세요."),
    "nickname_used": _("다른 사람도 쓴 닉네임이라 암호로 지킬 수 없어요. 다른 닉네임을 골라 주세요."),
    "nickname_free": _("아직 아무도 암호로 지키지 않는 닉네임이에요."),
    "password_wrong": _("비밀번호가 달라요. 다시 적어 주세요."),
    "passphrase_wrong": _("암호가 달라요. 다시 적어 주세요."),
    "passphrase_short": _("암호는 여덟 자 이상으로 정해 주세요."),
    "combining_marks": _("한 글자에 겹쳐 쓴 부호가 너무 많아요. 조금 지우고 다시 올려 주세요."),
    "date_invalid": _("달력에 있는 날짜를 2018-02-28처럼 적어 주세요. 다 모르면 2018-02나 2018도 괜찮아요."),
    "url_invalid": _("http:// 또는 https://로 시작하는 주소를 적어 주세요."),
}

STALE_FORM = _(
    "화면을 연 지 오래됐거나 확인 정보가 빠졌어요. 내용은 그대로 있으니 한 번 더 눌러 주세요. "
    "계속 안 되면 브라우저가 쿠키를 막고 있는지 봐 주세요."
)
MOVIE_DELETED = _("그 사이에 지워진 영화예요. 쓴 글은 그대로 있으니 다른 영화를 골라 주세요.")
MOVIE_EXISTS = _("제목과 개봉일이 같은 영화가 이미 있어요.")
MOVIE_SIMILAR = _("제목이 같은 영화가 이미 있어요. 이 영화인가요?")
OTHER_MOVIE_NEEDED = _("합칠 다른 영화를 골라 주세요.")
DELETED_MEANWHILE = _("리뷰를 올렸지만 그 사이에 영화가 지워졌어요.")
MOVIE_EDITED = _("영화 정보를 고쳤어요.")
REVIEW_EDITED = _("리뷰를 고쳤어요.")
REVIEW_REANALYZED = _("리뷰를 고쳤어요. 바뀐 글을 다시 읽고 평점을 매겼어요.")
EDITED_MEANWHILE = _(
    "그 사이에 다른 곳에서 이 리뷰를 고쳤어요. 지금 글을 보고, 아래 글로 바꾸려면 한 번 더 눌러 주세요."
)
MOVIE_EDITED_MEANWHILE = _(
    "그 사이에 다른 곳에서 이 영화의 정보를 고쳤어요. 지금 정보를 보고, 아래 내용으로 바꾸려면 한 번 더 눌러 주세요."
)
NICKNAME_PROVED = _("이 브라우저에서도 그 닉네임의 글을 고치고 지울 수 있어요.")
LOGGED_IN = _("관리자로 로그인했어요.")
LOGGED_OUT = _("로그아웃했어요.")
LOOKS_LIKE_BOT = _("사람이 쓴 글인지 확인하고 있어요. 내용은 그대로 있으니 한 번 더 눌러 주세요.")
DUPLICATE_REVIEW = _("방금 올린 글과 같아서 다시 올리지 않았어요.")
CORRECTED = _("알려 주셔서 고마워요. 평점은 그대로 두고, 다르게 읽은 독자의 수에 더했어요.")
UNCORRECTED = _("알린 것을 거뒀어요.")
CANNOT_CORRECT = _("지금은 의견을 받을 수 없어요. 잠시 뒤에 다시 해 주세요.")
NO_FILE = _("가져올 파일을 골라 주세요.")
UPLOAD_EXPIRED = _("올린 파일이 더는 없어요. 한 시간까지만 두거든요. 다시 올려 주세요.")
JOB_RUNNING = _("아직 끝나지 않은 일이 있어요. 그 일이 끝난 뒤에 다시 해 주세요.")
BUSY = _("지금 읽을 리뷰가 밀려 있어요. 쓴 글은 그대로 있으니 잠시 뒤에 다시 올려 주세요.")
UNAVAILABLE = _("지금은 저장할 수 없어요. 쓴 글은 그대로 있으니 잠시 뒤에 다시 올려 주세요.")


def too_many(seconds: int, keeps_text: bool = True) -> str:
    """Return the message for too many requests; with `keeps_text` it mentions that the typed text is kept."""
    wait = format_wait(seconds)
    if keeps_text:
        return gettext(
            "짧은 시간에 너무 여러 번 보냈어요. 쓴 내용은 그대로 있으니 %(wait)s 뒤에 다시 해 주세요.", wait=wait
        )
    return gettext("짧은 시간에 너무 여러 번 시도했어요. %(wait)s 뒤에 다시 해 주세요.", wait=wait)


def error_message(error: FieldError) -> str:
    """Return the message for a field's error."""
    if error.type in _FIELD_MESSAGES:
        return str(_FIELD_MESSAGES[error.type])
    if error.field == "movie_id" or error.type in MISSING_TYPES:
        return str(_MISSING.get(error.field) or gettext("이 칸을 채워 주세요."))
    if error.type == "string_too_long":
        limit = f"{error.context['max_length']:,}"
        length = error.context.get("length")
        if not length:
            return gettext("%(limit)s자까지 쓸 수 있어요.", limit=limit)
        return gettext("%(limit)s자까지 쓸 수 있어요. 지금은 %(length)s자예요.", limit=limit, length=f"{length:,}")
    if error.type == "control_characters":
        if error.field == "content":
            return gettext("화면에 보이지 않는 제어 문자가 섞여 있어요. 지우고 다시 올려 주세요.")
        return gettext("줄바꿈이나 보이지 않는 제어 문자는 쓸 수 없어요.")
    return gettext("이 값은 쓸 수 없어요. 다시 적어 주세요.")


def explain_choice(error: FieldError) -> str:
    """Return a sentence about the choice of a movie to merge."""
    if error.type == "movie_unknown":
        return gettext("그런 영화는 없어요. 제목을 다시 적어 주세요.")
    return error_message(error) if error.type == "movie_unclear" else str(OTHER_MOVIE_NEEDED)


FIELD_NAMES = {  # of imported files
    "title": _("제목"),
    "author": _("작성자"),
    "content": _("내용"),
    "created_at": _("작성일"),
    "release_date": _("개봉일"),
    "director": _("감독"),
    "genre": _("장르"),
    "spoiler": _("스포일러"),
}
_FILE_MESSAGES = {
    "file_empty": _("파일이 비어 있어요."),
    "file_is_web_page": _("이름과 달리 웹 페이지예요. 엑셀에서 열어 CSV로 저장해 주세요."),
    "file_is_image": _("그림 파일이에요. 표를 CSV나 엑셀 문서로 올려 주세요."),
    "file_is_pdf": _("PDF 문서예요. 표를 CSV나 엑셀 문서로 올려 주세요."),
    "file_is_document": _("글 문서예요. 표를 CSV나 엑셀 문서로 올려 주세요."),
    "file_is_xml": _("XML 파일이에요. 엑셀에서 열어 CSV로 저장해 주세요."),
    "file_is_archive": _("압축 파일이에요. 풀어서 표만 올려 주세요."),
    "file_broken": _("압축 파일이 망가졌거나 끝까지 오지 않았어요."),
    "workbook_broken": _("엑셀 문서를 읽을 수 없어요. 열어서 CSV로 저장해 주세요."),
    "archive_without_reviews": _("압축 파일에 reviews.csv가 없고, 표가 하나만 있지도 않아요. 들어 있는 것: %(found)s"),
    "archive_locked": _("암호가 걸린 압축 파일이에요. 풀어서 올려 주세요."),
    "unpacked_too_large": _("압축을 풀면 %(megabytes)sMB가 넘어요. 나눠서 올려 주세요."),
    "json_broken": _("JSON 배열의 %(count)s번째 항목 뒤를 읽을 수 없어요."),
    "texts_missing": _("리뷰 글이 없는 파일이에요: %(missing)s 열이 없어요. 있는 열: %(found)s"),
    "column_unknown": _("‘%(names)s’ 열이 없어요."),
    "text_missing": _("리뷰 글이 없어요."),
    "bytes_invalid": _("깨진 글자가 있어요."),
    "day_to_come": _("아직 오지 않은 날이에요(%(text)s)."),
    "list_cut": _("%(max_length)s자까지만 담았어요."),
    "stars_unused": _("%(names)s 열은 쓰지 않아요. 감평에서는 글이 곧 평점이에요."),
    "columns_unused": _("쓰지 않은 열: %(names)s"),
    "sheets_unused": _("가져오지 않은 시트: %(names)s"),
    "encoding_unknown": _("글자를 읽을 수 없어요. UTF-8이나 CP949(엑셀의 기본)로 저장해 주세요."),
    "columns_missing": _("필요한 열이 없어요: %(missing)s. 있는 열: %(found)s"),
    "columns_twice": _("같은 뜻의 열이 둘이에요: %(names)s. 하나만 남겨 주세요."),
    "head_missing": _(
        "감평에서 내보낸 JSON Lines가 아니에요. 다른 곳의 리뷰는 표(CSV, 엑셀)나 JSON 배열로 올려 주세요."
    ),
    "version_unknown": _("더 새로운 감평에서 내보낸 파일이에요(판 %(version)s)."),
    "file_cut_off": _("파일이 여기서 끊겼어요. 마지막 줄이 없어요."),
    "line_after_end": _("마지막 줄 뒤에 줄이 더 있어요."),
    "json_invalid": _("JSON으로 읽을 수 없는 줄이에요."),
    "csv_invalid": _("표로 읽을 수 없는 줄이에요. 따옴표를 확인해 주세요."),
    "kind_unknown": _("무엇을 적은 줄인지 알 수 없어요."),
    "id_twice": _("%(id)s번 영화가 위에 또 있어요."),
    "movie_unknown": _("%(id)s번 영화가 이 줄 위에 없어요."),
    "review_unknown": _("%(id)s번 리뷰가 이 줄 위에 없어요."),
    "reader_twice": _("같은 독자가 이 리뷰에 의견을 두 번 냈어요."),
    "reading_partial": _("긍정·부정, 확신, 평점은 모두 있거나 모두 없어야 해요."),
    "cells_spilt": _("칸이 %(count)s개인데 첫 줄에는 %(width)s개예요. 쉼표가 든 칸은 따옴표로 묶어 주세요."),
    "yes_no_unknown": _("예나 아니요로 읽을 수 없어요(%(text)s). 1이나 0으로 적어 주세요."),
    "date_unknown": _("날짜로 읽을 수 없어요(%(text)s). 2024-05-01처럼 적어 주세요."),
    "date_invalid": _("달력에 없는 날짜예요."),
    "moment_invalid": _("날짜와 시각을 읽을 수 없어요."),
    "control_characters": _("보이지 않는 제어 문자가 섞여 있어요."),
    "combining_marks": _("한 글자에 겹쳐 쓴 부호가 너무 많아요."),
    "url_invalid": _("http:// 또는 https://로 시작하는 주소가 아니에요."),
}
"""Messages by error type; their placeholders are keys of the error's context."""
_TYPES_WITH_COLUMN = (
    "date_unknown", "date_invalid", "moment_invalid", "control_characters", "combining_marks", "url_invalid",
    "day_to_come", "bytes_invalid", "list_cut", "yes_no_unknown",
)  # fmt: skip


def format_progress(progress: Progress) -> str:
    """Format the progress of a job: `리뷰 12,345 / 100,000개 · 초당 690개 · 3분 남음`."""
    if progress.stage is Stage.CHECK:
        return gettext("파일을 살펴보고 있어요 (%(percent)s%%)", percent=int(progress.share * 100))
    if progress.stage is Stage.WRITE:
        return gettext("저장하고 있어요 (%(percent)s%%)", percent=int(progress.share * 100))
    parts = [gettext("리뷰 %(done)s / %(total)s개", done=f"{progress.done:,}", total=f"{progress.total:,}")]
    if progress.rate:
        parts.append(gettext("초당 %(rate)s개", rate=f"{progress.rate:,.0f}"))
    if progress.seconds_left is not None and progress.done:
        parts.append(format_time_left(progress.seconds_left))
    return " · ".join(parts)


def format_time_left(seconds: float) -> str:
    """Format the remaining time, rounded up: `2시간 5분 남음`, `3분 남음`, `20초 남음`."""
    if seconds < 60:
        return gettext("%(count)s초 남음", count=ceil(seconds))
    hours, minutes = divmod(ceil(seconds / 60), 60)
    if hours:
        return gettext("%(hours)s시간 %(minutes)s분 남음", hours=hours, minutes=minutes)
    return gettext("%(count)s분 남음", count=minutes)


def format_error(job: Job) -> str:
    """Return the reason why a job failed, and the remedy."""
    error = job.error
    if isinstance(error, ValidationFailed):
        return file_error_messages(error.errors)
    if isinstance(error, ModelBusy):
        return gettext("모델이 다른 글을 읽느라 오래 쉬지 못했어요. 조금 뒤에 다시 해 주세요.")
    if isinstance(error, StoreUnavailable | OSError):
        return gettext("지금은 저장할 수 없어요. 잠시 뒤에 다시 해 주세요.")
    if isinstance(error, AlreadyExists | NotFound):
        return gettext("그 사이에 영화 목록이 바뀌었어요. 다시 해 주세요.")
    return gettext("우리 쪽 문제로 멈췄어요. 서버 기록에 까닭이 남아 있어요.")


def file_error_messages(errors: Iterable[FieldError]) -> str:
    return " ".join(map(file_error_message, errors))


def file_error_message(error: FieldError) -> str:
    """Return the message for an error in a row or a file."""
    column = str(FIELD_NAMES.get(error.field, error.field))
    if error.type in MISSING_TYPES:
        return gettext("%(column)s 칸이 비어 있어요.", column=column)
    if error.type == "string_too_long":
        return gettext("%(column)s: %(limit)s자까지예요.", column=column, limit=f"{error.context['max_length']:,}")
    if error.type not in _FILE_MESSAGES:
        return gettext("%(column)s: 쓸 수 없는 값이에요.", column=column)
    message = str(_FILE_MESSAGES[error.type]) % error.context
    return f"{column}: {message}" if error.type in _TYPES_WITH_COLUMN else message


def format_megabytes(count: int) -> str:
    return f"{count // (1024 * 1024):,}MB"


def format_too_large(limit: int) -> str:
    return gettext("파일이 너무 커요. %(limit)s까지 올릴 수 있어요.", limit=format_megabytes(limit))


FILTERS: dict[str, Callable[..., object]] = {
    "job_progress": format_progress,
    "job_error": format_error,
    "error_messages": file_error_messages,
    "error_message": file_error_message,
    "megabytes": format_megabytes,
}
