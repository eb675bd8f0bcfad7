"""How many tokens texts have for the task's encoder, and how many of them it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from components.encoders.vocabulary import AnyVocabulary
from components.transform.tokens import PAIR_SPECIAL_TOKENS, SPECIAL_TOKENS, TextToPieces


class TokenCount(NamedTuple):
    """`tokens` before truncation, [CLS] and [SEP] included; `unknown_rate` is the unknown ones' share of the pieces."""

    tokens: int
    unknown_rate: float


class TokenCounter:
    """Counts with the tokenizer that Transform has, so that nothing is tokenised in two ways."""

    def __init__(self, vocabulary: AnyVocabulary) -> None:
        self._to_pieces = TextToPieces(vocabulary)
        self._unknown = vocabulary.unk_id
        self._count = tf.function(self._counts, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)

    def __call__(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> list[TokenCount]:
        """The counts of each text, or of each pair of texts."""
        tokens, unknown = self._of(texts)
        special = SPECIAL_TOKENS
        if pairs is not None:
            more = self._of(pairs)
            tokens, unknown, special = tokens + more[0], unknown + more[1], PAIR_SPECIAL_TOKENS
        rates = unknown / np.maximum(tokens, 1)
        return [TokenCount(*count) for count in zip((tokens + special).tolist(), rates.tolist(), strict=True)]

    def _of(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        tokens, unknown = self._count(tf.constant([text.encode() for text in texts], tf.string))
        return tokens.numpy(), unknown.numpy()

    def _counts(self, texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pieces = self._to_pieces(texts)
        unknown = tf.cast(tf.equal(pieces, self._unknown), tf.int64)
        return pieces.row_lengths(), tf.reduce_sum(unknown, axis=1)
