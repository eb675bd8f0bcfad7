"""What a SavedModel says of itself, read from its files: no graph is loaded, and no weight but one flag is read.

The interface is TF Hub's for text encoders (https://www.tensorflow.org/hub/common_saved_model_apis/text); the names
of the tables, `vocab_file`, `sp_model_file` and `do_lower_case` are those of TensorFlow Model Garden's exports
(official/nlp: modeling/networks and tools/export_tfhub_lib.py), which our converted encoders share: BERT, ELECTRA,
ALBERT, the Experts and Talking-Heads alike.
"""

from __future__ import annotations

import dataclasses
import math
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from components.encoders.catalogue import SENTENCEPIECE, WORDPIECE, Tokenizer
from components.encoders.handles import saved_model_file
from components.errors import EncoderError
from components.features import ENCODER_INPUTS

OUTPUTS = ("pooled_output", "sequence_output")
# Model Garden's first exports named the tables themselves so, later ones a layer with the variable `embeddings`.
_WORD_TABLE = re.compile(r"(^|/)word_embeddings?(/embeddings)?$")
_TYPE_TABLE = re.compile(r"(^|/)type_embeddings?(/embeddings)?$")
_POSITION_TABLE = re.compile(r"(^|/)position_embeddings?(/embeddings)?$")
# What Model Garden's preprocessors hold beside their `__call__`.
_OF_PREPROCESSORS = ("bert_pack_inputs", "tokenize")
_REMEDY = (
    "set encoder.handle to a text encoder in TF2 SavedModel format "
    "(not a preprocessor, a classifier, or a model in TF1 Hub format)"
)


@dataclasses.dataclass(frozen=True)
class EncoderInfo:
    """What an encoder is, and what it brings for its texts; None is what it does not tell.

    `vocab_size`, `max_positions` and `type_vocab_size` are the rows of its tables, `vocab_file` is a vocab.txt or a
    SentencePiece model, as `tokenizer` says; `hidden_size` is the width of what it gives, `parameters` how many numbers
    it has.
    """

    vocab_size: int
    max_positions: int
    vocab_file: Path | None
    lower_case: bool | None
    tokenizer: Tokenizer = WORDPIECE
    hidden_size: int | None = None
    layers: int | None = None
    parameters: int | None = None
    type_vocab_size: int | None = None


