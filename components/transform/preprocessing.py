"""The function that TFX's Transform traces: raw features in, what the model reads out."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from components.encoders.fingerprint import check_unchanged
from components.encoders.inspect import inspect_encoder
from components.encoders.resolve import resolve_encoder
from components.encoders.vocabulary import AnyVocabulary, read_vocabulary
from components.features import INPUT_TYPE_IDS, INPUT_WORD_IDS, TARGET, TEXT, TEXT_PAIR
from components.transform.tokens import PairToTokens, TextToTokens, Truncation


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Tokenises, and passes the target on as the float that a loss wants.

    Args:
        inputs: `text` and, for pairs, `text_pair`, string [batch, 1], and `target` int64 [batch, labels].
        custom_config: `encoder`, the encoder section of the configuration, with its `digest`; `pair`, whether a row
            has two texts (one without it).

    Returns:
        `input_word_ids` and, for pairs, `input_type_ids`, sparse int64 [batch, tokens], and `target`, float32
        [batch, labels].
    """
    encoder = custom_config["encoder"]
    check_unchanged(encoder)
    vocabulary, truncation = encoder_vocabulary(encoder), Truncation(encoder["max_tokens"], encoder["truncation"])
    target = {TARGET: tf.cast(inputs[TARGET], tf.float32)}
    text = tf.reshape(inputs[TEXT], [-1])
    if not custom_config.get("pair", False):
        return {INPUT_WORD_IDS: TextToTokens(vocabulary, truncation)(text).to_sparse(), **target}
    ids, types = PairToTokens(vocabulary, truncation)(text, tf.reshape(inputs[TEXT_PAIR], [-1]))
    return {INPUT_WORD_IDS: ids.to_sparse(), INPUT_TYPE_IDS: types.to_sparse(), **target}


def encoder_vocabulary(encoder: dict[str, Any]) -> AnyVocabulary:
    """The vocabulary and casing that the encoder was trained with. Raises EncoderError where it has none."""
    info = inspect_encoder(resolve_encoder(encoder["handle"]))
    return read_vocabulary(info, encoder["vocab_file"], encoder["lower_case"])
