"""Loads the bundled model as a `TextClassifier`.

Three parts read a text: its n-grams (`ngrams`), a convolution over its letters (`convolution`) and an encoder of its
tokens. The mean of their logits counts. ONNX Runtime computes the latter two; beside torch and transformers, which
would, that saves 300 MB of memory and eight seconds of the start.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from safetensors import safe_open
from tokenizers import Tokenizer

from app.errors import ModelError, first_line
from app.sentiment.classifier import TextClassifier
from app.sentiment.config import GRAPH, id2label, read_config
from app.sentiment.convolution import FIRST, Alphabet, Convolution
from app.sentiment.label_scale import LabelScale
from app.sentiment.ngrams import Ngrams
from app.sentiment.tokenization import WindowTokenizer
from app.sentiment.weights import load_weights

_CONVOLUTION = "convolution"
_HANGUL = re.compile("[가-힣]")


class Encoder:
    """The part that reads tokens, as an `app.sentiment.classifier.Model`."""

    def __init__(self, session: Any) -> None:
        """`session`: ONNX Runtime's, of `ids` and `mask`."""
        self._session = session

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self._session.run(None, {"ids": ids, "mask": mask.astype(np.int32)})[0]
        return logits


@dataclass(frozen=True, slots=True)
class Mixture:
    """How the parts' logits become one: `encoder` and `convolution` say what theirs count, 0..1, n-grams counting the
    rest. Little in the corpus is like a text without Hangul (another language, signs, nonsense), and the parts are too
    sure of such; `no_hangul` is what their opinion of it counts, 0..1, `prior` counting the rest: the logits of a text
    not read at all."""

    encoder: float
    convolution: float
    no_hangul: float
    prior: NDArray[np.float64]

    def __call__(
        self, ngrams: NDArray[Any], convolution: NDArray[Any], encoder: NDArray[Any], texts: Sequence[str]
    ) -> NDArray[np.float64]:
        """Logits of normalised texts, (texts, classes), of those of each part."""
        mixed = (1 - self.encoder - self.convolution) * np.asarray(ngrams, np.float64)
        mixed += self.convolution * convolution + self.encoder * encoder
        foreign = [_HANGUL.search(text) is None for text in texts]
        mixed[foreign] = self.prior + self.no_hangul * (mixed[foreign] - self.prior)
        return mixed

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Mixture":
        """Raises KeyError, TypeError or ValueError for a configuration without one."""
        kept = config["mixture"]
        prior = np.array(kept["prior"], np.float64)
        if prior.shape != (len(config["id2label"]),):
            raise ValueError("its prior is of other classes than its labels")
        return cls(float(kept["encoder"]), float(kept["convolution"]), float(kept["no_hangul"]), prior)


class Letters:
    """The parts that read letters, as an `app.sentiment.classifier.AuxiliaryModel`."""

    def __init__(self, ngrams: Ngrams, convolution: Convolution, mixture: Mixture, tokenizer: Tokenizer) -> None:
        self._ngrams, self._convolution, self._mixture = ngrams, convolution, mixture
        self._normalizer = tokenizer.normalizer

    def combine_logits(self, logits: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
        normal = [self._normalizer.normalize_str(text) for text in texts]
        return self._mixture(self._ngrams.logits(normal), self._convolution.logits(normal), logits, normal)


def load_bundle(folder: Path, threads: int = 1) -> TextClassifier:
    """The model in `folder`, warmed up, computing on `threads` cores.

    Raises `app.errors.ModelError`, without the model's name."""
    config = read_config(folder)
    scale = LabelScale.from_config(id2label(config), config.get("sentiment"))
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        if tokenizer.get_vocab_size() > int(config["vocab_size"]):
            raise ValueError("its tokenizer knows more tokens than its weights")
        ngrams, convolution = Ngrams.load(folder / "ngrams.safetensors"), load_convolution(folder, threads)
        letters = Letters(ngrams, convolution, Mixture.from_config(config), tokenizer)
        encoder = Encoder(open_graph((folder / GRAPH).read_bytes(), folder / "model.safetensors", threads))
        windows = WindowTokenizer(tokenizer, int(config["max_position_embeddings"]))
        reader = TextClassifier(encoder, windows, scale, int(config["pad_token_id"]), letters)
        reader.warm_up()
    except Exception as error:  # what a broken file makes its library raise is nobody's contract
        raise ModelError(f"its files do not make a model ({first_line(error)})") from error
    return reader


def load_convolution(folder: Path, threads: int = 1) -> Convolution:
    """The convolution in `folder`. Raises what its libraries do for broken files."""
    file = folder / f"{_CONVOLUTION}.safetensors"
    with safe_open(file, "np") as tensors:
        alphabet = Alphabet(tensors.metadata()["alphabet"])
        (known, _), (features, _) = (tensors.get_slice(f"{name}.weight").get_shape() for name in ("letters", "wide"))
    if known != len(alphabet) + FIRST:
        raise ValueError("its convolution knows other letters than its alphabet")
    session = open_graph((folder / f"{_CONVOLUTION}.onnx").read_bytes(), file, threads)
    return Convolution(session.run, alphabet, features)


def open_graph(graph: bytes, weights: Path, threads: int = 1) -> Any:
    """ONNX Runtime's session of a graph and the file with its weights, its linear layers in whole numbers
    (training/graph.py says how), the same on every processor. Not in bf16, which ONNX Runtime does not compute on x86,
    AVX512-BF16 and AMX included (1.32 answers a bf16 Gemm with NOT_IMPLEMENTED; microsoft/onnxruntime#20630, #28768).
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps what the longest text once needed
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the web's threads need the cores
    options.log_severity_level = 3
    tensors = load_weights(weights)
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
