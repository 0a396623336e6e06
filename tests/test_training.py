"""The test sentences in training/behaviour.tsv are separate from the training patterns."""

import random
import sys
from collections import Counter

import pytest
import torch

from app.sentiment.bundled_model import MAX_NGRAM, Vocabulary, jamo
from app.sentiment.normalization import normalize
from app.settings import ROOT

sys.path.append(str(ROOT / "training"))
import texts

import templates

CASES = [line.split("\t") for line in (ROOT / "training" / "behaviour.tsv").read_text("utf-8").splitlines()[1:]]


def test_there_are_four_hundred_sentences_of_every_kind() -> None:
    assert len({normalize(text) for _, _, text in CASES}) == len(CASES) == 400
    assert {expected for _, expected, _ in CASES} == {"+", "-", "0"}
    kinds = Counter(kind for kind, _, _ in CASES)
    assert len(kinds) == 14
    assert min(kinds.values()) >= 12


def test_no_test_sentence_matches_a_training_pattern() -> None:
    expressions = templates.expressions()
    found = [text for _, _, text in CASES if any(one.fullmatch(templates.stem(text)) for one in expressions)]
    assert found == []


def test_generated_sentences_match_their_pattern() -> None:
    rng = random.Random(1)  # noqa: S311 - the same sentences each time
    lists, patterns = templates.read_patterns()
    for pattern, expression in zip(patterns, templates.expressions(), strict=True):
        for _ in range(20):
            sentence = templates.expand(pattern.text, lists, rng)
            assert expression.fullmatch(normalize(sentence)), (pattern.text, sentence)


@pytest.mark.parametrize("ending", ["", "!", " ㅋㅋ", "..."])
def test_endings_do_not_change_the_match(ending: str) -> None:
    assert any(one.fullmatch(templates.stem(f"지루할 틈이 없었다{ending}")) for one in templates.expressions()) is False
    assert any(one.fullmatch(templates.stem(f"하나도 지루할 틈이 없었다{ending}")) for one in templates.expressions())


def test_training_reads_the_same_numbers_of_a_text_as_the_site() -> None:
    reviews = ["최고의 영화", "ㅋㅋ 노잼", "", "good 👍", "똠방각하 2편"]
    vocabulary = ["good", "노잼", "영화", "영", "의영화", "최고의영화", "ㅋ", "ㅋㅋ"]
    numbers, arrays = Vocabulary(vocabulary), texts.arrays(reviews)
    found = texts.Texts.load(arrays)
    codes = found.batch(torch.arange(len(reviews), device=texts.DEVICE)).cpu()
    read, parts = texts.Ngrams(vocabulary)(codes), texts.jamo(codes)
    assert read.shape == (len(reviews), max(map(len, reviews)), MAX_NGRAM)
    for row, review in enumerate(text or "." for text in reviews):
        assert (read[row, : len(review)].numpy() == numbers.numbers(review)).all()
        assert (parts[row, : len(review)].numpy() == jamo(review)).all()
        assert not read[row, len(review) :].any()
