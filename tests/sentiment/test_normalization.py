"""Normalization of texts for the bundled model, and scores that writers state in digits or stars."""

import unicodedata

import emoji
import pytest

from app.sentiment.normalization import compose_syllables, normalize, stated_score

ALIKE = [
    ("정말 재밌다", ["정말재밌다", " 정말\t재밌다\n", "정말\u3000재밌다", "정말\u00a0재밌다"]),
    ("재미있다", ["재\u200b미있\u00ad다", "\ufeff재미\u2060있다\ufe0f", "재미\u3164있다", "재\u180e미있다\U000e0001"]),
    ("재미있다", [unicodedata.normalize("NFD", "재미있다"), "ㅈㅐㅁㅣㅇㅣㅆㄷㅏ", "ﾸￃﾱￜﾷￜﾶﾧￂ"]),
    ("뷁이다", ["\u3164ㅂㅞㄺ이다", "\u3164ㅂㅞㄺ\u3164ㅇㅣ\u3164다"]),
    ("펑펑 ㅠㅠ", ["펑펑 ㅜㅜ", "펑펑 ㅠㅜ", "펑펑 ￗￓ"]),
    ("ㅋㅋㅋ 웃기다", ["ㅋㅋㅋㅋㅋㅋㅋㅋㅋ 웃기다", "ﾻﾻﾻﾻ 웃기다"]),
    ("good 10점", ["ＧＯＯＤ １０점", "Good 10 점", "ｇｏｏｄ①⓪점".replace("①⓪", "１０")]),
    ("최고 ❤", ["최고 ❤\ufe0f", "최고 ❤\ufe0e"]),
    ("최고👍", ["최고 👍", "최고 올린 엄지"]),
]
UNLIKE = [
    ("ㅋㅋ", "ㅠㅠ"),
    ("재미있다", "재미없다"),
    ("최고 👍", "최고 👎"),
    ("ㅋㅠㅠ", "큐ㅠ"),  # an emoticon
    ("★☆☆☆☆", "★★★☆☆"),
    ("최고 ㅋ", "최고 ㅋㅋ"),
]
STATED = [
    ("10점 만점에 3점", 3.0), ("10점만점에 10점!", 10.0), ("5점 만점에 4.5", 9.0), ("100점 만점에 87점", 8.7),
    ("10점 만점 중 2점", 2.0), ("8/10", 8.0), ("3점/10점", 3.0), ("평점 4.5/5", 9.0), ("★☆☆☆☆", 2.0),
    ("★★★★★ 최고", 10.0), ("☆☆☆☆☆", 0.0), ("★\ufe0f★★☆\u200b☆", 6.0), ("별 반 개", 1.0), ("별반개도 아깝다", 1.0),
    ("별 네 개 반", 9.0), ("별 다섯 개 드립니다", 10.0), ("영화는 별 하나", 2.0), ("별 10개", 10.0),
    ("별점 4점", 8.0), ("별점 9점", 9.0),
]  # fmt: skip
SILENT = [
    "10점 만점에 11점", "0점 만점에 0점", "9/10일에 봄", "2013/5/10", "3/50", "★★★", "★★★★★★",
    "이별 한 개", "특별 하나", "별 한심하다", "별 5개월", "점수는 비밀", "",
]  # fmt: skip


@pytest.mark.parametrize(("text", "others"), ALIKE)
def test_texts_that_look_alike_are_equal(text: str, others: list[str]) -> None:
    assert {normalize(other) for other in others} == {normalize(text)}


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_texts_that_do_not_look_alike_differ(one: str, other: str) -> None:
    assert normalize(one) != normalize(other)


@pytest.mark.parametrize("text", [
    "정말 재밌다!", "ㅁㄴㅇㄹ", "とても面白かったです", "a_b 👍🏽 ㅋㅋㅋㅋ", "", "\u200b", "\ud800 x", "ㅈㅐㅁㅣ",
    "½ ﬁ ﷺ",
])  # fmt: skip
def test_normalization_is_idempotent(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


def test_invisible_characters_are_removed() -> None:
    assert normalize("\u200b\u3164 \u00ad\ufe0f\uffa0") == ""


def test_letters_are_composed_only_as_whole_words() -> None:
    assert compose_syllables("ㅇㅣㄱㅓ ㅁㅝㅇㅑ") == "이거 뭐야"
    assert compose_syllables("ㅁㄴㅇㄹ ㅇㅋ ㄱㅏㅏ ㅋㅠㅠ ㅇㅡㅇ") == "ㅁㄴㅇㄹ ㅇㅋ ㄱㅏㅏ ㅋㅠㅠ ㅇㅡㅇ"


def test_every_emoji_is_replaced_by_its_name() -> None:
    named = [sign for sign, data in emoji.EMOJI_DATA.items() if data["status"] == 2]  # fully qualified
    assert len(named) > 3_000
    left = [sign for sign in named if len(sign) == 1 and normalize(sign) == sign]
    assert left == []


@pytest.mark.parametrize(("text", "score"), STATED)
def test_a_stated_score_is_found(text: str, score: float) -> None:
    found = stated_score(text)
    assert found
    assert found.score == pytest.approx(score)
    assert 0 < found.weight <= 1


@pytest.mark.parametrize("text", SILENT)
def test_other_numbers_are_ignored(text: str) -> None:
    assert stated_score(text) is None


def test_its_weight_is_its_share_of_the_text() -> None:
    for text, weight in (("8/10", 1.0), ("8 / 10 !", 0.8), ("재밌어요 8/10", 0.5)):
        found = stated_score(text)
        assert found
        assert found.weight == pytest.approx(weight)
