"""The function that TFX's Transform traces: raw features in, what the model reads out."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from components.encoders.fingerprint import check_unchanged
from components.encoders.inspect import inspect_encoder
from components.encoders.resolve import resolve_encoder
from components.encoders.vocabulary import Vocabulary, read_vocabulary
from components.features import INPUT_WORD_IDS, TARGET, TEXT
from components.transform.tokens import TextToTokens, Truncation


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Tokenises, and passes the target on as the float that a loss wants.

    Args:
        inputs: `text` string [batch, 1] and `target` int64 [batch, labels].
        custom_config: `encoder`, the encoder section of the configuration, with its `digest`.

    Returns:
        `input_word_ids`, sparse int64 [batch, tokens], and `target`, float32 [batch, labels].
    """
    encoder = custom_config["encoder"]
    check_unchanged(encoder)
    truncation = Truncation(encoder["max_tokens"], encoder["truncation"])
    to_tokens = TextToTokens(encoder_vocabulary(encoder), truncation)
    return {
        INPUT_WORD_IDS: to_tokens(tf.reshape(inputs[TEXT], [-1])).to_sparse(),
        TARGET: tf.cast(inputs[TARGET], tf.float32),
    }


def encoder_vocabulary(encoder: dict[str, Any]) -> Vocabulary:
    """The vocabulary and casing that the encoder was trained with. Raises EncoderError where it has none."""
    info = inspect_encoder(resolve_encoder(encoder["handle"]))
    return read_vocabulary(info, encoder["vocab_file"], encoder["lower_case"])
