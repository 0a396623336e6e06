"""The bundled model's sanity: what nobody would argue about. Its accuracy is measured in training/."""

import json
import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from app.errors import ModelError
from app.models import Label, Sentiment
from app.sentiment import BUNDLED, load
from app.sentiment.bundle import Mixture, load_bundle, load_convolution
from app.sentiment.classifier import TextClassifier
from app.sentiment.ngrams import Ngrams
from app.sentiment.worker import QueuedAnalyzer
from app.settings import ROOT
from tests.sentiment import models
from tests.sentiment.conftest import refusal

PRAISE = [
    "정말 재미있었어요. 최고의 영화!",
    "배우들 연기도 훌륭하고 스토리도 완벽했다. 강력 추천합니다",
    "너무 감동적이라 펑펑 울었습니다 ㅠㅠ 인생 영화",
    "명작입니다. 열 번을 봐도 또 보고 싶어요",
    "기대 이상이었다. 시간 가는 줄 모르고 봤네요",
]
BLAME = [
    "정말 재미없어요. 최악의 영화",
    "돈 아깝고 시간 아깝다. 보지 마세요",
    "스토리도 없고 연기도 못하고 지루해서 잤다",
    "쓰레기 영화. 감독은 반성해라",
    "기대했는데 너무 실망스러웠다. 하품만 나온다",
]
NO_SPACES = [
    ("정말재미있고감동적인최고의영화였어요", Label.POSITIVE),
    ("정말지루하고재미없는최악의영화였다", Label.NEGATIVE),
]
TYPOS = [("잼있어욬ㅋㅋ 완전 쵝오", Label.POSITIVE), ("노잼 개별루 돈아까움", Label.NEGATIVE)]
NEGATED = [("지루하지 않고 정말 재밌었다", Label.POSITIVE), ("전혀 웃기지도 않고 재미있지도 않다", Label.NEGATIVE)]
LETTERS = [("ㅋㅋㅋㅋㅋ 너무 웃기고 재밌다 ㅋㅋㅋ", Label.POSITIVE), ("ㅡㅡ 이게 영화냐 ㅉㅉ 쓰레기", Label.NEGATIVE)]
EMOJI = [("최고예요 👍👍😍 또 보고 싶다", Label.POSITIVE), ("최악 👎👎 시간 낭비 🤮", Label.NEGATIVE)]


@pytest.fixture(scope="module")
def bundled() -> Iterator[QueuedAnalyzer]:
    analyzer = load()
    yield analyzer
    analyzer.close()


@pytest.fixture(scope="module")
def reader() -> TextClassifier:
    return load_bundle(BUNDLED)


def clear(sentiment: Sentiment, label: Label) -> bool:
    """Whether the reading is `label` and its rating on that side of the middle."""
    return sentiment.label is label and (sentiment.rating >= 5) is (label is Label.POSITIVE)


def test_it_is_the_default_and_small(bundled: QueuedAnalyzer) -> None:
    assert bundled.name == "bundled"
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) <= 12_000_000
    config = json.loads((BUNDLED / "config.json").read_text("utf-8"))
    assert list(config["id2label"].values()) == [str(star) for star in range(1, 11)]


