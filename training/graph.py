"""The encoder as an ONNX graph without its weights: what ONNX Runtime computes, a few kilobytes.

`export.py` writes it beside `model.safetensors`, whose tensors the graph names as external data; the site hands them
over when it loads the two. The operators of the "com.microsoft" domain are ONNX Runtime's own, the same arithmetic in
fewer steps: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 18, 10  # what every ONNX Runtime since 1.18 reads
MICROSOFT = "com.microsoft"


class Graph:
    """Collects nodes and the names of the weights they use."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.initializers: list[TensorProto] = []

    def weight(self, name: str, *shape: int) -> str:
        """A tensor of `model.safetensors`, float32 when handed over."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="model.safetensors")
        self.initializers.append(tensor)
        return name

    def constant(self, name: str, *values: int) -> str:
        self.initializers.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes) -> str:
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], domain=domain, **attributes))
        return name

    def linear(self, states: str, name: str, inside: int, outside: int) -> str:
        """`states` (n, inside) through a torch Linear."""
        weights = self.weight(f"{name}.weight", outside, inside), self.weight(f"{name}.bias", outside)
        return self.add("Gemm", states, *weights, transB=1)


def build(config) -> ModelProto:
    """The graph of a `BertConfig`: `ids` int64 and `mask` int32, both (rows, tokens) -> `logits` (rows, stars).

    As the head sees the first token alone, the last layer is computed for that token only: a quarter less work.
    """
    width, inner, epsilon = config.hidden_size, config.intermediate_size, config.layer_norm_eps
    graph = Graph()
    all_rows = graph.constant("flat", -1, width)
    first = graph.constant("first", 0)
    shape = graph.add("Concat", graph.add("Shape", "ids"), graph.constant("width", width), axis=0)

    def norm(name: str) -> tuple[str, str]:
        return graph.weight(f"{name}.weight", width), graph.weight(f"{name}.bias", width)

    def add_and_norm(states: str, onto: str, name: str, inside: int) -> str:
        states = graph.linear(states, f"{name}.dense", inside, width)
        weights = norm(f"{name}.LayerNorm")
        return graph.add("SkipLayerNormalization", states, onto, *weights, domain=MICROSOFT, epsilon=epsilon)

    prefix = "bert.embeddings"
    words = graph.add("Gather", graph.weight(f"{prefix}.word_embeddings.weight", config.vocab_size, width), "ids")
    length = graph.add("Shape", "ids", start=1, end=2)
    positions = graph.weight(f"{prefix}.position_embeddings.weight", config.max_position_embeddings, width)
    places = graph.add(
        "Add",
        graph.add("Slice", positions, first, length),
        graph.weight(f"{prefix}.token_type_embeddings.weight", config.type_vocab_size, width),
    )
    embedded = graph.add("Add", words, places)
    hidden = graph.add("LayerNormalization", embedded, *norm(f"{prefix}.LayerNorm"), epsilon=epsilon, axis=-1)
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
    weights = (
        graph.weight("classifier.weight", config.num_labels, width),
        graph.weight("classifier.bias", config.num_labels),
    )
    graph.nodes.append(helper.make_node("Gemm", [pooled, *weights], ["logits"], transB=1))
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "tokens"]),
        helper.make_tensor_value_info("mask", TensorProto.INT32, ["rows", "tokens"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", config.num_labels])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=IR_VERSION,
    )
    return model
