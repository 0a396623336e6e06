"""Normalization of texts for the bundled model."""

import unicodedata

import emoji
import pytest

from app.sentiment.normalization import compose_syllables, normalize

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
