"""A checkpoint of the BERT family to a TF2 SavedModel with TF Hub's interface for text encoders.

https://www.tensorflow.org/hub/common_saved_model_apis/text#transformer-encoders
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.encoders.bert import build_encoder
from components.encoders.bert_config import BertConfig
from components.encoders.checkpoint import read_checkpoint
from components.errors import EncoderError
from components.features import ENCODER_INPUTS

# Hugging Face's name of each kind of variable; dense kernels are stored transposed there.
_KINDS = {"embeddings": "weight", "kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
_FIT = "give the weights of the config.json beside them"
_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})


def convert_checkpoint(source_folder: str | Path, destination: str | Path) -> None:
    """Writes the encoder in `source_folder` as a SavedModel.

    The folder is Hugging Face's (config.json, model.safetensors, vocab.txt or spiece.model) of a BERT, DistilBERT,
    ELECTRA or ALBERT, with a head or without, or Google's of a BERT or ALBERT (bert_config.json or albert_config.json,
    a TensorFlow checkpoint, the vocabulary). The SavedModel can be called with int32 `input_word_ids`, `input_mask`,
    `input_type_ids` `[batch, tokens]` by name, trained through hub.KerasLayer, and brings its `vocab_file` or
    `sp_model_file`, and `do_lower_case`.

    Raises:
        EncoderError: a file is missing or broken, the model is none that we can build, or `destination` cannot be
            written.
    """
    # A step that is tracing a graph may be the first to ask, and no model can be saved then: graphs and their name
    # scopes are a thread's own.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(_convert, Path(source_folder), Path(destination)).result()


def _convert(source: Path, destination: Path) -> None:
    checkpoint = read_checkpoint(source)
    config = checkpoint.family.shape(checkpoint.weights)
    names = checkpoint.family.names(config)
    check_sizes(config, checkpoint.weights, names)
    encoder = build_encoder(config)
    load_weights(encoder, checkpoint.weights, names)
    with _writing(destination), tempfile.TemporaryDirectory() as folder:
        vocabulary = Path(folder) / checkpoint.tokenizer.name
        vocabulary.write_bytes(checkpoint.tokenizer.content)
        save_encoder(encoder, vocabulary, checkpoint.tokenizer.lower_case, destination)


@contextmanager
def _writing(destination: Path) -> Iterator[None]:
    """Turns what goes wrong with writing inside the block into EncoderError; TensorFlow has its own errors."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        cause = error.strerror if isinstance(error, OSError) else error.message
        raise EncoderError(
            f"{destination} cannot be written ({cause}); make room there and in {tempfile.gettempdir()}, or give "
            "another folder"
        ) from error


def check_sizes(config: BertConfig, weights: dict[str, np.ndarray], names: dict[str, str]) -> None:
    """Compares the sizes that make an encoder large with the checkpoint's, before memory is taken for them.

    Raises:
        EncoderError: a table or a layer is missing, or of another size than the configuration's.
    """
    width = config.embedding_size
    tables = {"word_embeddings": config.vocab_size, "position_embedding": config.max_positions}
    if config.type_vocab_size:
        tables["type_embeddings"] = config.type_vocab_size
    shapes = {table: [rows, width] for table, rows in tables.items()}
    dense = [config.intermediate_size, config.hidden_size]
    shapes |= {f"transformer/layer_{index}/intermediate": dense for index in range(config.layers)}
    for layer, shape in shapes.items():
        name = f"{names[layer]}.weight"
        if name not in weights:
            raise _missing(name)
        _check_shape(weights[name], shape, name)


def load_weights(encoder: keras.Model, weights: dict[str, np.ndarray], names: dict[str, str]) -> None:
    """Fills every variable of the encoder from a checkpoint's tensors; `names` is theirs of each of our layers.

    Raises:
        EncoderError: a tensor is missing, of another shape or kind, holds a NaN, or belongs nowhere.
    """
    left = dict(weights)
    for variable in encoder.variables:
        layer, _, kind = variable.name.removesuffix(":0").rpartition("/")
        name = f"{names[layer]}.{_KINDS[kind]}"
        tensor = left.pop(name, None)
        if tensor is None:
            raise _missing(name)
        variable.assign(_fit(tensor.T if kind == "kernel" else tensor, variable.shape, name))
    if left:
        raise EncoderError(f"the checkpoint's tensor {min(left)} belongs to no model of its config.json; {_FIT}")


def save_encoder(encoder: keras.Model, vocabulary: Path, lower_case: bool, destination: Path) -> None:
    """Writes an encoder as a SavedModel with TF Hub's interface.

    The vocabulary becomes the asset `vocab_file`, and a SentencePiece model (`*.model`) the asset `sp_model_file`:
    TensorFlow Model Garden's names. A bare function and its variables, where Keras would write every layer as an
    object of its own: half the size, and loaded in half the time.
    """
    root = tf.train.Checkpoint()
    root.__call__ = _callable(encoder)
    root.variables, root.trainable_variables = encoder.variables, encoder.trainable_variables
    root.regularization_losses = []
    asset = tf.saved_model.Asset(str(vocabulary))
    if vocabulary.suffix == ".model":
        root.sp_model_file = asset
    else:
        root.vocab_file = asset
    root.do_lower_case = tf.Variable(tf.constant(lower_case), trainable=False)
    tf.saved_model.save(root, str(destination), signatures=_signature(root.__call__))


def _callable(encoder: keras.Model) -> Any:
    """The encoder as a function of its inputs and of `training`, traced for both."""

    def call(inputs: dict[str, tf.Tensor], training: bool = False) -> dict[str, Any]:
        outputs = encoder(inputs, training=training)
        return {**outputs, "default": outputs["pooled_output"]}

    function: Any = tf.function(call, autograph=False)
    for training in (True, False):
        function.get_concrete_function(_input_specs(), training=training)
    return function


def _signature(call: Any) -> Any:
    """`serving_default`: what can be had without training, each tensor by its name."""

    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = call(inputs, training=False)
        return {name: outputs[name] for name in ("default", "pooled_output", "sequence_output")}

    function: Any = tf.function(serve, autograph=False)
    return function.get_concrete_function(**_input_specs())


def _input_specs() -> dict[str, tf.TensorSpec]:
    return {name: tf.TensorSpec([None, None], tf.int32, name=name) for name in ENCODER_INPUTS}


def _fit(tensor: np.ndarray, shape: tf.TensorShape, name: str) -> np.ndarray:
    """The tensor in float32, where it has the variable's shape and holds real numbers."""
    _check_shape(tensor, shape.as_list(), name)
    if tensor.dtype.name not in _FLOATS:
        raise EncoderError(f"the checkpoint's tensor {name} is {tensor.dtype}; give weights in floating point")
    weights = tensor.astype(np.float32)
    if not np.isfinite(weights).all():
        raise EncoderError(f"the checkpoint's tensor {name} holds NaN or infinite numbers; give sound weights")
    return weights


def _check_shape(tensor: np.ndarray, shape: Sequence[int | None], name: str) -> None:
    if list(tensor.shape) != list(shape):
        raise EncoderError(f"the checkpoint's tensor {name} has shape {list(tensor.shape)} and not {shape}; {_FIT}")


def _missing(name: str) -> EncoderError:
    return EncoderError(f"the checkpoint has no tensor {name}; {_FIT}")
