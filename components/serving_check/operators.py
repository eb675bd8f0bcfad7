"""Whether every operator of a SavedModel's graph is one that a release of TensorFlow Serving links.

What this proves: each name is of an operator that TensorFlow of that release defines, or the TensorFlow Text that
TensorFlow Serving links. Not that the operator's attributes, or its kernel for a device, are the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import saved_model_pb2

from components.serving_check.check import Check
from components.serving_check.releases import CORE_ADDED, TEXT_ADDED, TEXT_OPERATORS, later_than

NAME = "operators"


def check_operators(folder: str | Path, release: str) -> Check:
    """The check that nothing in the SavedModel's graph, its functions included, is missing in that release."""
    try:
        model = saved_model_pb2.SavedModel.FromString((Path(folder) / "saved_model.pb").read_bytes())
    except (OSError, message.DecodeError) as error:
        return Check(NAME, None, 0, "missing", False, f"the graph cannot be read: {error}")
    found = operators(model)
    missing = unlinked(found, release)
    if missing:
        sentence = (
            f"TensorFlow Serving {release} does not have the operator{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            "build the model without, or set serving.release to a newer one that you serve with"
        )
    else:
        sentence = f"TensorFlow Serving {release} has all {len(found)} operators of the graph"
    return Check(NAME, len(missing), 0, "missing", not missing, sentence)


def operators(model: saved_model_pb2.SavedModel) -> set[str]:
    """The names of all operators in all graphs of a SavedModel and in their functions.

    A call of a function by its name is no operator.
    """
    found: set[str] = set()
    for graph in (meta_graph.graph_def for meta_graph in model.meta_graphs):
        functions = {function.signature.name for function in graph.library.function}
        bodies = (function.node_def for function in graph.library.function)
        found |= {node.op for nodes in (graph.node, *bodies) for node in nodes} - functions
    return found


def unlinked(names: Iterable[str], release: str) -> list[str]:
    """The operators that the release lacks, in order.

    TensorFlow's own are those in `tf.raw_ops`, which holds nothing of any library that is loaded beside it.
    """
    too_new = later_than(release, CORE_ADDED) | later_than(release, TEXT_ADDED)
    return sorted(name for name in set(names) if name in too_new or not _is_known(name))


def _is_known(name: str) -> bool:
    return name in TEXT_OPERATORS or hasattr(tf.raw_ops, name)