@pytest.mark.parametrize("text", PRAISE)
def test_praise_is_positive(bundled: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = bundled.analyze([text])
    assert sentiment.label is Label.POSITIVE
    assert sentiment.score > 0.7
    assert sentiment.rating > 7


@pytest.mark.parametrize("text", BLAME)
def test_blame_is_negative(bundled: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = bundled.analyze([text])
    assert sentiment.label is Label.NEGATIVE
    assert sentiment.score > 0.7
    assert sentiment.rating < 4


@pytest.mark.parametrize(("text", "label"), NO_SPACES + TYPOS + NEGATED + LETTERS + EMOJI)
def test_people_write_as_they_like(bundled: QueuedAnalyzer, text: str, label: Label) -> None:
    (sentiment,) = bundled.analyze([text])
    assert clear(sentiment, label), sentiment


@pytest.mark.parametrize("texts", [PRAISE, BLAME], ids=["praise", "blame"])
def test_long_reviews_are_read_to_their_end(bundled: QueuedAnalyzer, texts: list[str]) -> None:
    text = " ".join(texts * 50)[:5_000]
    (sentiment,) = bundled.analyze([text])
    assert clear(sentiment, Label.POSITIVE if texts is PRAISE else Label.NEGATIVE), sentiment
    other = " ".join((BLAME if texts is PRAISE else PRAISE) * 20)
    (mixed,) = bundled.analyze([text[:2_000] + " " + other])
    assert (mixed.rating < sentiment.rating) is (texts is PRAISE)


def test_decomposed_hangul_reads_as_composed(bundled: QueuedAnalyzer) -> None:
    texts = PRAISE + BLAME
    assert bundled.analyze([unicodedata.normalize("NFD", text) for text in texts]) == bundled.analyze(texts)


def test_alone_in_a_batch_and_under_threads_read_the_same(bundled: QueuedAnalyzer) -> None:
    texts = PRAISE + BLAME + [text for text, _ in NO_SPACES + TYPOS + EMOJI] + ["ㅋ", "좋다 " * 500]
    alone = [bundled.analyze([text])[0] for text in texts]
    with ThreadPoolExecutor(16) as pool:
        threaded = list(pool.map(lambda text: bundled.analyze([text])[0], texts))
    for other in (bundled.analyze(texts), threaded):
        for one, same in zip(alone, other, strict=True):
            assert same.label is one.label
            assert same.score == pytest.approx(one.score, abs=2e-4)
            assert same.rating == pytest.approx(one.rating, abs=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "This movie was great",
        "映画",
        "asdfghjkl",
        "1234567890",
        "ㅁㄴㅇㄹ",
        "🎬",
        "....",
        "\u200b",
        "<script>",
        "ㅋ" * 5_000,
    ],
)
def test_other_languages_and_nonsense_get_some_answer(bundled: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = bundled.analyze([text])
    assert sentiment.label in set(Label)
    assert 0.5 <= sentiment.score <= 1
    assert 0 <= sentiment.rating <= 10


@pytest.mark.parametrize("text", ["The worst movie I have ever seen", "asdf qwer zxcv", "....", "映画", "1234567890"])
def test_it_is_not_sure_of_what_it_cannot_read(bundled: QueuedAnalyzer, text: str) -> None:
    (sentiment,) = bundled.analyze([text])
    assert sentiment.score < 0.86
    (korean,) = bundled.analyze([f"정말 재미있는 최고의 영화 {text}"])
    assert korean.score > sentiment.score


def test_without_hangul_the_prior_counts() -> None:
    prior = np.array([0.0, 1.0])
    mixture = Mixture(encoder=0.5, convolution=0.25, no_hangul=0.5, prior=prior)
    ngrams, convolution, encoder = (np.array([[of, 0.0]] * 2, np.float32) for of in (4, 8, 2))
    logits = mixture(ngrams, convolution, encoder, ["영화", "a movie"])
    assert logits == pytest.approx(np.array([[4.0, 0.0], [2.0, 0.5]]))
    assert ngrams.tolist() == [[4.0, 0.0]] * 2  # what came in stays as it was


def test_it_is_as_good_as_was_asked_for() -> None:
    """What `training/evaluate.py` measured of these very weights, on reviews and movies they were not trained on."""
    metrics = json.loads((BUNDLED / "metrics.json").read_text("utf-8"))
    assert metrics["heldout"]["reviews"] == 25_000
    assert metrics["heldout"]["balanced_accuracy"] >= 0.88
    assert metrics["movies"]["accuracy"] >= 0.9125
    assert metrics["movies"]["calibration_error"] <= 0.03
    assert metrics["movies"]["movie_correlation"] >= 0.943


@pytest.mark.parametrize("part", ["model", "convolution"])
def test_its_weights_are_small_tensors_and_nothing_else(part: str) -> None:
    with safe_open(BUNDLED / f"{part}.safetensors", "pt") as weights:
        tensors = [weights.get_slice(name) for name in weights.keys()]
    assert {(len(tensor.get_shape()), tensor.get_dtype()) for tensor in tensors} == {(1, "F16"), (2, "F8_E4M3")}
    assert not [path.name for path in BUNDLED.iterdir() if path.suffix in (".bin", ".pkl", ".pt", ".py")]


def logits_of(reader: TextClassifier, texts: list[str]) -> list[list[float]]:
    windows = [window for cut in reader.windows.cut(texts) for window in cut]
    rows = [np.array([window.ids]) for window in windows]
    logits = np.concatenate([reader.model(row, np.ones_like(row)) for row in rows]).astype(np.float64)
    assert reader.second
    answer: list[list[float]] = reader.second.combine_logits(logits, [window.text for window in windows]).tolist()
    return answer


def test_the_export_answers_as_the_trained_model_did(reader: TextClassifier) -> None:
    """`sanity.json` holds the float32 logits of fixed sentences from before the export."""
    sanity = json.loads((BUNDLED / "sanity.json").read_text("utf-8"))
    for text, found, expected in zip(
        sanity["texts"], logits_of(reader, sanity["texts"]), sanity["logits"], strict=True
    ):
        assert found == pytest.approx(expected, abs=0.1), text


@pytest.mark.slow
def test_the_graph_computes_what_transformers_computes(reader: TextClassifier) -> None:
    """Other programs may load the folder as a BERT. The site rounds what its layers multiply, to 8 bits (which moves a
    logit by 0.01 on average), and takes the mean of three parts, which is its own."""
    model = AutoModelForSequenceClassification.from_pretrained(BUNDLED, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED)
    texts = PRAISE + BLAME + ["큭", "좋다 " * 30]
    encoded = tokenizer(texts, return_tensors="pt", padding=True)
    with torch.inference_mode():
        expected = model(**encoded).logits.numpy()
    difference = np.abs(reader.model(encoded["input_ids"].numpy(), encoded["attention_mask"].numpy()) - expected)
    assert difference.mean() < 0.02
    assert difference.max() < 0.2
    config = json.loads((BUNDLED / "config.json").read_text("utf-8"))
    encoder, convolution = config["mixture"]["encoder"], config["mixture"]["convolution"]
    normalized = [tokenizer.backend_tokenizer.normalizer.normalize_str(text) for text in texts]
    all_three = encoder * expected + convolution * load_convolution(BUNDLED).logits(normalized)
    all_three += (1 - encoder - convolution) * Ngrams.load(BUNDLED / "ngrams.safetensors").logits(normalized)
    assert np.array(logits_of(reader, texts)) == pytest.approx(all_three, abs=0.1)


@pytest.mark.slow
def test_other_programs_load_the_encoder_in_the_type_they_ask_for() -> None:
    tokenizer = AutoTokenizer.from_pretrained(BUNDLED)
    answers = []
    for asked, dtype in ((None, torch.float16), (torch.float32, torch.float32), (torch.bfloat16, torch.bfloat16)):
        model = AutoModelForSequenceClassification.from_pretrained(BUNDLED, **({"dtype": asked} if asked else {}))
        assert {parameter.dtype for parameter in model.parameters()} == {dtype}
        with torch.inference_mode():
            answers.append(model.float()(**tokenizer(PRAISE[0], return_tensors="pt")).logits.numpy())
    assert answers[0] == pytest.approx(answers[1], abs=0.01)
    assert answers[2] == pytest.approx(answers[1], abs=0.1)


def test_a_text_reads_the_same_whatever_is_in_the_batch_with_it(reader: TextClassifier) -> None:
    """Rounding goes by ranges measured once: those of a batch would let its texts move each other."""
    texts = PRAISE + BLAME + ["ㅋ", "좋다 " * 30]
    ids = [cut[0].ids for cut in reader.windows.cut(texts)]
    longest = max(map(len, ids))
    padded = np.array([row + [reader.pad] * (longest - len(row)) for row in ids])
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    together = reader.model(padded, mask)
    for row, answer in zip(ids, together, strict=True):
        assert reader.model(np.array([row]), np.ones((1, len(row)), np.int64))[0] == pytest.approx(answer, abs=1e-4)


@pytest.mark.slow
def test_reading_needs_neither_torch_nor_transformers() -> None:
    """They would take 300 MB and seconds."""
    script = """
import sys
from app.sentiment import load
load().analyze(["정말 재미있었어요"])
print({"torch", "transformers", "huggingface_hub"} & sys.modules.keys() or "none")
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.stderr) == ("none\n", "")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(BUNDLED, tmp_path / "copy")


def test_a_copy_of_the_folder_reads_the_same(bundled: QueuedAnalyzer, copy: Path) -> None:
    analyzer = load(str(copy))
    try:
        assert analyzer.analyze(PRAISE + BLAME) == bundled.analyze(PRAISE + BLAME)
    finally:
        analyzer.close()


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (file, damage)
        for file in ("model.safetensors", "ngrams.*", "tokenizer.json", "graph.*", "convolution.s*", "convolution.onnx")
        for damage in ("missing", "empty", "cut", "of another")
        if (file, damage) != ("graph.*", "missing")  # a folder without a graph is a plain BERT
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(copy: Path, file: str, damage: str) -> None:
    path = next(copy.glob(file))
    if damage == "missing":
        path.unlink()
    elif damage == "of another":
        shutil.copy(copy / "config.json", path)
    else:
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else path.stat().st_size // 2])
    assert refusal(copy)


def test_a_tokenizer_of_more_tokens_than_weights_is_refused(copy: Path) -> None:
    models.change_config(copy, vocab_size=8_000)
    with pytest.raises(ModelError, match="more tokens"):
        load(str(copy))


def test_a_convolution_of_another_alphabet_is_refused(copy: Path) -> None:
    file = copy / "convolution.safetensors"
    with safe_open(file, "pt") as tensors:
        kept = {name: tensors.get_tensor(name) for name in tensors.keys()}
        alphabet = tensors.metadata()["alphabet"]
    save_torch(kept, file, metadata={"alphabet": alphabet[1:]})
    with pytest.raises(ModelError, match="other letters than its alphabet"):
        load(str(copy))


def test_n_gram_weights_of_other_shapes_are_refused(copy: Path) -> None:
    tensors = load_file(copy / "ngrams.safetensors")
    for name, changed in (("bias", tensors["bias"][:-1]), ("weights", tensors["weights"][:-1])):
        save_file({**tensors, name: changed.copy()}, copy / "ngrams.safetensors")
        with pytest.raises(ModelError, match="shapes"):
            load(str(copy))


def test_nothing_is_asked_of_the_network() -> None:
    script = """
import socket
def refuse(*_):
    raise AssertionError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
from app.sentiment import load
print(load().analyze(["정말 재미있었어요"])[0].label)
"""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    assert (result.stdout, result.stderr, result.returncode) == ("긍정\n", "", 0)
