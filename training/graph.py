"""The encoder as an ONNX graph without its weights: what ONNX Runtime computes, in whole numbers where that pays.

    python training/graph.py app/sentiment/bundled       # work/train.tsv -> a new graph.onnx in a folder that is there

Run time: half a minute. `export.py` does the same for a new folder: it writes `graph.onnx` beside `model.safetensors`,
whose tensors the graph names as external data; the site hands them over when it loads the two. The operators of the
"com.microsoft" domain are ONNX Runtime's own, the same arithmetic in fewer steps:
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md

Linear layers multiply whole numbers (https://arxiv.org/abs/1712.05877), which takes half of the time of floats on a
processor with VNNI. What goes in is rounded to one of 256 steps over a range that is measured once, on reviews of
train.tsv; so a text reads the same whatever is in the batch with it, which ranges taken from each batch would not
give. A column of weights is rounded to 127 steps, a bit less than would fit: older processors add two products in 16
bits, and those of eight bits overflow
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). Rounding the weights is a part of the
graph that ONNX Runtime computes when it loads; the file of weights stays one that any program can read.
"""

import json
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
from common import parser, read_rows
from onnx import ModelProto, TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from tqdm import tqdm

OPSET, IR_VERSION = 18, 10  # what every ONNX Runtime since 1.18 reads
MICROSOFT = "com.microsoft"
STEPS = 255  # between what goes into a layer at least and at most
WEIGHT = 63  # the largest weight of a column, rounded
MEASURED = 4_000  # reviews; twice as many move no range by more than a tenth

Ranges = dict[str, tuple[float, float]]
"""Of each linear layer, by name: the least and the most that goes in, 0 included."""


class Graph:
    """Collects nodes and the weights they use. With `ranges`, linear layers compute whole numbers."""

    def __init__(self, ranges: Ranges | None) -> None:
        self.nodes: list = []
        self.initializers: dict[str, TensorProto] = {}
        self.states: dict[str, str] = {}
        """What each linear layer reads, both by name."""
        self._ranges = ranges
        self._rounded: dict[str, tuple[str, str, str]] = {}

    def weight(self, name: str, *shape: int) -> str:
        """A tensor of `model.safetensors`, float32 when handed over."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="model.safetensors")
        self.initializers[name] = tensor
        return name

    def constant(self, value: object, kind: type = np.int64) -> str:
        """A number or a list of them, by which it is named."""
        array = np.array(value, kind)
        name = f"{array.dtype}{list(array.shape)} {array.tolist() if array.any() else 0}"
        self.initializers.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes) -> str:
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], domain=domain, **attributes))
        return name

    def linear(self, states: str, name: str, inside: int, outside: int) -> str:
        """`states` (n, inside) through a torch Linear."""
        self.states[name] = states
        weight, bias = self.weight(f"{name}.weight", outside, inside), self.weight(f"{name}.bias", outside)
        if self._ranges is None:
            return self.add("Gemm", states, weight, bias, transB=1)
        rounded, scale, zero = self._round_states(states, *self._ranges[name])
        weights, scales = self._round_weights(weight, outside)
        return self.add("MatMulIntegerToFloat", rounded, weights, scale, scales, zero, "", bias, domain=MICROSOFT)

    def model(self, classes: int, *also: str) -> ModelProto:
        """All of it, its outputs `logits` (rows of so many classes) and what is asked for besides."""
        inputs = [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "tokens"]),
            helper.make_tensor_value_info("mask", TensorProto.INT32, ["rows", "tokens"]),
        ]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", classes])]
        outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in also]
        return helper.make_model(
            helper.make_graph(self.nodes, "encoder", inputs, outputs, list(self.initializers.values())),
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
            ir_version=IR_VERSION,
        )

    def _round_states(self, states: str, low: float, high: float) -> tuple[str, str, str]:
        """`states` as uint8, how much one step is, and the step that stands for 0; made once for all who read them."""
        if states not in self._rounded:
            step = (high - low) / STEPS
            scale, zero = self.constant(step, np.float32), self.constant(round(-low / step), np.uint8)
            self._rounded[states] = self.add("QuantizeLinear", states, scale, zero), scale, zero
        return self._rounded[states]

    def _round_weights(self, weight: str, outside: int) -> tuple[str, str]:
        """A torch Linear's weights as int8 (inside, outside), and how much one step of each column is."""
        largest = self.add("ReduceMax", self.add("Abs", weight), self.constant([1]), keepdims=0)
        scales = self.add("Div", largest, self.constant(WEIGHT, np.float32))
        zeros = self.constant([0] * outside, np.int8)
        return self.add("QuantizeLinear", self.add("Transpose", weight, perm=[1, 0]), scales, zeros, axis=1), scales


