"""Examples as arrays, some thousand at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from components.features import CHARACTERS, ID, LABEL, SPAN, TEXT, TEXT_PAIR, TOKENS, UNKNOWN_RATE, WORDS

_BATCH_SIZE = 1024
_FEATURES = {
    TEXT: tf.io.FixedLenFeature([], tf.string),
    TEXT_PAIR: tf.io.FixedLenFeature([], tf.string, default_value=b""),
    LABEL: tf.io.RaggedFeature(tf.string),
    ID: tf.io.FixedLenFeature([], tf.string),
    WORDS: tf.io.FixedLenFeature([], tf.int64),
    CHARACTERS: tf.io.FixedLenFeature([], tf.int64),
    TOKENS: tf.io.FixedLenFeature([], tf.int64),
    UNKNOWN_RATE: tf.io.FixedLenFeature([], tf.float32),
    SPAN: tf.io.FixedLenFeature([], tf.int64, default_value=0),
}


@dataclasses.dataclass(frozen=True)
class Batch:
    """N examples.

    Attributes:
        texts, text_pairs, ids: bytes objects [N], text_pairs empty where the task has none.
        words, characters, tokens, spans: int64 [N].
        unknown_rates: float32 [N].
        labels: bytes objects [L], those of all texts in turn.
        label_counts: int64 [N], how many of `labels` each text holds.
    """

    texts: np.ndarray
    text_pairs: np.ndarray
    ids: np.ndarray
    words: np.ndarray
    characters: np.ndarray
    tokens: np.ndarray
    spans: np.ndarray
    unknown_rates: np.ndarray
    labels: np.ndarray
    label_counts: np.ndarray

    @property
    def label_starts(self) -> np.ndarray:
        """Where each text's labels begin in `labels`: int64 [N]."""
        return np.cumsum(self.label_counts) - self.label_counts


def read(folder: str) -> Iterator[Batch]:
    """The examples of a split, in the order of its files. A folder that is not there, or has no files, gives none."""
    files = _files(folder)
    if not files:
        return
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_BATCH_SIZE)
    for parsed in dataset.map(_parse, num_parallel_calls=2).prefetch(2):
        arrays = {name: column.numpy() for name, column in parsed.items() if name != LABEL}
        yield Batch(
            texts=arrays[TEXT],
            text_pairs=arrays[TEXT_PAIR],
            ids=arrays[ID],
            words=arrays[WORDS],
            characters=arrays[CHARACTERS],
            tokens=arrays[TOKENS],
            spans=arrays[SPAN],
            unknown_rates=arrays[UNKNOWN_RATE],
            labels=parsed[LABEL].values.numpy(),
            label_counts=parsed[LABEL].row_lengths().numpy(),
        )


def _files(folder: str) -> list[str]:
    if not tf.io.gfile.isdir(folder):
        return []
    return [f"{folder}/{name}" for name in sorted(tf.io.gfile.listdir(folder)) if name.endswith(".gz")]


def _parse(serialized: tf.Tensor) -> dict[str, Any]:
    return tf.io.parse_example(serialized, _FEATURES)
