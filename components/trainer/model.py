"""The classifier: encoder, pooling, dropout, one logit a label."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras
from typing_extensions import override

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


def build_classifier(encoder_path: str, pooling: str, dropout: float, labels: int) -> keras.Model:
    """A trainable classifier over an encoder with TF Hub's text-encoder interface.

    Args:
        encoder_path: the encoder's SavedModel.
        pooling: `pooled` (the encoder's own pooled_output), `mean` of the tokens' vectors, or `cls`, the first one.
        dropout: rate before the last layer.
        labels: how many logits.

    Returns:
        A model from int32 `[batch, tokens]` inputs by name to float32 logits `[batch, labels]`.
    """
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in ENCODER_INPUTS}
    encoded = hub.KerasLayer(encoder_path, trainable=True, name="encoder")(inputs)
    features = _pool(encoded, inputs[INPUT_MASK], pooling)
    features = keras.layers.Dropout(dropout, name="dropout")(features)
    logits = keras.layers.Dense(labels, name="logits", dtype=tf.float32)(features)
    return keras.Model(inputs, logits, name="text_classifier")


def _pool(encoded: dict[str, Any], mask: Any, pooling: str) -> Any:
    if pooling == "pooled":
        return encoded["pooled_output"]
    if pooling == "cls":
        return encoded["sequence_output"][:, 0]
    return MaskedMean(name="mean")((encoded["sequence_output"], mask))
