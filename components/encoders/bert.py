"""The BERT family's encoder in Keras: Devlin et al. 2019, "BERT", over the Transformer encoder of Vaswani et al. 2017.

One implementation for all: DistilBERT (Sanh et al. 2019) has fewer tables, ELECTRA (Clark et al. 2020) narrower ones,
and ALBERT (Lan et al. 2020) narrower ones and layers that are applied several times.
Layers and variables carry the names that TensorFlow Model Garden gives them, so that TF Hub's encoders and ours look
alike to whoever goes by names: the tables' sizes, and what weight decay passes over.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
import tf_keras as keras
from typing_extensions import override

from components.encoders.bert_config import BertConfig
from components.features import ENCODER_INPUTS, INPUT_MASK, INPUT_TYPE_IDS, INPUT_WORD_IDS

# Added to the scores of padding: after softmax it is 0 in float32 and in bfloat16.
_MASKED = -1e9
# Keras counts a layer's seed up by one each time it is traced.
_SEEDS_APART = 1000


def build_encoder(config: BertConfig) -> keras.Model:
    """A randomly initialised encoder.

    It takes int32 `[batch, tokens]` under `input_word_ids`, `input_mask` (1 for a token, 0 for padding) and
    `input_type_ids`, and gives float32 `pooled_output` `[batch, hidden]`, `sequence_output`
    `[batch, tokens, hidden]` and `encoder_outputs`, the latter after every layer. Without a pooler `pooled_output` is
    the first token's vector. Dropout acts where `training` is True; its seeds are fixed, so that a training can be
    repeated.
    """
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in ENCODER_INPUTS}
    seeds = itertools.count(start=1, step=_SEEDS_APART)
    hidden = _embed(inputs[INPUT_WORD_IDS], inputs[INPUT_TYPE_IDS], config, seeds)
    bias = AttentionBias(name="attention_bias")(inputs[INPUT_MASK])
    layers = [TransformerLayer(config, seeds, name=f"transformer/layer_{index}") for index in range(config.layers)]
    encoder_outputs = []
    for index in config.order:
        hidden = layers[index]((hidden, bias))
        encoder_outputs.append(hidden)
    return keras.Model(
        inputs,
        {"pooled_output": _pool(hidden, config), "sequence_output": hidden, "encoder_outputs": encoder_outputs},
        name="text_encoder",
    )


def _embed(word_ids: Any, type_ids: Any, config: BertConfig, seeds: Iterator[int]) -> Any:
    """The sum of word, type and position embeddings, normalised: `[batch, tokens]` to `[batch, tokens, hidden]`."""
    words = keras.layers.Embedding(config.vocab_size, config.embedding_size, name="word_embeddings")(word_ids)
    typed = words
    if config.type_vocab_size:
        types = keras.layers.Embedding(config.type_vocab_size, config.embedding_size, name="type_embeddings")(type_ids)
        typed = words + types
    positions = PositionEmbedding(config.max_positions, name="position_embedding")(words)
    normalised = LayerNorm(config.layer_norm_eps, name="embeddings/layer_norm")(typed + positions)
    dropped = keras.layers.Dropout(config.hidden_dropout, seed=next(seeds), name="embeddings/dropout")(normalised)
    if not config.projected:
        return dropped
    return keras.layers.Dense(config.hidden_size, name="embedding_projection")(dropped)


def _pool(hidden: Any, config: BertConfig) -> Any:
    """The first token's vector, through the pooler where there is one: to `[batch, hidden]`."""
    if not config.pooled:
        return hidden[:, 0]
    return keras.layers.Dense(config.hidden_size, activation="tanh", name="pooler_transform")(hidden[:, 0])


class PositionEmbedding(keras.layers.Layer):
    """The learned vectors of a sequence's positions: `[batch, tokens, width]` to `[tokens, width]`."""

    def __init__(self, max_positions: int, **layer: Any) -> None:
        super().__init__(**layer)
        self.max_positions = max_positions

    @override
    def build(self, input_shape: Any) -> None:
        self.table = self.add_weight("embeddings", [self.max_positions, input_shape[-1]])
        super().build(input_shape)

    @override
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.table[: tf.shape(inputs)[1]]


