"""The classifier: encoder, pooling, perhaps a hidden layer, dropout, one logit a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras
from typing_extensions import override

from components.encoders.layers import check_frozen_layers, check_layer_decay, count_layers, depth
from components.features import ENCODER_INPUTS, INPUT_MASK


class MaskedMean(keras.layers.Layer):
    """Mean of the real tokens' vectors: `[batch, tokens, width]` and mask `[batch, tokens]` to `[batch, width]`.

    Reimers and Gurevych 2019, "Sentence-BERT", section 3 (MEAN strategy).
    """

    @override
    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        sequence, mask = inputs
        weights = tf.cast(mask, sequence.dtype)[:, :, None]
        return tf.reduce_sum(sequence * weights, axis=1) / tf.maximum(tf.reduce_sum(weights, axis=1), 1.0)


def build_classifier(encoder_path: str, pooling: str, training: Mapping[str, Any], outputs: int) -> keras.Model:
    """A trainable classifier over an encoder with TF Hub's text-encoder interface.

    Args:
        encoder_path: the encoder's SavedModel.
        pooling: `pooled` (the encoder's own pooled_output), `mean` of the tokens' vectors, or `cls`, the first one.
        training: `dropout`, the rate before each layer of the head, and `head_size`, the width of a layer before the
            last, 0 for none.
        outputs: how many logits.

    Returns:
        A model from int32 `[batch, tokens]` inputs by name to float32 logits `[batch, outputs]`.
    """
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in ENCODER_INPUTS}
    encoded = hub.KerasLayer(encoder_path, trainable=True, name="encoder")(inputs)
    features = _pool(encoded, inputs[INPUT_MASK], pooling)
    if training["head_size"]:
        features = keras.layers.Dropout(training["dropout"], name="hidden_dropout")(features)
        features = keras.layers.Dense(training["head_size"], activation="tanh", name="hidden")(features)
    features = keras.layers.Dropout(training["dropout"], name="dropout")(features)
    logits = keras.layers.Dense(outputs, name="logits", dtype=tf.float32)(features)
    return keras.Model(inputs, logits, name="text_classifier")


def trained(model: keras.Model, frozen_layers: int) -> list[tf.Variable]:
    """The variables that are trained: all, or those above the lowest `frozen_layers` layers and the embeddings.

    Raises:
        SettingsError: the encoder's variables do not tell their layers, or it has fewer.
    """
    variables = list(model.trainable_variables)
    if not frozen_layers:
        return variables
    check_frozen_layers(frozen_layers, count_layers(variable.name for variable in variables))
    return [variable for variable in variables if (height := depth(variable.name)) is None or height > frozen_layers]


def learning_rate_scales(variables: Sequence[Any], layer_decay: float) -> list[float]:
    """What each variable's learning rate is multiplied by: `layer_decay` once a layer, from the top down.

    Howard and Ruder 2018, "Universal Language Model Fine-tuning", section 3.2 (discriminative fine-tuning), as a
    constant factor.

    Raises:
        SettingsError: the encoder's variables do not tell their layers.
    """
    layers = count_layers(variable.name for variable in variables)
    check_layer_decay(layer_decay, layers)
    heights = [depth(variable.name) for variable in variables]
    return [1.0 if height is None else layer_decay ** (layers + 1 - height) for height in heights]


def _pool(encoded: dict[str, Any], mask: Any, pooling: str) -> Any:
    if pooling == "pooled":
        return encoded["pooled_output"]
    if pooling == "cls":
        return encoded["sequence_output"][:, 0]
    return MaskedMean(name="mean")((encoded["sequence_output"], mask))
