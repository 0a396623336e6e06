"""What `static/app.js` says. A page hands it over in its language, as JSON in `data-texts`; `{name}` is a gap."""

from flask_babel import gettext


def script_texts() -> dict[str, str]:
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