class AttentionBias(keras.layers.Layer):
    """What is added to attention's scores: mask `[batch, tokens]` to `[batch, 1, 1, tokens]`, 0 for tokens."""

    @override
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.cast(1 - inputs, tf.float32)[:, None, None, :] * _MASKED


class LayerNorm(keras.layers.Layer):
    """Layer normalisation over the last axis (Ba et al. 2016, https://arxiv.org/abs/1607.06450).

    Keras computes x·s + (shift - mean·s), with s the gain over the deviation; (x - mean)·s loses about ten times less
    in float32, and is as fast.
    """

    def __init__(self, epsilon: float, **layer: Any) -> None:
        super().__init__(**layer)
        self.epsilon = epsilon

    @override
    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight("gamma", [input_shape[-1]], initializer="ones")
        self.beta = self.add_weight("beta", [input_shape[-1]], initializer="zeros")
        super().build(input_shape)

    @override
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        centred = inputs - tf.reduce_mean(inputs, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
        return centred * tf.math.rsqrt(variance + self.epsilon) * self.gamma + self.beta


class SelfAttention(keras.layers.Layer):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2).

    Takes the tokens of all texts `[batch * tokens, hidden]` and the bias `[batch, 1, 1, tokens]`, and gives the
    former's shape. Plain matrix products cost a training step some 9 % less CPU than the einsums of Keras's layer.
    """

    def __init__(self, config: BertConfig, seed: int, **layer: Any) -> None:
        super().__init__(**layer)
        self.heads, self.hidden_size = config.heads, config.hidden_size
        self.head_size = config.hidden_size // config.heads
        self.query, self.key, self.value, self.output_dense = (
            keras.layers.Dense(config.hidden_size, name=name) for name in ("query", "key", "value", "attention_output")
        )
        self.dropout = keras.layers.Dropout(config.attention_dropout, seed=seed)

    @override
    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        flat, bias = inputs
        shape = [tf.shape(bias)[0], tf.shape(bias)[-1], self.heads, self.head_size]
        query = self._split(self.query(flat) * self.head_size**-0.5, shape)
        key, value = self._split(self.key(flat), shape), self._split(self.value(flat), shape)
        weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) + bias)
        mixed = tf.matmul(self.dropout(weights, training=training), value)
        joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, self.hidden_size])
        return self.output_dense(joined)

    def _split(self, flat: tf.Tensor, shape: list[Any]) -> tf.Tensor:
        """`[batch * tokens, hidden]` to `[batch, heads, tokens, head]`."""
        return tf.transpose(tf.reshape(flat, shape), [0, 2, 1, 3])


class TransformerLayer(keras.layers.Layer):
    """Attention, then two dense layers, each added to what it was given and normalised (post-norm).

    Takes `[batch, tokens, hidden]` and the attention bias, and gives the former's shape.
    """

    def __init__(self, config: BertConfig, seeds: Iterator[int], **layer: Any) -> None:
        super().__init__(**layer)
        self.attention = SelfAttention(config, next(seeds), name="self_attention")
        self.attention_dropout = keras.layers.Dropout(config.attention_output_dropout, seed=next(seeds))
        self.attention_norm = LayerNorm(config.layer_norm_eps, name="self_attention_layer_norm")
        self.intermediate = keras.layers.Dense(config.intermediate_size, name="intermediate")
        self.approximate_gelu = config.approximate_gelu
        self.output_dense = keras.layers.Dense(config.hidden_size, name="output")
        self.output_dropout = keras.layers.Dropout(config.hidden_dropout, seed=next(seeds))
        self.output_norm = LayerNorm(config.layer_norm_eps, name="output_layer_norm")

    # AutoGraph would rewrite Keras's own code on its way down, for seconds, and there is no control flow to rewrite.
    @override
    @tf.autograph.experimental.do_not_convert
    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        hidden, bias = inputs
        flat = tf.reshape(hidden, [-1, hidden.shape[-1]])
        attended = self.attention_dropout(self.attention((flat, bias), training=training), training=training)
        attended = self.attention_norm(flat + attended)
        inner = tf.nn.gelu(self.intermediate(attended), approximate=self.approximate_gelu)
        output = self.output_dropout(self.output_dense(inner), training=training)
        return tf.reshape(self.output_norm(attended + output), tf.shape(hidden))
