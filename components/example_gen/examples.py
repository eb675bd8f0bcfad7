"""A text and its label as a tf.Example."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from components.example_gen.bands import length_band
from components.example_gen.rows import Candidate
from components.features import CHARACTERS, ID, LABEL, LENGTH_BAND, TARGET, TEXT, WORDS


def to_example(row: Candidate, names: Sequence[str], bounds: Sequence[int]) -> bytes:
    """The serialized tf.Example of a row.

    Features: `text`, `label`, `id`, `length_band` bytes [1]; `target` int64 [1], 1 for the second of `names`;
    `words`, `characters` int64 [1]. The same row gives the same bytes everywhere.

    Args:
        row: the row, its label one of `names`.
        names: the two labels, the positive one last.
        bounds: where the bands of length begin, in words, rising; the first band begins at 0.
    """
    features = {
        TEXT: _bytes(row.text),
        LABEL: _bytes(row.label),
        TARGET: _int64(int(row.label == names[1])),
        ID: _bytes(row.id),
        WORDS: _int64(row.words),
        CHARACTERS: _int64(len(row.text)),
        LENGTH_BAND: _bytes(length_band(row.words, bounds)),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def _bytes(value: str) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))


def _int64(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
