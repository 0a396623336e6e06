"""Encoder and convolution as ONNX graphs without weights: what ONNX Runtime computes, in whole numbers where that pays.

    python training/graph.py app/sentiment/bundled       # work/train.tsv -> new graphs in a folder that is there

Run time: a minute. `export.py` does the same for a new folder: it writes `graph.onnx` beside `model.safetensors`, and
`convolution.onnx` beside `convolution.safetensors`, whose tensors the graphs name as external data; the site hands
them over when it loads the two. The operators of the
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
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from common import parser, read_rows
from onnx import ModelProto, TensorProto, helper, numpy_helper
from safetensors import safe_open
from tokenizers import Tokenizer
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.sentiment.bundle import open_graph
from app.sentiment.convolution import PAD, Alphabet, feed
from app.sentiment.weights import load_weights

OPSET, IR_VERSION = 18, 10  # what every ONNX Runtime since 1.18 reads
MICROSOFT = "com.microsoft"
STEPS = 255  # between what goes into a layer at least and at most
WEIGHT = 63  # the largest weight of a column, rounded
DILATIONS = (1, 1, 2)  # of the convolution's blocks
EPSILON = 1e-5  # of torch's LayerNorm
MEASURED = 4_000  # reviews; twice as many move no range by more than a tenth

Ranges = dict[str, tuple[float, float]]
"""Of each linear layer, by name: the least and the most that goes in, 0 included."""


class Graph:
    """Collects nodes and the weights they use. With `ranges`, linear layers compute whole numbers."""

    def __init__(self, file: str, ranges: Ranges | None) -> None:
        """`file`: where the weights are."""
        self.file = file
        self.nodes: list = []
        self.initializers: dict[str, TensorProto] = {}
        self.states: dict[str, str] = {}
        """What each linear layer reads, both by name."""
        self._ranges = ranges
        self._rounded: dict[str, tuple[str, str, str]] = {}

    def weight(self, name: str, *shape: int) -> str:
        """A tensor of the file of weights, float32 when handed over."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=self.file)
        self.initializers[name] = tensor
        return name

    def constant(self, value: object, kind: type = np.int64) -> str:
        """A number or a list of them, by which it is named."""
        array = np.array(value, kind)
        name = f"{array.dtype}{list(array.shape)} {array.tolist() if array.any() else 0}"
        self.initializers.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", name: str = "", **attributes) -> str:
        name = name or f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], domain=domain, **attributes))
        return name

    def linear(
        self, states: str, name: str, inside: int, outside: int, arrange: Callable[[str], str] | None = None
    ) -> str:
        """`states` (n, inside) through a torch Linear. `arrange` may make (n, inside) of them once they are rounded."""
        self.states[name] = states
        arrange = arrange or (lambda same: same)
        weight, bias = self.weight(f"{name}.weight", outside, inside), self.weight(f"{name}.bias", outside)
        if self._ranges is None:
            return self.add("Gemm", arrange(states), weight, bias, transB=1)
        rounded, scale, zero = self._round_states(states, *self._ranges[name])
        weights, scales = self._round_weights(weight, outside)
        states = arrange(rounded)
        return self.add("MatMulIntegerToFloat", states, weights, scale, scales, zero, "", bias, domain=MICROSOFT)

    def norm(self, states: str, name: str, width: int, epsilon: float) -> str:
        """`states` through a torch LayerNorm."""
        weights = self.weight(f"{name}.weight", width), self.weight(f"{name}.bias", width)
        return self.add("LayerNormalization", states, *weights, epsilon=epsilon, axis=-1)

    def model(self, inputs: dict[str, tuple[int, list]], outputs: dict[str, list], *also: str) -> ModelProto:
        """All of it. `inputs`: type and shape of each; `outputs`: shapes; `also`: outputs asked for besides."""
        taken = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()]
        given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        given += [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in also]
        return helper.make_model(
            helper.make_graph(self.nodes, Path(self.file).stem, taken, given, list(self.initializers.values())),
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


Drawn = tuple[Graph, Callable[..., ModelProto]]
"""A graph, and what makes a model of it: outputs asked for besides its own -> the model."""


def draw_encoder(config, ranges: Ranges | None) -> Drawn:
    """The graph of a BERT's configuration: `ids` int64 and `mask` int32, both (rows, tokens) -> `logits` (rows, stars).

    Without `ranges` it computes floats throughout. As the head sees the first token alone, the last layer is computed
    for that token only: a quarter less work. SkipLayerNormalization, of one step, takes thrice the time of the two.
    """
    width, inner, epsilon = config.hidden_size, config.intermediate_size, config.layer_norm_eps
    graph = Graph("model.safetensors", ranges)
    all_rows, first = graph.constant([-1, width]), graph.constant([0])
    shape = graph.add("Concat", graph.add("Shape", "ids"), graph.constant([width]), axis=0)

    def add_and_norm(states: str, onto: str, name: str, inside: int) -> str:
        states = graph.linear(states, f"{name}.dense", inside, width)
        return graph.norm(graph.add("Add", states, onto), f"{name}.LayerNorm", width, epsilon)

    prefix = "bert.embeddings"
    words = graph.add("Gather", graph.weight(f"{prefix}.word_embeddings.weight", config.vocab_size, width), "ids")
    length = graph.add("Shape", "ids", start=1, end=2)
    positions = graph.weight(f"{prefix}.position_embeddings.weight", config.max_position_embeddings, width)
    places = graph.add(
        "Add",
        graph.add("Slice", positions, first, length),
        graph.weight(f"{prefix}.token_type_embeddings.weight", config.type_vocab_size, width),
    )
    hidden = graph.norm(graph.add("Add", words, places), f"{prefix}.LayerNorm", width, epsilon)
    hidden = graph.add("Reshape", hidden, all_rows)
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
    graph.add("Gemm", pooled, *weights, transB=1, name="logits")
    inputs = {
        name: (kind, ["rows", "tokens"]) for name, kind in (("ids", TensorProto.INT64), ("mask", TensorProto.INT32))
    }
    return graph, partial(graph.model, inputs, {"logits": ["rows", classes]})


def draw_convolution(shapes: dict[str, list[int]], ranges: Ranges | None) -> Drawn:
    """The graph of the convolution whose weights have these shapes, as app.sentiment.convolution.Compute says.

    Each block makes a row shorter by what it sees to the sides, so what comes out is of letters whose neighbours all
    went in. `letters` of 0 are none.
    """
    graph = Graph("convolution.safetensors", ranges)
    (known, width), (features, _) = shapes["letters.weight"], shapes["wide.weight"]
    (classes, inner) = shapes["outer.weight"]
    columns, end = graph.constant([1]), np.iinfo(np.int64).max

    def part(states: str, start: int, stop: int) -> str:
        """Columns `start` to `stop` of (rows, letters, ..)."""
        return graph.add("Slice", states, graph.constant([start]), graph.constant([stop or end]), columns)

    def weights(name: str, outside: int, inside: int) -> tuple[str, str]:
        return graph.weight(f"{name}.weight", outside, inside), graph.weight(f"{name}.bias", outside)

    none = graph.add("Equal", "letters", graph.constant(PAD))
    seen = graph.add("Cast", graph.add("Not", none), to=TensorProto.FLOAT)
    seen = graph.add("Unsqueeze", seen, graph.constant([2]))
    states = graph.add("Mul", graph.add("Gather", graph.weight("letters.weight", known, width), "letters"), seen)
    for index, step in enumerate(DILATIONS):

        def arrange(states: str, step: int = step) -> str:
            beside = (part(states, 0, -2 * step), part(states, step, -step), part(states, 2 * step, 0))
            return graph.add("Reshape", graph.add("Concat", *beside, axis=2), graph.constant([-1, 3 * width]))

        name = f"blocks.{index}"
        normed = graph.add("Mul", graph.norm(states, f"{name}.norm", width, EPSILON), seen)
        gated = graph.linear(normed, f"{name}.linear", 3 * width, 2 * width, arrange)
        states, seen = part(states, step, -step), part(seen, step, -step)
        halves = [f"{name}.value", f"{name}.gate"]
        graph.nodes.append(helper.make_node("Split", [gated, graph.constant([width, width])], halves, axis=1))
        added = graph.add("Mul", halves[0], graph.add("Sigmoid", halves[1]))
        states = graph.add("Add", states, graph.add("Reshape", added, graph.add("Shape", states)))
    normed = graph.add("Reshape", graph.norm(states, "norm", width, EPSILON), graph.constant([-1, width]))
    found = graph.add("Relu", graph.linear(normed, "wide", width, features))
    counted = graph.add("Shape", states, end=2)
    found = graph.add("Reshape", found, graph.add("Concat", counted, graph.constant([features]), axis=0))
    found = graph.add("Mul", found, seen, name="found")
    most = graph.add("Max", graph.add("ReduceMax", found, columns, keepdims=0), "most")
    total = graph.add("Add", graph.add("ReduceSum", found, columns, keepdims=0), "total")
    total = graph.add("Div", graph.add("Mul", total, graph.constant(0.5, np.float32)), graph.add("Sqrt", "lengths"))
    pooled = graph.add("Concat", most, total, axis=1)
    hidden = graph.add("Gemm", pooled, *weights("inner", inner, 2 * features), transB=1)
    hidden = graph.add("Gelu", hidden, domain=MICROSOFT)
    outer = graph.add("Gemm", hidden, *weights("outer", classes, inner), transB=1)
    direct = graph.add("Gemm", pooled, *weights("direct", classes, 2 * features), transB=1)
    graph.add("Add", outer, direct, name="logits")
    inputs = {
        "letters": (TensorProto.INT64, ["rows", "letters"]),
        "most": (TensorProto.FLOAT, ["rows", features]),
        "total": (TensorProto.FLOAT, ["rows", features]),
        "lengths": (TensorProto.FLOAT, ["rows", 1]),
    }
    outputs = {"logits": ["rows", classes], "found": ["rows", "places", features]}
    return graph, partial(graph.model, inputs, outputs)


def measure(drawn: Drawn, folder: Path, feeds: Iterable[dict[str, np.ndarray]]) -> Ranges:
    """What goes into each linear layer of a graph of floats when it computes all of `feeds`."""
    graph, model = drawn
    names = sorted(set(graph.states.values()))
    session = open_graph(model(*names).SerializeToString(), folder / graph.file)
    lows, highs = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for inputs in tqdm(feeds, desc=f"ranges of {Path(graph.file).stem}"):
        for name, states in zip(names, session.run(names, inputs), strict=True):
            lows[name], highs[name] = min(lows[name], float(states.min())), max(highs[name], float(states.max()))
    return {layer: (lows[name], highs[name]) for layer, name in graph.states.items()}


def write(folder: Path, texts: list[str]) -> None:
    """Writes the graphs for configuration, weights and tokenizer in `folder`, their ranges measured on `texts`."""
    texts = random.Random(1).sample(texts, min(MEASURED, len(texts)))
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    config = SimpleNamespace(**settings)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    with safe_open(folder / "convolution.safetensors", "np") as tensors:
        alphabet = Alphabet(tensors.metadata()["alphabet"])
    tokenizer.enable_truncation(config.max_position_embeddings)
    shapes = {name: list(tensor.shape) for name, tensor in load_weights(folder / "convolution.safetensors").items()}
    features = shapes["wide.weight"][0]
    tokens = (np.array([tokenizer.encode(text).ids]) for text in texts)
    rows = (alphabet.rows([tokenizer.normalizer.normalize_str(text)]) for text in texts)
    parts = {
        "graph.onnx": (partial(draw_encoder, config), ({"ids": i, "mask": np.ones_like(i, np.int32)} for i in tokens)),
        "convolution.onnx": (partial(draw_convolution, shapes), (feed(row, features) for row in rows)),
    }
    for file, (draw, feeds) in parts.items():
        ranges = measure(draw(None), folder, feeds)
        (folder / file).write_bytes(draw(ranges)[1]().SerializeToString())


def main() -> None:
    args = parser(__doc__)
    args.add_argument("folder", type=Path)
    args = args.parse_args()
    write(args.folder, [row.review for row in read_rows(args.work / "train.tsv")])


if __name__ == "__main__":
    main()
