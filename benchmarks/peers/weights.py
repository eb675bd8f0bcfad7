"""What a peer needs to build our encoder anew: its variables by name, and the few numbers that stand in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.peers.saved_model import SessionModel
from benchmarks.peers.worker import Answer

HEADS, EPSILON, EXACT_GELU = "heads", "epsilon", "exact_gelu"

_QUERY = "transformer/layer_0/self_attention/query/kernel"


def write_weights(model: SessionModel, file: Path) -> Answer:
    """Writes the model's variables and numbers to an .npz file.

    Returns:
        How many, or under `unsupported` why the encoder is not one that `benchmarks.peers.onnx_graph` can build: it
        knows the encoders that `components/encoders` makes, not those of TF Hub.
    """
    values = model.session.run({variable.name.partition(":")[0]: variable for variable in model.variables})
    nodes = [node for function in model.graph.as_graph_def().library.function for node in function.node_def]
    try:
        numbers = _numbers(nodes, values[_QUERY])
    except (KeyError, StopIteration):
        return {"unsupported": f"the encoder has no {_QUERY}, or computes with it in another way than ours"}
    np.savez(file, **values, **numbers)
    return {"variables": len(values)}


def _numbers(nodes: list[Any], query: np.ndarray) -> dict[str, np.ndarray]:
    """What is no variable. Queries are scaled by the head size to the power of -1/2 (components/encoders/bert.py)."""
    scale = _constant(nodes, "self_attention/mul/y")
    return {
        HEADS: np.array(round(query.shape[0] * scale**2)),
        EPSILON: np.array(_constant(nodes, "embeddings/layer_norm/add/y")),
        EXACT_GELU: np.array(any(node.op == "Erf" for node in nodes)),
    }


def _constant(nodes: list[Any], ending: str) -> float:
    """The value of the graph's constant whose name ends so. Raises StopIteration where there is none."""
    node = next(node for node in nodes if node.op == "Const" and node.name.endswith(ending))
    return float(tf.make_ndarray(node.attr["value"].tensor))