def draw(config, ranges: Ranges | None) -> Graph:
    """The graph of a BERT's configuration: `ids` int64 and `mask` int32, both (rows, tokens) -> `logits` (rows, stars).

    Without `ranges` it computes floats throughout. As the head sees the first token alone, the last layer is computed
    for that token only: a quarter less work. SkipLayerNormalization, of one step, takes thrice the time of the two.
    """
    width, inner, epsilon = config.hidden_size, config.intermediate_size, config.layer_norm_eps
    graph = Graph(ranges)
    all_rows, first = graph.constant([-1, width]), graph.constant([0])
    shape = graph.add("Concat", graph.add("Shape", "ids"), graph.constant([width]), axis=0)

    def norm(states: str, name: str) -> str:
        weights = graph.weight(f"{name}.weight", width), graph.weight(f"{name}.bias", width)
        return graph.add("LayerNormalization", states, *weights, epsilon=epsilon, axis=-1)

    def add_and_norm(states: str, onto: str, name: str, inside: int) -> str:
        states = graph.linear(states, f"{name}.dense", inside, width)
        return norm(graph.add("Add", states, onto), f"{name}.LayerNorm")

    prefix = "bert.embeddings"
    words = graph.add("Gather", graph.weight(f"{prefix}.word_embeddings.weight", config.vocab_size, width), "ids")
    length = graph.add("Shape", "ids", start=1, end=2)
    positions = graph.weight(f"{prefix}.position_embeddings.weight", config.max_position_embeddings, width)
    places = graph.add(
        "Add",
        graph.add("Slice", positions, first, length),
        graph.weight(f"{prefix}.token_type_embeddings.weight", config.type_vocab_size, width),
    )
    hidden = graph.add("Reshape", norm(graph.add("Add", words, places), f"{prefix}.LayerNorm"), all_rows)
    for index in range(config.num_hidden_layers):
        last = index == config.num_hidden_layers - 1
        prefix = f"bert.encoder.layer.{index}"
        asking, asking_shape = hidden, shape
        if last:
            asking = graph.add("Gather", graph.add("Reshape", hidden, shape), first, axis=1)
            asking_shape = graph.add("Shape", asking)
            asking = graph.add("Reshape", asking, all_rows)
        query = graph.add("Reshape", graph.linear(asking, f"{prefix}.attention.self.query", width, width), asking_shape)
        key, value = (
            graph.add("Reshape", graph.linear(hidden, f"{prefix}.attention.self.{name}", width, width), shape)
            for name in ("key", "value")
        )
        context = graph.add(
            "MultiHeadAttention",
            *(query, key, value, "", "mask"),
            domain=MICROSOFT,
            num_heads=config.num_attention_heads,
        )
        context = graph.add("Reshape", context, all_rows)
        seen = add_and_norm(context, asking, f"{prefix}.attention.output", width)
        inside = graph.add("Gelu", graph.linear(seen, f"{prefix}.intermediate.dense", width, inner), domain=MICROSOFT)
        hidden = add_and_norm(inside, seen, f"{prefix}.output", inner)
    pooled = graph.add("Tanh", graph.linear(hidden, "bert.pooler.dense", width, width))
    classes = len(config.id2label)
    weights = graph.weight("classifier.weight", classes, width), graph.weight("classifier.bias", classes)
    graph.nodes.append(helper.make_node("Gemm", [pooled, *weights], ["logits"], transB=1))
    return graph


def measure(config, folder: Path, texts: list[str]) -> Ranges:
    """What goes into each linear layer when the encoder in `folder` reads `texts`, in floats."""
    graph = draw(config, None)
    names = sorted(set(graph.states.values()))
    options = onnxruntime.SessionOptions()
    tensors = load_file(folder / "model.safetensors")
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor.astype(np.float32)) for tensor in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    session = onnxruntime.InferenceSession(graph.model(len(config.id2label), *names).SerializeToString(), options)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(config.max_position_embeddings)
    lows, highs = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for text in tqdm(texts, desc="ranges"):
        ids = np.array([tokenizer.encode(text).ids])
        for name, states in zip(
            names, session.run(names, {"ids": ids, "mask": np.ones_like(ids, np.int32)}), strict=True
        ):
            lows[name], highs[name] = min(lows[name], float(states.min())), max(highs[name], float(states.max()))
    return {layer: (lows[name], highs[name]) for layer, name in graph.states.items()}


def write(folder: Path, texts: list[str]) -> None:
    """Writes `graph.onnx` for the configuration, weights and tokenizer in `folder`, its ranges measured on `texts`."""
    config = SimpleNamespace(**json.loads((folder / "config.json").read_text("utf-8")))
    graph = draw(config, measure(config, folder, random.Random(1).sample(texts, min(MEASURED, len(texts)))))
    (folder / "graph.onnx").write_bytes(graph.model(len(config.id2label)).SerializeToString())


def main() -> None:
    args = parser(__doc__)
    args.add_argument("folder", type=Path)
    args = args.parse_args()
    write(args.folder, [row.review for row in read_rows(args.work / "train.tsv")])


if __name__ == "__main__":
    main()
