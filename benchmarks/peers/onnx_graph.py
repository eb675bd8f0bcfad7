"""BERT as an ONNX graph, in ONNX Runtime's best form: the fused operators that its own optimizer makes of BERT.

tf2onnx converts the SavedModel too, but ONNX Runtime recognises neither attention, GELU nor layer normalisation in what
comes out, and is a tenth to a fifth slower. So the graph is built of the weights, and its scores are compared with the
SavedModel's before anything is timed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

POOLINGS = ("mean", "cls", "pooled")  # those of components/trainer/model.py
IDS, MASK, SCORES = "input_word_ids", "input_mask", "scores"

_MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
_OPSET = 17
_IR_VERSION = 8
_FURTHER_OUTPUTS = {"EmbedLayerNormalization": ("mask_index",)}  # which must be there, though nobody reads it

Weights = Mapping[str, np.ndarray]


def build(weights: Weights, pooling: str) -> onnx.ModelProto:
    """A graph from int64 ids and mask [batch, tokens] to `scores` float32 [batch, labels].

    Args:
        weights: what `benchmarks.peers.weights` wrote.
        pooling: one of POOLINGS.
    """
    graph = _Graph(weights)
    mask = graph.node("Cast", [MASK], to=TensorProto.INT32)
    hidden = _embed(graph)
    for layer in itertools.takewhile(graph.has_layer, itertools.count()):
        hidden = _transformer_layer(graph, hidden, mask, f"transformer/layer_{layer}")
    pooled = _POOLING[pooling](graph, hidden)
    logits = graph.node("Gemm", [pooled, graph.weight("logits/kernel"), graph.weight("logits/bias")])
    graph.node("Sigmoid", [logits], output=SCORES)
    return graph.model(labels=len(weights["logits/bias"]))


class _Graph:
    """Nodes and initializers, as they are added."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}

    def has_layer(self, index: int) -> bool:
        return f"transformer/layer_{index}/output/kernel" in self.weights

    def number(self, name: str) -> float:
        return self.weights[name].item()

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def constant(self, name: str, value: np.ndarray) -> str:
        self._initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def node(self, operator: str, inputs: list[str], output: str = "", domain: str = "", **attributes: Any) -> str:
        output = output or f"{operator}_{len(self._nodes)}"
        outputs = [output, *_FURTHER_OUTPUTS.get(operator, ())]
        self._nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return output

    def fused(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        return self.node(operator, inputs, domain=_MICROSOFT, **attributes)

    def model(self, labels: int) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in (IDS, MASK)]
        output = helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, ["batch", labels])
        graph = helper.make_graph(self._nodes, "classifier", inputs, [output], list(self._initializers.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return model


def _embed(graph: _Graph) -> str:
    """Word, position and type embeddings, summed and normalised. Single texts are of type 0 throughout."""
    weights = graph.weights
    positions = weights["position_embedding/embeddings"] + weights["type_embeddings/embeddings"][0]
    inputs = [
        graph.node("Cast", [IDS], to=TensorProto.INT32),
        "",
        graph.weight("word_embeddings/embeddings"),
        graph.constant("positions", positions),
        "",
        graph.weight("embeddings/layer_norm/gamma"),
        graph.weight("embeddings/layer_norm/beta"),
    ]
    return graph.fused("EmbedLayerNormalization", inputs, epsilon=graph.number("epsilon"))


def _transformer_layer(graph: _Graph, hidden: str, mask: str, layer: str) -> str:
    """`[batch, tokens, hidden]` to the same: attention and two dense layers, each added and normalised."""
    attended = graph.fused("Attention", [hidden, *_joined(graph, layer), mask], num_heads=int(graph.number("heads")))
    attention_output = f"{layer}/self_attention/attention_output"
    dense = graph.node("MatMul", [attended, graph.weight(f"{attention_output}/kernel")])
    norm = f"{layer}/self_attention_layer_norm"
    attended = _add_and_normalise(graph, [hidden, dense], norm, f"{attention_output}/bias")
    inner = graph.node("MatMul", [attended, graph.weight(f"{layer}/intermediate/kernel")])
    gelu = "BiasGelu" if graph.number("exact_gelu") else "FastGelu"
    inner = graph.fused(gelu, [inner, graph.weight(f"{layer}/intermediate/bias")])
    dense = graph.node("MatMul", [inner, graph.weight(f"{layer}/output/kernel")])
    return _add_and_normalise(graph, [attended, dense], f"{layer}/output_layer_norm", f"{layer}/output/bias")


def _joined(graph: _Graph, layer: str) -> tuple[str, str]:
    """Kernel and bias of query, key and value side by side, as Attention wants them."""
    names = [f"{layer}/self_attention/{part}" for part in ("query", "key", "value")]
    kernels, biases = (
        np.concatenate([graph.weights[f"{name}/{kind}"] for name in names], axis=-1) for kind in ("kernel", "bias")
    )
    return graph.constant(f"{layer}/kernel", kernels), graph.constant(f"{layer}/bias", biases)


def _add_and_normalise(graph: _Graph, summands: list[str], norm: str, bias: str) -> str:
    inputs = [*summands, graph.weight(f"{norm}/gamma"), graph.weight(f"{norm}/beta"), graph.weight(bias)]
    return graph.fused("SkipLayerNormalization", inputs, epsilon=graph.number("epsilon"))


def _mean(graph: _Graph, hidden: str) -> str:
    mask = graph.node("Cast", [MASK], to=TensorProto.FLOAT)
    tokens, width = graph.constant("tokens_axis", np.array([1])), graph.constant("width_axis", np.array([2]))
    weighted = graph.node("Mul", [hidden, graph.node("Unsqueeze", [mask, width])])
    total = graph.node("ReduceSum", [weighted, tokens], keepdims=0)
    return graph.node("Div", [total, graph.node("ReduceSum", [mask, tokens], keepdims=1)])


def _first(graph: _Graph, hidden: str) -> str:
    return graph.node("Gather", [hidden, graph.constant("first", np.array(0))], axis=1)


def _pooled(graph: _Graph, hidden: str) -> str:
    kernel, bias = graph.weight("pooler_transform/kernel"), graph.weight("pooler_transform/bias")
    return graph.node("Tanh", [graph.node("Gemm", [_first(graph, hidden), kernel, bias])])


_POOLING = {"mean": _mean, "cls": _first, "pooled": _pooled}
