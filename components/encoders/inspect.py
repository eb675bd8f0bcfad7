"""What a SavedModel says of itself, read from its files: no graph is loaded, and no weight but one flag is read.

The interface is TF Hub's for text encoders (https://www.tensorflow.org/hub/common_saved_model_apis/text); the names
of the tables, `vocab_file` and `do_lower_case` are those of TensorFlow Model Garden's exports (official/nlp:
modeling/networks/bert_encoder.py and tools/export_tfhub_lib.py), which our converted encoders share.
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from components.encoders.handles import saved_model_file
from components.errors import EncoderError
from components.features import ENCODER_INPUTS

OUTPUTS = ("pooled_output", "sequence_output")
_WORD_TABLE = re.compile(r"(^|/)word_embeddings?/embeddings$")
_POSITION_TABLE = re.compile(r"(^|/)position_embeddings?/embeddings$")
_REMEDY = (
    "set encoder.handle to a text encoder in TF2 SavedModel format "
    "(not a preprocessor, a classifier, or a model in TF1 Hub format)"
)


@dataclasses.dataclass(frozen=True)
class EncoderInfo:
    """How many pieces and positions an encoder has, and what it brings for its texts; None is what it does not tell."""

    vocab_size: int
    max_positions: int
    vocab_file: Path | None
    lower_case: bool | None


def inspect_encoder(folder: str | Path) -> EncoderInfo:
    """The pieces, positions, vocabulary and casing of the encoder in a SavedModel folder.

    Raises:
        EncoderError: the folder holds no SavedModel, or one that is no text encoder.
    """
    folder = Path(folder)
    meta_graph = _read_meta_graph(folder)
    _check_interface(meta_graph.object_graph_def, folder)
    return EncoderInfo(
        vocab_size=_rows(meta_graph, _WORD_TABLE, "word", folder),
        max_positions=_rows(meta_graph, _POSITION_TABLE, "position", folder),
        vocab_file=_vocab_file(meta_graph, folder),
        lower_case=_lower_case(meta_graph, folder),
    )


def _read_meta_graph(folder: Path) -> Any:
    saved_model = saved_model_pb2.SavedModel()
    try:
        with warnings.catch_warnings():
            # Of some broken files protobuf 3 only warns; that they hold no graph is said below.
            warnings.simplefilter("ignore", RuntimeWarning)
            saved_model.ParseFromString(saved_model_file(folder).read_bytes())
    except (DecodeError, OSError) as error:
        raise EncoderError(f"{folder}/saved_model.pb cannot be read ({error}); {_REMEDY}") from error
    if len(saved_model.meta_graphs) != 1 or not saved_model.meta_graphs[0].object_graph_def.nodes:
        raise EncoderError(f"{folder} is not in TF2 SavedModel format; {_REMEDY}")
    return saved_model.meta_graphs[0]


def _check_interface(graph: Any, folder: Path) -> None:
    """Raises EncoderError unless `__call__` takes and gives what a text encoder does."""
    call = _child(graph, "__call__")
    if call is None or not call.function.concrete_functions:
        raise EncoderError(f"{folder} is no text encoder: it cannot be called; {_REMEDY}")
    function = graph.concrete_functions[call.function.concrete_functions[0]]
    inputs = set(_names(function.canonicalized_input_signature))
    outputs = set(_names(function.output_signature))
    missing = [f"input {name}" for name in ENCODER_INPUTS if name not in inputs]
    missing += [f"output {name}" for name in OUTPUTS if name not in outputs]
    if missing:
        raise EncoderError(f"{folder} is no text encoder: it has no {', no '.join(missing)}; {_REMEDY}")


def _names(value: Any) -> Iterator[str]:
    """Every key of the dictionaries inside a signature, a StructuredValue."""
    for inner in (*value.tuple_value.values, *value.list_value.values):
        yield from _names(inner)
    for name, inner in value.dict_value.fields.items():
        yield name
        yield from _names(inner)


def _rows(meta_graph: Any, name: re.Pattern[str], kind: str, folder: Path) -> int:
    """How many rows the embedding table of that name has."""
    for node in meta_graph.object_graph_def.nodes:
        if name.search(node.variable.name) and len(node.variable.shape.dim) == 2:
            return node.variable.shape.dim[0].size
    raise EncoderError(f"{folder} is no text encoder that we know: it has no table of {kind} embeddings; {_REMEDY}")


def _vocab_file(meta_graph: Any, folder: Path) -> Path | None:
    asset = _child(meta_graph.object_graph_def, "vocab_file")
    if asset is None:
        return None
    definition = meta_graph.asset_file_def[asset.asset.asset_file_def_index]
    return folder / "assets" / definition.filename


def _lower_case(meta_graph: Any, folder: Path) -> bool | None:
    try:
        checkpoint = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        if _child(meta_graph.object_graph_def, "do_lower_case") is None:
            return None
        return bool(checkpoint.get_tensor("do_lower_case/.ATTRIBUTES/VARIABLE_VALUE"))
    except (tf.errors.OpError, ValueError) as error:
        raise EncoderError(f"the weights of {folder} cannot be read ({error}); download or convert it again") from error


def _child(graph: Any, name: str) -> Any | None:
    """The node that the root object holds under a name."""
    found = (child.node_id for child in graph.nodes[0].children if child.local_name == name)
    node_id = next(found, None)
    return None if node_id is None else graph.nodes[node_id]
