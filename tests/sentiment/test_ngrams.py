"""The n-grams: what counts as one, and how weights add up."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.sentiment.ngrams import END, KEY_BITS, LONGEST, START, Ngrams, featurise

TEXTS = ["재밌다", "", "재밌다재밌다", "a", "👍🏽", "정말재미있는영화였어요또보고싶다"]


def keys_of(text: str) -> list[int]:
    keys, owners = featurise([text])
    assert not owners.any()
    return keys.tolist()


def runs_of(text: str) -> set[str]:
    return {text[at : at + size] for at in range(len(text)) for size in range(1, LONGEST + 1) if at + size <= len(text)}


@pytest.mark.parametrize("text", TEXTS)
def test_every_run_of_letters_counts_once_its_ends_counting_as_letters(text: str) -> None:
    keys = keys_of(text)
    assert len(keys) == len(set(keys)) == len(runs_of(f"{START}{text}{END}"))
    assert all(0 <= key < 1 << KEY_BITS for key in keys)
    # A run's key is the same wherever it stands.
    for run in runs_of(text):
        assert len(set(keys_of(run)) & set(keys)) >= len(runs_of(run))


def test_where_a_text_begins_and_ends_counts() -> None:
    last, first = set(keys_of("그래재밌다")), set(keys_of("재밌다그래"))
    whole = set(keys_of("재밌다"))
    assert whole & last - first  # "다" at the end
    assert whole & first - last  # "재" at the beginning


def test_texts_do_not_mix() -> None:
    keys, owners = featurise(TEXTS)
    for index, text in enumerate(TEXTS):
        assert keys[owners == index].tolist() == keys_of(text)
    assert len(set(keys_of("ab")) & set(keys_of("ba"))) == 4  # the letters, the beginning and the end alone


def test_keys_stay_what_the_weights_were_fitted_to() -> None:
    """Another hash would make nonsense of the bundled weights."""
    assert inside("재밌다") == [38186021, 136182414, 345396441, 526062411, 929725070, 1004366332]
    assert sum(keys_of("재밌다")) == 6483455595


def test_many_n_grams_share_few_keys() -> None:
    text = "".join(chr(0xAC00 + index) for index in range(11_172))
    assert len(keys_of(text)) > LONGEST * len(text) - 20


def inside(text: str) -> list[int]:
    """The keys of a text's runs without its ends, ascending: those it has in the middle of others alike."""
    return sorted(set(keys_of(f"가{text}나")) & set(keys_of(f"다{text}라")) - set(keys_of("")))


@pytest.fixture
def small(tmp_path: Path) -> Ngrams:
    """Knows 재, 밌 and 재밌, with weights by hand."""
    known = inside("재밌")
    steps = np.diff(known, prepend=0)
    weights = np.zeros((sum(steps // 60_000) + 3, 2), np.int8)
    filled, at = [], 0
    for step, weight in zip(steps, ([1, 0], [2, 0], [0, 4]), strict=True):  # far keys need steps in between
        filled += [60_000] * (step // 60_000) + [step % 60_000]
        at = len(filled)
        weights[at - 1] = weight
    projection = np.array([[1, 0, -1], [0, 1, 0]], np.float32)
    tensors = {"steps": np.array(filled, np.uint16), "weights": weights[:at], "projection": projection}
    save_file({**tensors, "bias": np.array([0.5, 0, 0], np.float32)}, tmp_path / "ngrams.safetensors")
    return Ngrams.load(tmp_path / "ngrams.safetensors")


def test_logits_are_the_weights_sum_over_the_root_of_their_number(small: Ngrams) -> None:
    known = inside("재밌")
    first, second, third = ([1, 0], [2, 0], [0, 4])
    by_key = dict(zip(known, (first, second, third), strict=True))
    one = by_key[inside("재")[0]]
    logits = small.logits(["재밌", "재", "모르는", "", "재밌재밌"])
    both = np.array([first, second, third]).sum(0) / 3**0.5
    assert logits[0] == pytest.approx([both[0] + 0.5, both[1], -both[0]])
    assert logits[1] == pytest.approx([one[0] + 0.5, one[1], -one[0]])
    assert logits[2] == pytest.approx([0.5, 0, 0])
    assert logits[3] == pytest.approx([0.5, 0, 0])
    assert logits[4] == pytest.approx(logits[0])  # each counts once; what is unknown counts nothing
    assert logits.dtype == np.float32
