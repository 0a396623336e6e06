"""Messages of the import and export page about jobs, rows and files."""

from collections.abc import Callable, Iterable
from math import ceil

from flask_babel import gettext as _

from app.errors import AlreadyExists, FieldError, ModelBusy, NotFound, StoreUnavailable, ValidationFailed
from app.i18n import lazy_gettext
from app.services.jobs import Job, Progress, Stage
from app.web.messages import MISSING_TYPES

FIELD_NAMES = {
    "title": lazy_gettext("제목"),
    "author": lazy_gettext("작성자"),
    "content": lazy_gettext("내용"),
    "created_at": lazy_gettext("작성일"),
    "release_date": lazy_gettext("개봉일"),
    "director": lazy_gettext("감독"),
    "genre": lazy_gettext("장르"),
    "spoiler": lazy_gettext("스포일러"),
}
_MESSAGES = {
    "file_empty": lazy_gettext("파일이 비어 있어요."),
    "file_is_web_page": lazy_gettext("이름과 달리 웹 페이지예요. 엑셀에서 열어 CSV로 저장해 주세요."),
    "file_is_image": lazy_gettext("그림 파일이에요. 표를 CSV나 엑셀 문서로 올려 주세요."),
    "file_is_pdf": lazy_gettext("PDF 문서예요. 표를 CSV나 엑셀 문서로 올려 주세요."),
    "file_is_document": lazy_gettext("글 문서예요. 표를 CSV나 엑셀 문서로 올려 주세요."),
    "file_is_xml": lazy_gettext("XML 파일이에요. 엑셀에서 열어 CSV로 저장해 주세요."),
    "file_is_archive": lazy_gettext("압축 파일이에요. 풀어서 표만 올려 주세요."),
    "file_broken": lazy_gettext("압축 파일이 망가졌거나 끝까지 오지 않았어요."),
    "workbook_broken": lazy_gettext("엑셀 문서를 읽을 수 없어요. 열어서 CSV로 저장해 주세요."),
    "archive_without_reviews": lazy_gettext(
        "압축 파일에 reviews.csv가 없고, 표가 하나만 있지도 않아요. 들어 있는 것: %(found)s"
    ),
    "archive_locked": lazy_gettext("암호가 걸린 압축 파일이에요. 풀어서 올려 주세요."),
    "unpacked_too_large": lazy_gettext("압축을 풀면 %(megabytes)sMB가 넘어요. 나눠서 올려 주세요."),
    "json_broken": lazy_gettext("JSON 배열의 %(count)s번째 항목 뒤를 읽을 수 없어요."),
    "texts_missing": lazy_gettext("리뷰 글이 없는 파일이에요: %(missing)s 열이 없어요. 있는 열: %(found)s"),
    "column_unknown": lazy_gettext("‘%(names)s’ 열이 없어요."),
    "text_missing": lazy_gettext("리뷰 글이 없어요."),
    "bytes_invalid": lazy_gettext("깨진 글자가 있어요."),
    "day_to_come": lazy_gettext("아직 오지 않은 날이에요(%(text)s)."),
    "list_cut": lazy_gettext("%(max_length)s자까지만 담았어요."),
    "stars_unused": lazy_gettext("%(names)s 열은 쓰지 않아요. 감평에서는 글이 곧 평점이에요."),
    "columns_unused": lazy_gettext("쓰지 않은 열: %(names)s"),
    "sheets_unused": lazy_gettext("가져오지 않은 시트: %(names)s"),
    "encoding_unknown": lazy_gettext("글자를 읽을 수 없어요. UTF-8이나 CP949(엑셀의 기본)로 저장해 주세요."),
    "columns_missing": lazy_gettext("필요한 열이 없어요: %(missing)s. 있는 열: %(found)s"),
    "columns_twice": lazy_gettext("같은 뜻의 열이 둘이에요: %(names)s. 하나만 남겨 주세요."),
    "head_missing": lazy_gettext(
        "감평에서 내보낸 JSON Lines가 아니에요. 다른 곳의 리뷰는 표(CSV, 엑셀)나 JSON 배열로 올려 주세요."
    ),
    "version_unknown": lazy_gettext("더 새로운 감평에서 내보낸 파일이에요(판 %(version)s)."),
    "file_cut_off": lazy_gettext("파일이 여기서 끊겼어요. 마지막 줄이 없어요."),
    "line_after_end": lazy_gettext("마지막 줄 뒤에 줄이 더 있어요."),
    "json_invalid": lazy_gettext("JSON으로 읽을 수 없는 줄이에요."),
    "csv_invalid": lazy_gettext("표로 읽을 수 없는 줄이에요. 따옴표를 확인해 주세요."),
    "kind_unknown": lazy_gettext("무엇을 적은 줄인지 알 수 없어요."),
    "id_twice": lazy_gettext("%(id)s번 영화가 위에 또 있어요."),
    "movie_unknown": lazy_gettext("%(id)s번 영화가 이 줄 위에 없어요."),
    "review_unknown": lazy_gettext("%(id)s번 리뷰가 이 줄 위에 없어요."),
    "reader_twice": lazy_gettext("같은 독자가 이 리뷰에 의견을 두 번 냈어요."),
    "reading_partial": lazy_gettext("긍정·부정, 확신, 평점은 모두 있거나 모두 없어야 해요."),
    "cells_spilt": lazy_gettext("칸이 %(count)s개인데 첫 줄에는 %(width)s개예요. 쉼표가 든 칸은 따옴표로 묶어 주세요."),
    "yes_no_unknown": lazy_gettext("예나 아니요로 읽을 수 없어요(%(text)s). 1이나 0으로 적어 주세요."),
    "date_unknown": lazy_gettext("날짜로 읽을 수 없어요(%(text)s). 2024-05-01처럼 적어 주세요."),
    "date_invalid": lazy_gettext("달력에 없는 날짜예요."),
    "moment_invalid": lazy_gettext("날짜와 시각을 읽을 수 없어요."),
    "control_characters": lazy_gettext("보이지 않는 제어 문자가 섞여 있어요."),
    "combining_marks": lazy_gettext("한 글자에 겹쳐 쓴 부호가 너무 많아요."),
    "url_invalid": lazy_gettext("http:// 또는 https://로 시작하는 주소가 아니에요."),
}
"""Messages by error type; their placeholders are keys of the error's context."""
_TYPES_WITH_COLUMN = (
    "date_unknown", "date_invalid", "moment_invalid", "control_characters", "combining_marks", "url_invalid",
    "day_to_come", "bytes_invalid", "list_cut", "yes_no_unknown",
)  # fmt: skip


