"""Explanations: exact with a model of four words, plausible with the bundled one."""

from collections.abc import Sequence
from itertools import pairwise
from math import exp

import pytest

from app.models import Explanation, Label, Sentiment
from app.sentiment.explanation import MAX_WORDS, Prediction, explain
from app.sentiment.worker import QueuedAnalyzer

ODDS = {"재밌다": 0.5, "최고": 1.0, "지루": -0.6, "노잼": -1.5}


def four_words(texts: Sequence[str]) -> list[Prediction]:
    """Weigh four words."""
    return [
        Prediction(Sentiment.from_probability(1 / (1 + exp(-odds))), odds)
        for odds in (float(sum(odds * text.count(word) for word, odds in ODDS.items())) for text in texts)
    ]


def test_a_words_weight_is_its_share_of_the_log_odds() -> None:
    explanation = explain("정말 재밌다 근데 지루", four_words)
    assert explanation.sentiment == Sentiment(Label.NEGATIVE, 0.525, 4.75)
    small = [(word.text, word.weight) for word in explanation.words]  # log-odds -0.1 and 0.25 below 5
    good, bad = pytest.approx(1.25, abs=2e-3), pytest.approx(-1.5, abs=2e-3)
    assert small == [("정말", 0), ("재밌다", good), ("근데", 0), ("지루", bad)]
    sure = [word.weight for word in explain("최고 " * 8, four_words).words]  # log-odds 8: from 5 to a rating of 10
    assert sum(sure) == pytest.approx(5, abs=0.01)
    assert sure == pytest.approx([5 / 8] * 8, abs=0.01)  # each word an eighth of the way


def test_words_have_the_rating_without_them(bundled: QueuedAnalyzer) -> None:
    for predict in (four_words, bundled.predict):
        for text in ("정말 재밌다 근데 지루", "노잼", " 최고의 연기 최고 "):
            words = explain(text, predict).words
            without = predict([text[: word.start] + text[word.end :] for word in words])
            assert [word.rating_without for word in words] == [prediction.sentiment.rating for prediction in without]


def test_long_texts_are_rated_without_their_strongest_words() -> None:
    text = "보통 " * 60 + "노잼 " + "보통 " * 35 + "최고 재밌다"
    words = [word for word in explain(text, four_words).words if word.rating_without is not None]
    assert [word.text for word in words] == ["노잼", "최고", "재밌다"]
    for word in words:  # the whole text's log-odds are 0
        assert word.rating_without == pytest.approx(10 / (1 + exp(ODDS[word.text])), abs=0.001)


def test_no_text_is_computed_twice() -> None:
    computed: list[str] = []

    def record(texts: Sequence[str]) -> list[Prediction]:
        computed.extend(texts)
        return four_words(texts)

    explain("최고 최고 재밌다", record)
    assert computed == ["최고 최고 재밌다", " 최고 재밌다", "최고  재밌다", "최고 최고 "]


def test_words_have_their_positions(bundled: QueuedAnalyzer) -> None:
    texts = ["  정말\n재밌다\t\t최고 👍🏽 ", "진짜재밌게봤어요또보고싶네요정말로요 최고", "ㅋ"]
    for text in [*texts, "a" * 3_000, "좋다 " * 900]:
        for explanation in (explain(text, four_words), bundled.explain(text)):
            assert_words_cover(text, explanation)


def assert_words_cover(text: str, explanation: Explanation) -> None:
    """Check that the words are in order and cover all characters but spaces."""
    words = explanation.words
    assert 1 <= len(words) <= MAX_WORDS
    assert all(word.text == text[word.start : word.end] for word in words)
    assert all(one.end <= other.start for one, other in pairwise(words))
    between = text[: words[0].start] + text[words[-1].end :]
    between += "".join(text[one.end : other.start] for one, other in pairwise(words))
    assert not between.strip()


def test_a_sentence_without_spaces_is_split(bundled: QueuedAnalyzer) -> None:
    text = "배우는정말훌륭한데이야기가너무지루해서실망했다"
    words = bundled.explain(text).words
    assert len(words) > 4
    assert all(2 <= len(word.text) <= 8 for word in words)
    for length, pieces in ((8, [8]), (9, [3, 3, 3]), (10, [3, 3, 4]), (11, [3, 3, 3, 2])):
        words = explain("짧은말 " + "가" * length, four_words).words
        assert [len(word.text) for word in words] == [3, *pieces]


def test_a_long_text_is_explained_by_parts() -> None:
    text = "보통 " * 300 + "노잼 " + "보통 " * 300 + "최고"
    found = {word.text: word.weight for word in explain(text, four_words).words if word.weight}
    lowest, highest = min(found, key=lambda word: found[word]), max(found, key=lambda word: found[word])
    assert "노잼" in lowest
    assert "최고" in highest


REVIEWS = [
    "배우들 연기는 정말 훌륭한데 스토리가 너무 지루하고 뻔해서 실망했다",
    "기대 안 했는데 의외로 재밌고 감동적이었다 강력 추천",
    "초반은 지루하지만 후반 반전이 최고",
    "진짜재밌게봤어요또보고싶네요",
    "돈 아깝다 시간 아깝다 보지 마세요",
]


def positive_probability(sentiment: Sentiment) -> float:
    """Return P(positive)."""
    return sentiment.score if sentiment.label is Label.POSITIVE else 1 - sentiment.score


@pytest.mark.parametrize("text", REVIEWS)
def test_without_its_best_word_a_review_is_less_positive(bundled: QueuedAnalyzer, text: str) -> None:
    explanation = bundled.explain(text)
    (alone,) = bundled.analyze([text])
    assert explanation.sentiment == alone
    best = max(explanation.words, key=lambda word: word.weight)
    worst = min(explanation.words, key=lambda word: word.weight)
    without_best, without_worst = bundled.analyze([text[: word.start] + text[word.end :] for word in (best, worst)])
    if best.weight > 0.05:  # scores are rounded
        assert positive_probability(without_best) < positive_probability(alone)
    if worst.weight < -0.05:
        assert positive_probability(without_worst) > positive_probability(alone)
    assert best.weight > 0.05 or worst.weight < -0.05


def test_weights_have_the_sign_of_their_words(bundled: QueuedAnalyzer) -> None:
    words = {word.text: word.weight for word in bundled.explain(REVIEWS[0]).words}
    assert words["훌륭한데"] > 0.1
    assert words["지루하고"] < -0.1
    praise, blame = bundled.explain(REVIEWS[1]), bundled.explain(REVIEWS[4])
    assert sum(word.weight for word in praise.words) > 0 > sum(word.weight for word in blame.words)


def test_transformers_models_are_explained(stars: QueuedAnalyzer) -> None:
    text = "정말 재미있다 최고 지루해요"
    explanation = stars.explain(text)
    assert_words_cover(text, explanation)
    assert any(word.weight for word in explanation.words)
