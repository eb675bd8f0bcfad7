"""A Hugging Face BertModel folder to a TF2 SavedModel with TF Hub's interface for text encoders.

https://www.tensorflow.org/hub/common_saved_model_apis/text#transformer-encoders
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from safetensors import SafetensorError
from safetensors.numpy import load_file

from components.encoders.bert import build_encoder
from components.encoders.bert_config import BertConfig, read_config
from components.errors import EncoderError
from components.features import ENCODER_INPUTS

# What a BertModel's checkpoint holds beside its weights: the numbers 0, 1, 2, …
_NO_WEIGHTS = frozenset({"embeddings.position_ids"})
# Hugging Face's name of each kind of variable; dense kernels are stored transposed there.
_KINDS = {"embeddings": "weight", "kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}


def convert_checkpoint(source_folder: str | Path, destination: str | Path) -> None:
    """Writes the BertModel in `source_folder` (config.json, model.safetensors, vocab.txt) as a SavedModel.

    It can be called with int32 `input_word_ids`, `input_mask`, `input_type_ids` `[batch, tokens]` by name, trained
    through hub.KerasLayer, and brings its `vocab_file` and `do_lower_case`. The casing is tokenizer_config.json's,
    and uncased without one, as in Hugging Face's BertTokenizer.

    Raises:
        EncoderError: a file is missing or broken, or the model is no BERT that we can build.
    """
    source = Path(source_folder)
    config, weights = read_config(source / "config.json"), _read_weights(source / "model.safetensors")
    vocab_file, lower_case = source / "vocab.txt", _read_lower_case(source / "tokenizer_config.json")
    if not vocab_file.is_file():
        raise EncoderError(f"{vocab_file} is missing; give a folder with the vocabulary of its BertModel")

    def build_and_save() -> None:
        encoder = build_encoder(config)
        load_weights(encoder, weights, config)
        save_encoder(encoder, vocab_file, lower_case, Path(destination))

    # A step that is tracing a graph may be the first to ask, and no model can be saved then: graphs and their name
    # scopes are a thread's own.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(build_and_save).result()


def load_weights(encoder: keras.Model, weights: dict[str, np.ndarray], config: BertConfig) -> None:
    """Fills every variable of the encoder from a BertModel's tensors by name.

    Raises:
        EncoderError: a tensor is missing, of another shape, or belongs nowhere.
    """
    layers = _layer_names(config)
    left = dict(weights)
    for variable in encoder.variables:
        layer, _, kind = variable.name.removesuffix(":0").rpartition("/")
        name = f"{layers[layer]}.{_KINDS[kind]}"
        tensor = left.pop(name, None)
        if tensor is None:
            raise EncoderError(f"the checkpoint has no tensor {name}; give the weights of the config.json beside them")
        variable.assign(_fit(tensor.T if kind == "kernel" else tensor, variable.shape, name))
    unknown = sorted(set(left) - _NO_WEIGHTS)
    if unknown:
        raise EncoderError(f"the checkpoint's tensor {unknown[0]} belongs to no BertModel of its config.json")


def save_encoder(encoder: keras.Model, vocab_file: Path, lower_case: bool, destination: Path) -> None:
    """Writes an encoder as a SavedModel with TF Hub's interface.

    A bare function and its variables, where Keras would write every layer as an object of its own: half the size, and
    loaded in half the time.
    """
    root = tf.train.Checkpoint()
    root.__call__ = _callable(encoder)
    root.variables, root.trainable_variables = encoder.variables, encoder.trainable_variables
    root.regularization_losses = []
    root.vocab_file = tf.saved_model.Asset(str(vocab_file))
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


def _layer_names(config: BertConfig) -> dict[str, str]:
    """Hugging Face's name of each of our layers."""
    names = {
        "word_embeddings": "embeddings.word_embeddings",
        "type_embeddings": "embeddings.token_type_embeddings",
        "position_embedding": "embeddings.position_embeddings",
        "embeddings/layer_norm": "embeddings.LayerNorm",
        "pooler_transform": "pooler.dense",
    }
    parts = {
        "self_attention/query": "attention.self.query",
        "self_attention/key": "attention.self.key",
        "self_attention/value": "attention.self.value",
        "self_attention/attention_output": "attention.output.dense",
        "self_attention_layer_norm": "attention.output.LayerNorm",
        "intermediate": "intermediate.dense",
        "output": "output.dense",
        "output_layer_norm": "output.LayerNorm",
    }
    for index in range(config.num_hidden_layers):
        for ours, theirs in parts.items():
            names[f"transformer/layer_{index}/{ours}"] = f"encoder.layer.{index}.{theirs}"
    return names


def _fit(tensor: np.ndarray, shape: tf.TensorShape, name: str) -> np.ndarray:
    if list(tensor.shape) != shape.as_list():
        raise EncoderError(
            f"the checkpoint's tensor {name} has shape {list(tensor.shape)} and not {shape.as_list()}; "
            "give the weights of the config.json beside them"
        )
    return tensor.astype(np.float32)


def _read_weights(file: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"{file} cannot be read ({error}); give a folder with model.safetensors") from error


def _read_lower_case(file: Path) -> bool:
    if not file.is_file():
        return True
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")).get("do_lower_case", True))
    except ValueError as error:
        raise EncoderError(f"{file} is no JSON ({error}); give the file of the model's own tokenizer") from error
