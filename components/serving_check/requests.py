"""What the server is asked: real texts of the test split, and texts that no reviewer writes."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
from tfx.types import artifact, artifact_utils

from components.errors import DataError
from components.features import TEXT

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


def read_texts(examples: Sequence[artifact.Artifact], split: str, most: int) -> list[bytes]:
    """The first texts of a split, `most` at most.

    Raises:
        DataError: there is none.
    """
    files = [
        file
        for folder in artifact_utils.get_split_uris(list(examples), split)
        for file in sorted(tf.io.gfile.glob(f"{folder}/*"))
    ]
    texts = [_text(record) for record in _records(files).take(most)]
    if not texts:
        raise DataError(f"the split {split} has no text to serve; raise data.splits.{split}")
    return texts


def _records(files: list[str]) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(files, compression_type="GZIP")


def _text(record: tf.Tensor) -> bytes:
    return tf.train.Example.FromString(record.numpy()).features.feature[TEXT].bytes_list.value[0]
