"""What the server is asked: real texts of the test split, and texts that no reviewer writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf
from tfx.types import artifact, artifact_utils

from components.errors import DataError
from components.features import TEXT, TEXT_PAIR

_MEGABYTE = 1 << 20

HOSTILE = {
    "empty text": b"",
    "white space": " \t\r\n\u00a0\u3000".encode(),
    "1 MB of text": (b"word " * (_MEGABYTE // 5 + 1))[:_MEGABYTE],
    "bytes that are no UTF-8": b"good \xff\xfe film \xc3( " + bytes(range(128, 256)),
    "10,000 words": b"word " * 10_000,
    "control characters": bytes(range(32)) + b"\x7f" + "".join(map(chr, range(128, 160))).encode(),
    "a word of 100,000 characters": b"a" * 100_000,
}
"""Name to text, in bytes."""


_HARMLESS = b"a text beside it"


def hostile(pair: bool) -> dict[str, tuple[bytes, bytes | None]]:
    """Name to a text and, where the model takes pairs, its second: each hostile text in either place."""
    if not pair:
        return {what: (text, None) for what, text in HOSTILE.items()}
    first: dict[str, tuple[bytes, bytes | None]] = {what: (text, _HARMLESS) for what, text in HOSTILE.items()}
    return first | {f"{what} as second text": (_HARMLESS, text) for what, text in HOSTILE.items()}


def read_texts(examples: Sequence[artifact.Artifact], split: str, most: int) -> tuple[list[bytes], list[bytes] | None]:
    """The first texts of a split, `most` at most, and the second text of each where the task has pairs.

    Raises:
        DataError: there is none.
    """
    files = [
        file
        for folder in artifact_utils.get_split_uris(list(examples), split)
        for file in sorted(tf.io.gfile.glob(f"{folder}/*"))
    ]
    features = [_features(record) for record in _records(files).take(most)]
    if not features:
        raise DataError(f"the split {split} has no text to serve; raise data.splits.{split}")
    texts = [_value(feature, TEXT) for feature in features]
    return texts, [_value(feature, TEXT_PAIR) for feature in features] if TEXT_PAIR in features[0] else None


def _records(files: list[str]) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(files, compression_type="GZIP")


def _features(record: tf.Tensor) -> Mapping[str, tf.train.Feature]:
    return tf.train.Example.FromString(record.numpy()).features.feature


def _value(features: Mapping[str, tf.train.Feature], name: str) -> bytes:
    return features[name].bytes_list.value[0]
