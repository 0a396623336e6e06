"""The bundled model: a network in an ONNX file.

Its input, for each character of the normalised text, is the n-grams that begin there (of up to five characters) and the
character's jamo. Its output is the log-odds that the text is positive, which are then calibrated. For a text without
Hangul, or without a known n-gram of two characters, they are limited. A score that the text states in digits or stars
is averaged in, weighted by its share of the text.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.models import Sentiment
from app.sentiment.batches import batches
from app.sentiment.config import NETWORK, Calibration, model_error, read_calibration
from app.sentiment.explanation import Prediction
from app.sentiment.normalization import has_emoji, normalize, stated_score

VOCABULARY = "vocabulary.txt"
MAX_NGRAM = 5  # characters
WINDOW = 160  # characters; reviews of the corpus have at most 147
_OVERLAP = 16  # characters shared with the next window
_BATCH_SIZE, _MAX_PADDING = 1_024, 64  # characters of a batch, and of its padding
MAX_UNSURE = 0.8  # log-odds of a text without Hangul or known words: P(positive) is between 0.31 and 0.69
_MAX_LOG_ODDS = 12.0  # keeps the logarithms of probabilities finite


class Vocabulary:
    """Numbers of the known n-grams, from 1; all others are 0."""

    def __init__(self, ngrams: Sequence[str]) -> None:
        self._numbers = {ngram: number for number, ngram in enumerate(ngrams, 1)}

    def __len__(self) -> int:
        return len(self._numbers)

    def numbers(self, text: str) -> NDArray[np.int32]:
        """Return the numbers of the n-grams that begin at each character, (characters, `MAX_NGRAM`)."""
        get = self._numbers.get
        sizes = range(1, MAX_NGRAM + 1)
        # A slice beyond the end is shorter than `size`: that n-gram is counted with its own size.
        found = [
            get(text[at : at + size], 0) if at + size <= len(text) else 0 for at in range(len(text)) for size in sizes
        ]
        return np.array(found, np.int32).reshape(-1, MAX_NGRAM)

    def has_ngram(self, text: str) -> bool:
        """Return whether `text` has a known n-gram of two or more characters, or is a single character."""
        ngrams = (text[at : at + size] for size in range(2, MAX_NGRAM + 1) for at in range(len(text) - size + 1))
        return len(text) < 2 or any(ngram in self._numbers for ngram in ngrams)


def jamo(text: str) -> NDArray[np.uint8]:
    """Return initial, vowel and final of each character, (characters, 3), from 1; zeros if it is no syllable."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64) - 0xAC00
    parts = np.stack([codes // 588, codes % 588 // 28, codes % 28], 1) + 1
    parts[(codes < 0) | (codes >= 11_172)] = 0
    return parts.astype(np.uint8)


def windows(text: str) -> list[str]:
    """Split `text` into overlapping parts of equal length, at most `WINDOW`."""
    if len(text) <= WINDOW:
        return [text] if text else []
    last = -(-(len(text) - WINDOW) // (WINDOW - _OVERLAP))
    starts = [round(index * (len(text) - WINDOW) / last) for index in range(last + 1)]
    return [text[start : start + WINDOW] for start in starts]


class BundledModel:
    """The network with its vocabulary and calibration. Not thread-safe."""

    def __init__(self, session: Any, vocabulary: Vocabulary, calibration: Calibration) -> None:
        """Wrap an ONNX Runtime session."""
        self._session, self._vocabulary, self._calibration = session, vocabulary, calibration

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one `Prediction` per text (at least one), in order."""
        normal = [normalize(text) for text in texts]
        odds = self._calibration.correct(self.log_odds(normal)).tolist()
        return [self._prediction(*values) for values in zip(texts, normal, odds, strict=True)]

    def log_odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the network's log-odds of each normalised text, uncalibrated; 0 for an empty text.

        For a text of several windows, these are the log-odds of the windows' mean probability.
        """
        by_text = [windows(text) for text in texts]
        rows = [window for part in by_text for window in part]
        odds = np.empty(len(rows))
        for batch in batches([len(row) for row in rows], _BATCH_SIZE, _MAX_PADDING):
            odds[batch] = self._session.run(None, self._inputs([rows[index] for index in batch]))[0]
        if not np.isfinite(odds).all():
            raise ArithmeticError("the model's answer is not a number")
        ends = np.cumsum([len(part) for part in by_text])[:-1]
        return np.array([_mean(part) for part in np.split(odds, ends)])

    def _prediction(self, text: str, normal: str, odds: float) -> Prediction:
        """Return the prediction for a text, its normalised form and the calibrated log-odds."""
        if not normal:
            odds = 0.0
        elif not self._is_readable(text, normal):
            odds = max(-MAX_UNSURE, min(MAX_UNSURE, odds))
        p = 1 / (1 + math.exp(-max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, odds))))
        stated = stated_score(text)
        if stated:
            p += stated.weight * (stated.score / 10 - p)
            odds = _log_odds(p)
        return Prediction(Sentiment.from_probability(p), odds, stated.score if stated else None)

    def _is_readable(self, text: str, normal: str) -> bool:
        """Return whether a text has Hangul (also in its emoji's names), and an emoji or a known n-gram."""
        has_hangul = any("가" <= character <= "힣" for character in normal)
        return has_hangul and (has_emoji(text) or self._vocabulary.has_ngram(normal))

    def _inputs(self, rows: Sequence[str]) -> dict[str, NDArray[Any]]:
        longest = max(map(len, rows))
        ngrams = np.zeros((len(rows), longest, MAX_NGRAM), np.int32)
        parts = np.zeros((len(rows), longest, 3), np.int32)
        mask = np.zeros((len(rows), longest), np.float32)
        for index, row in enumerate(rows):
            ngrams[index, : len(row)] = self._vocabulary.numbers(row)
            parts[index, : len(row)] = jamo(row)
            mask[index, : len(row)] = 1
        return {"ngrams": ngrams, "jamo": parts, "mask": mask}


def load_bundled_model(folder: Path) -> BundledModel:
    """Load the model in `folder` and warm it up.

    Raise `app.errors.ModelError`, without the model's name.
    """
    calibration = read_calibration(folder)
    with model_error("its files do not make a model"):
        vocabulary = Vocabulary((folder / VOCABULARY).read_text("utf-8").splitlines())
        session = _session(folder / NETWORK)
        if session.get_modelmeta().custom_metadata_map.get("ngrams") != str(len(vocabulary)):
            raise ValueError("its vocabulary is not the network's")
        model = BundledModel(session, vocabulary, calibration)
        model.predict(["안녕하세요 👋", "좋은 영화 " * 100])  # so that the first request is not slow
    return model


def _session(file: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # with 2, a review took 5 % more CPU time
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena would keep the memory of the longest text
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leaves the cores to the web threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def _mean(odds: NDArray[np.float64]) -> float:
    if len(odds) < 2:
        return float(odds.sum())
    p = 1 / (1 + np.exp(-odds.clip(-_MAX_LOG_ODDS, _MAX_LOG_ODDS)))
    return _log_odds(float(p.mean()))


def _log_odds(p: float) -> float:
    tiny = math.exp(-_MAX_LOG_ODDS)
    p = max(tiny, min(1 - tiny, p))
    return math.log(p) - math.log1p(-p)
