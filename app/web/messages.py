"""Messages of views and scripts: errors of forms and fields, flashed messages, texts of `static/app.js`."""

from flask_babel import gettext

from app.error_handlers import format_wait
from app.errors import FieldError
from app.i18n import lazy_gettext

_MISSING = {
    "title": lazy_gettext("영화 제목을 적어 주세요."),
    "author": lazy_gettext("닉네임을 적어 주세요."),
    "content": lazy_gettext("리뷰를 적어 주세요. 한 문장이면 충분해요."),
    "movie_id": lazy_gettext("어떤 영화의 리뷰인지 골라 주세요."),
}
MISSING_TYPES = ("blank", "missing", "string_type")
_FIXED = {
    "movie_unclear": lazy_gettext("여러 영화가 맞아요. 어떤 영화인지 골라 주세요."),
    "movie_unknown": lazy_gettext("그런 영화는 아직 없어요. 제목을 다시 적거나 먼저 등록해 주세요."),
    "nickname_claimed": lazy_gettext("암호로 지키는 닉네임이에요. 암호를 적거나 다른 닉네임을 골라 주세요."),
    "nickname_used": lazy_gettext("다른 사람도 쓴 닉네임이라 암호로 지킬 수 없어요. 다른 닉네임을 골라 주세요."),
    "nickname_free": lazy_gettext("아직 아무도 암호로 지키지 않는 닉네임이에요."),
    "passphrase_wrong": lazy_gettext("암호가 달라요. 다시 적어 주세요."),
    "passphrase_short": lazy_gettext("암호는 여덟 자 이상으로 정해 주세요."),
    "combining_marks": lazy_gettext("한 글자에 겹쳐 쓴 부호가 너무 많아요. 조금 지우고 다시 올려 주세요."),
    "date_invalid": lazy_gettext("달력에 있는 날짜를 2018-02-28처럼 적어 주세요. 다 모르면 2018-02나 2018도 괜찮아요."),
    "url_invalid": lazy_gettext("http:// 또는 https://로 시작하는 주소를 적어 주세요."),
}

STALE_FORM = lazy_gettext(
    "화면을 연 지 오래됐거나 확인 정보가 빠졌어요. 내용은 그대로 있으니 한 번 더 눌러 주세요. "
    "계속 안 되면 브라우저가 쿠키를 막고 있는지 봐 주세요."
)
MOVIE_DELETED = lazy_gettext("그 사이에 지워진 영화예요. 쓴 글은 그대로 있으니 다른 영화를 골라 주세요.")
MOVIE_EXISTS = lazy_gettext("제목과 개봉일이 같은 영화가 이미 있어요.")
MOVIE_SIMILAR = lazy_gettext("제목이 같은 영화가 이미 있어요. 이 영화인가요?")
OTHER_MOVIE_NEEDED = lazy_gettext("합칠 다른 영화를 골라 주세요.")
DELETED_MEANWHILE = lazy_gettext("리뷰를 올렸지만 그 사이에 영화가 지워졌어요.")
MOVIE_EDITED = lazy_gettext("영화 정보를 고쳤어요.")
REVIEW_EDITED = lazy_gettext("리뷰를 고쳤어요.")
REVIEW_REANALYZED = lazy_gettext("리뷰를 고쳤어요. 바뀐 글을 다시 읽고 평점을 매겼어요.")
EDITED_MEANWHILE = lazy_gettext(
    "그 사이에 다른 곳에서 이 리뷰를 고쳤어요. 지금 글을 보고, 아래 글로 바꾸려면 한 번 더 눌러 주세요."
)
MOVIE_EDITED_MEANWHILE = lazy_gettext(
    "그 사이에 다른 곳에서 이 영화의 정보를 고쳤어요. 지금 정보를 보고, 아래 내용으로 바꾸려면 한 번 더 눌러 주세요."
)
NICKNAME_PROVED = lazy_gettext("이 브라우저에서도 그 닉네임의 글을 고치고 지울 수 있어요.")
LOGGED_IN = lazy_gettext("관리자로 로그인했어요.")
LOGGED_OUT = lazy_gettext("로그아웃했어요.")
WRONG_PASSWORD = lazy_gettext("비밀번호가 달라요. 다시 적어 주세요.")  # noqa: S105 - a sentence
LOOKS_LIKE_BOT = lazy_gettext("사람이 쓴 글인지 확인하고 있어요. 내용은 그대로 있으니 한 번 더 눌러 주세요.")
DUPLICATE_REVIEW = lazy_gettext("방금 올린 글과 같아서 다시 올리지 않았어요.")
CORRECTED = lazy_gettext("알려 주셔서 고마워요. 평점은 그대로 두고, 다르게 읽은 독자의 수에 더했어요.")
UNCORRECTED = lazy_gettext("알린 것을 거뒀어요.")
CANNOT_CORRECT = lazy_gettext("지금은 의견을 받을 수 없어요. 잠시 뒤에 다시 해 주세요.")
NO_FILE = lazy_gettext("가져올 파일을 골라 주세요.")
UPLOAD_EXPIRED = lazy_gettext("올린 파일이 더는 없어요. 한 시간까지만 두거든요. 다시 올려 주세요.")
JOB_RUNNING = lazy_gettext("아직 끝나지 않은 일이 있어요. 그 일이 끝난 뒤에 다시 해 주세요.")
BUSY = lazy_gettext("지금 읽을 리뷰가 밀려 있어요. 쓴 글은 그대로 있으니 잠시 뒤에 다시 올려 주세요.")
UNAVAILABLE = lazy_gettext("지금은 저장할 수 없어요. 쓴 글은 그대로 있으니 잠시 뒤에 다시 올려 주세요.")


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
    if error.type in _FIXED:
        return str(_FIXED[error.type])
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


def script_texts() -> dict[str, str]:
    """Return the texts of `static/app.js`, passed as JSON in `data-texts`; `{name}` is a placeholder."""
    return {
        "positive": gettext("긍정"),
        "negative": gettext("부정"),
        "unsure": gettext("판단이 어려워요"),
        "sure_positive": gettext("긍정일 가능성 {score}"),
        "sure_negative": gettext("부정일 가능성 {score}"),
        "strong": gettext("강"),
        "weak": gettext("약"),
        "legend": gettext("▲ 평점을 올린 말, ▼ 내린 말이에요. 밑줄이 굵을수록 강해요."),
        "so_far": gettext("지금까지 쓴 글은 이렇게 읽혀요"),
        "found": gettext("영화 {count}편을 찾았어요"),
        "found_none": gettext("찾는 영화가 없어요"),
        "offered": gettext("고를 영화 {count}편"),
        "close_words": gettext("원래 글로 보기"),
        "no_korean": gettext("한국어가 없는 글은 자주 잘못 읽어요."),
        "kept": gettext("쓰다 만 글을 불러왔어요"),
        "too_long": gettext("{count}자를 줄여 주세요."),
    }