def inspect_encoder(folder: str | Path) -> EncoderInfo:
    """The sizes, vocabulary and casing of the encoder in a SavedModel folder.

    Raises:
        EncoderError: the folder holds no SavedModel, or one that is no text encoder, or whose weights are cut off.
    """
    folder = Path(folder)
    meta_graph = _read_meta_graph(folder)
    graph = meta_graph.object_graph_def
    outputs = _checked_outputs(graph, folder)
    pieces = _asset(meta_graph, "sp_model_file", folder)
    lower_case = _lower_case(graph, folder)
    if lower_case is None and pieces is not None:
        lower_case = True  # Model Garden's exports do not say so: every published ALBERT is (export_tfhub_lib.py)
    return EncoderInfo(
        vocab_size=_needed_rows(graph, _WORD_TABLE, "word", folder),
        max_positions=_needed_rows(graph, _POSITION_TABLE, "position", folder),
        vocab_file=pieces or _asset(meta_graph, "vocab_file", folder),
        lower_case=lower_case,
        tokenizer=WORDPIECE if pieces is None else SENTENCEPIECE,
        hidden_size=_width(outputs["sequence_output"]),
        layers=len(outputs["encoder_outputs"].list_value.values) or None if "encoder_outputs" in outputs else None,
        parameters=_parameters(graph),
        type_vocab_size=_find_rows(graph, _TYPE_TABLE),
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


def _checked_outputs(graph: Any, folder: Path) -> dict[str, Any]:
    """What `__call__` gives, by name. Raises EncoderError unless it takes and gives what a text encoder does."""
    if all(_child(graph, name) is not None for name in _OF_PREPROCESSORS):
        raise EncoderError(f"{folder} is no text encoder but a preprocessor, which is not needed here; {_REMEDY}")
    call = _child(graph, "__call__")
    if call is None or not call.function.concrete_functions:
        raise EncoderError(f"{folder} is no text encoder: it cannot be called; {_REMEDY}")
    function = graph.concrete_functions[call.function.concrete_functions[0]]
    inputs = dict(_named(function.canonicalized_input_signature))
    outputs = dict(_named(function.output_signature))
    missing = [f"input {name}" for name in ENCODER_INPUTS if name not in inputs]
    missing += [f"output {name}" for name in OUTPUTS if name not in outputs]
    if missing:
        raise EncoderError(f"{folder} is no text encoder: it has no {', no '.join(missing)}; {_REMEDY}")
    _check_ranks(outputs, folder)
    return outputs


def _check_ranks(outputs: dict[str, Any], folder: Path) -> None:
    for name, rank, shape in (("pooled_output", 2, "[batch, width]"), ("sequence_output", 3, "[batch, tokens, width]")):
        found = outputs[name].tensor_spec_value.shape
        if outputs[name].HasField("tensor_spec_value") and not found.unknown_rank and len(found.dim) != rank:
            raise EncoderError(f"{folder} is no text encoder: its {name} is not {shape}; {_REMEDY}")


def _named(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key of the dictionaries inside a signature, a StructuredValue, with what it holds."""
    for inner in (*value.tuple_value.values, *value.list_value.values):
        yield from _named(inner)
    for name, inner in value.dict_value.fields.items():
        yield name, inner
        yield from _named(inner)


def _width(output: Any) -> int | None:
    """The last dimension of an output, where the signature tells it."""
    shape = output.tensor_spec_value.shape
    size = shape.dim[-1].size if shape.dim else -1
    return size if size > 0 else None


def _needed_rows(graph: Any, name: re.Pattern[str], kind: str, folder: Path) -> int:
    """How many rows the embedding table of that name has."""
    rows = _find_rows(graph, name)
    if rows is None:
        raise EncoderError(f"{folder} is no text encoder that we know: it has no table of {kind} embeddings; {_REMEDY}")
    return rows


def _find_rows(graph: Any, name: re.Pattern[str]) -> int | None:
    tables = (node.variable for node in graph.nodes if name.search(node.variable.name))
    return next((table.shape.dim[0].size for table in tables if len(table.shape.dim) == 2), None)


def _parameters(graph: Any) -> int | None:
    """How many numbers the root's `variables` hold, by which hub.KerasLayer goes; flags are none."""
    held = _child(graph, "variables")
    if held is None:
        return None
    variables = [graph.nodes[child.node_id].variable for child in held.children]
    weights = [variable for variable in variables if tf.dtypes.as_dtype(variable.dtype).is_floating]
    return sum(math.prod(dimension.size for dimension in weight.shape.dim) for weight in weights)


def _asset(meta_graph: Any, name: str, folder: Path) -> Path | None:
    """The file that the root object holds under a name."""
    asset = _child(meta_graph.object_graph_def, name)
    if asset is None:
        return None
    definition = meta_graph.asset_file_def[asset.asset.asset_file_def_index]
    return folder / "assets" / definition.filename


def _lower_case(graph: Any, folder: Path) -> bool | None:
    try:
        checkpoint: Any = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        _check_whole(checkpoint, folder / "variables")
        if _child(graph, "do_lower_case") is None:
            return None
        return bool(checkpoint.get_tensor("do_lower_case/.ATTRIBUTES/VARIABLE_VALUE"))
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError, OSError) as error:
        raise EncoderError(
            f"the weights of {folder} cannot be read ({error}); delete it, and download or convert it again"
        ) from error


def _check_whole(checkpoint: Any, variables: Path) -> None:
    """Raises ValueError where the files of the weights hold fewer bytes than their index tells of."""
    kinds, shapes = checkpoint.get_variable_to_dtype_map(), checkpoint.get_variable_to_shape_map()
    expected = sum(
        _bytes_of_strings(checkpoint.get_tensor(name)) if kind == tf.string else kind.size * math.prod(shapes[name])
        for name, kind in kinds.items()
    )
    size = sum(file.stat().st_size for file in variables.glob("variables.data-*"))
    if size < expected:
        raise ValueError(f"{variables}/variables.data has {size:,} bytes, and its index tells of {expected:,}")


def _bytes_of_strings(strings: bytes | np.ndarray) -> int:
    """What strings take up: their lengths, 7 bits a byte, four bytes of a checksum, themselves.

    TensorFlow, tensorflow/core/util/tensor_bundle/tensor_bundle.cc, WriteStringTensor.
    """
    lengths = [len(string) for string in np.ravel(np.asarray(strings, object))]
    return 4 + sum(length + max(1, math.ceil(length.bit_length() / 7)) for length in lengths)


def _child(graph: Any, name: str) -> Any | None:
    """The node that the root object holds under a name."""
    found = (child.node_id for child in graph.nodes[0].children if child.local_name == name)
    node_id = next(found, None)
    return None if node_id is None else graph.nodes[node_id]
