"""Rank 1. The bundled model's folder in, a `Reader` out. May import onnxruntime, tokenizers, safetensors, errors.

Two halves read a text, its n-grams (`ngrams`) and an encoder of its tokens, and the mean of their logits counts ("wide
and deep": https://arxiv.org/abs/1606.07792). ONNX Runtime computes the encoder; beside torch and transformers, which
would, that saves 300 MB of memory and eight seconds of the start.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from app.errors import ModelError, first_line
from app.sentiment.config import GRAPH, id2label, read_config
from app.sentiment.labels import Scale
from app.sentiment.ngrams import Ngrams
from app.sentiment.reader import Reader
from app.sentiment.windows import Windows


class Encoder:
    """The deep half, as an `app.sentiment.reader.Model`."""

    def __init__(self, session: Any) -> None:
        """`session`: ONNX Runtime's, of `ids` and `mask`."""
        self._session = session

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self._session.run(None, {"ids": ids, "mask": mask.astype(np.int32)})[0]
        return logits


class Wide:
    """The wide half, as an `app.sentiment.reader.Second`."""

    def __init__(self, ngrams: Ngrams, weight: float, tokenizer: Tokenizer) -> None:
        """`weight`: what the encoder's logits count, 0..1, those of `ngrams` counting the rest."""
        self._ngrams, self._weight = ngrams, weight
        self._normalizer = tokenizer.normalizer

    def mix(self, logits: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.float64]:
        own = self._ngrams.logits([self._normalizer.normalize_str(text) for text in texts])
        return (1 - self._weight) * own + self._weight * logits


def load_bundle(folder: Path, threads: int = 1) -> Reader:
    """The model in `folder`, warmed up, computing on `threads` cores.

    Raises `app.errors.ModelError`, without the model's name."""
    config = read_config(folder)
    scale = Scale.from_config(id2label(config), config.get("sentiment"))
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        if tokenizer.get_vocab_size() > int(config["vocab_size"]):
            raise ValueError("its tokenizer knows more tokens than its weights")
        wide = Wide(Ngrams.load(folder / "ngrams.safetensors"), float(config["encoder_weight"]), tokenizer)
        windows = Windows(tokenizer, int(config["max_position_embeddings"]))
        reader = Reader(Encoder(_session(folder, threads)), windows, scale, int(config["pad_token_id"]), wide)
        reader.warm_up()
    except Exception as error:  # what a broken file makes its library raise is nobody's contract
        raise ModelError(f"its files do not make a model ({first_line(error)})") from error
    return reader


def _session(folder: Path, threads: int) -> Any:
    """The encoder, its linear layers in whole numbers (training/graph.py says how), the same on every processor. Not
    in bf16, which ONNX Runtime does not compute on x86, AVX512-BF16 and AMX included (1.32 answers a bf16 Gemm with
    NOT_IMPLEMENTED; microsoft/onnxruntime#20630, #28768)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps what the longest text once needed
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the web's threads need the cores
    options.log_severity_level = 3
    tensors = load_file(folder / "model.safetensors")
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor.astype(np.float32)) for tensor in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    graph = (folder / GRAPH).read_bytes()
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
