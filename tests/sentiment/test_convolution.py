"""The convolution: a text read beside the gap where it differs from another reads as it does alone."""

import numpy as np
import pytest

from app.sentiment import BUNDLED
from app.sentiment.bundle import load_convolution
from app.sentiment.convolution import FIRST, PAD, REACH, UNKNOWN, Alphabet, Convolution, Feed

TEXT = "배우들의연기는훌륭했지만이야기가처음부터끝까지뻔해서많이지루했고음악만기억에남는다ㅠㅠ"


@pytest.fixture(scope="module")
def bundled() -> Convolution:
    return load_convolution(BUNDLED)


@pytest.fixture
def counted(bundled: Convolution) -> tuple[Convolution, list[int]]:
    """The same, and how many letters each call reads."""
    letters: list[int] = []

    def compute(outputs: list[str], feed: Feed) -> list[np.ndarray]:
        letters.append(int((feed["letters"] != PAD).sum()))
        return bundled.compute(outputs, feed)

    return Convolution(compute, bundled.alphabet, bundled.features), letters


def alone(convolution: Convolution, texts: list[str]) -> np.ndarray:
    return np.concatenate([convolution.logits([text]) for text in texts])


def without(text: str, start: int, end: int) -> str:
    return text[:start] + text[end:]


def test_an_alphabet_numbers_its_letters_and_no_others() -> None:
    rows = Alphabet("ab가나").rows(["나가b", "", "z가😀", "\ud800"])
    assert [row.tolist() for row in rows] == [
        [FIRST + 3, FIRST + 2, FIRST + 1],
        [UNKNOWN],
        [UNKNOWN, FIRST + 2, UNKNOWN],
        [UNKNOWN],
    ]


def test_texts_read_the_same_alone_and_together(bundled: Convolution) -> None:
    texts = [TEXT, "재밌다", "", "재밌다", TEXT * 4, "ㅋ", "노잼" * 30, "👍", TEXT[:20], "zzz"]
    assert bundled.logits(texts) == pytest.approx(alone(bundled, texts), abs=1e-4)


def test_a_text_without_some_letters_reads_as_it_does_alone(bundled: Convolution) -> None:
    rng = np.random.default_rng(1)
    texts = [TEXT, TEXT, TEXT[1:], TEXT[:-1], TEXT[REACH:], TEXT[: -4 * REACH], TEXT[5:-5]]
    for _ in range(60):
        start = int(rng.integers(len(TEXT)))
        texts.append(without(TEXT, start, min(len(TEXT), start + int(rng.integers(12)))))
    assert bundled.logits(texts) == pytest.approx(alone(bundled, texts), abs=1e-4)


def test_letters_that_repeat_leave_no_doubt_where_the_gap_is(bundled: Convolution) -> None:
    text = "ㅋㅋ" * 15 + "재밌다" * 10
    texts = [text, text[2:], text[:-3], without(text, 10, 16), without(text, 28, 33), text + "다", text[::-1]]
    assert bundled.logits(texts) == pytest.approx(alone(bundled, texts), abs=1e-4)


def test_only_the_letters_beside_a_gap_are_read(counted: tuple[Convolution, list[int]]) -> None:
    convolution, letters = counted
    texts = [TEXT, *(without(TEXT, at, at + 3) for at in range(0, len(TEXT), 3))]
    convolution.logits(texts)
    assert sum(letters) <= len(TEXT) + (len(texts) - 1) * 4 * REACH
    letters.clear()
    alone(convolution, texts)
    assert sum(letters) == sum(map(len, texts))


def test_it_looks_four_letters_to_each_side_and_no_further(bundled: Convolution) -> None:
    """A text's answer changes with any letter; what is found at a letter does not with those out of reach."""

    def found(text: str) -> np.ndarray:
        asked: list[np.ndarray] = []

        def compute(outputs: list[str], feed: Feed) -> list[np.ndarray]:
            answers = bundled.compute(["logits", "found"], feed)
            asked.append(answers[1][0])
            return answers[: len(outputs)]

        Convolution(compute, bundled.alphabet, bundled.features).logits([text])
        return asked[0]

    at = len(TEXT) // 2
    changed = np.abs(found(TEXT) - found(TEXT[:at] + "별" + TEXT[at + 1 :])).max(axis=1) > 1e-5
    assert changed[at]
    assert not changed[: at - REACH].any()
    assert not changed[at + REACH + 1 :].any()