def format_progress(progress: Progress) -> str:
    """Format the progress of a job: `리뷰 12,345 / 100,000개 · 초당 690개 · 3분 남음`."""
    if progress.stage is Stage.CHECK:
        return _("파일을 살펴보고 있어요 (%(percent)s%%)", percent=int(progress.share * 100))
    if progress.stage is Stage.WRITE:
        return _("저장하고 있어요 (%(percent)s%%)", percent=int(progress.share * 100))
    parts = [_("리뷰 %(done)s / %(total)s개", done=f"{progress.done:,}", total=f"{progress.total:,}")]
    if progress.rate:
        parts.append(_("초당 %(rate)s개", rate=f"{progress.rate:,.0f}"))
    if progress.seconds_left is not None and progress.done:
        parts.append(format_time_left(progress.seconds_left))
    return " · ".join(parts)


def format_time_left(seconds: float) -> str:
    """Format the remaining time, rounded up: `2시간 5분 남음`, `3분 남음`, `20초 남음`."""
    if seconds < 60:
        return _("%(count)s초 남음", count=ceil(seconds))
    hours, minutes = divmod(ceil(seconds / 60), 60)
    if hours:
        return _("%(hours)s시간 %(minutes)s분 남음", hours=hours, minutes=minutes)
    return _("%(count)s분 남음", count=minutes)


def format_error(job: Job) -> str:
    """Return the reason why a job failed, and the remedy."""
    error = job.error
    if isinstance(error, ValidationFailed):
        return error_messages(error.errors)
    if isinstance(error, ModelBusy):
        return _("모델이 다른 글을 읽느라 오래 쉬지 못했어요. 조금 뒤에 다시 해 주세요.")
    if isinstance(error, StoreUnavailable | OSError):
        return _("지금은 저장할 수 없어요. 잠시 뒤에 다시 해 주세요.")
    if isinstance(error, AlreadyExists | NotFound):
        return _("그 사이에 영화 목록이 바뀌었어요. 다시 해 주세요.")
    return _("우리 쪽 문제로 멈췄어요. 서버 기록에 까닭이 남아 있어요.")


def error_messages(errors: Iterable[FieldError]) -> str:
    return " ".join(map(error_message, errors))


def error_message(error: FieldError) -> str:
    """Return the message for an error in a row or a file."""
    column = str(FIELD_NAMES.get(error.field, error.field))
    if error.type in MISSING_TYPES:
        return _("%(column)s 칸이 비어 있어요.", column=column)
    if error.type == "string_too_long":
        return _("%(column)s: %(limit)s자까지예요.", column=column, limit=f"{error.context['max_length']:,}")
    if error.type not in _MESSAGES:
        return _("%(column)s: 쓸 수 없는 값이에요.", column=column)
    message = str(_MESSAGES[error.type]) % error.context
    return f"{column}: {message}" if error.type in _TYPES_WITH_COLUMN else message


def format_megabytes(count: int) -> str:
    return f"{count // (1024 * 1024):,}MB"


def format_too_large(limit: int) -> str:
    return _("파일이 너무 커요. %(limit)s까지 올릴 수 있어요.", limit=format_megabytes(limit))


FILTERS: dict[str, Callable[..., object]] = {
    "job_progress": format_progress,
    "job_error": format_error,
    "error_messages": error_messages,
    "error_message": error_message,
    "megabytes": format_megabytes,
}
