"""Examples as the ingest step writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from components.example_gen.normalise import text_id


class Text(NamedTuple):
    text: str
    labels: tuple[str, ...] = ("neg",)
    tokens: int | None = None
    unknown_rate: float = 0.0
    span: int = 0
    text_pair: str | None = None


def write_split(folder: Path, texts: Iterable[Text], names: Sequence[str] = ("neg", "pos"), shards: int = 1) -> str:
    """Writes the texts as a split's gzipped TFRecord files; the folder."""
    folder.mkdir(parents=True)
    serialized = [_example(text, names) for text in texts]
    for shard in range(shards):
        path = str(folder / f"data_tfrecord-{shard:05}-of-{shards:05}.gz")
        with tf.io.TFRecordWriter(path, "GZIP") as writer:
            for example in serialized[shard::shards]:
                writer.write(example)
    return str(folder)


def _example(text: Text, names: Sequence[str]) -> bytes:
    words = len(text.text.split())
    features = {
        "text": _bytes(text.text),
        "label": _bytes(*text.labels),
        "target": _int64(*(int(name in text.labels) for name in names)),
        "id": _bytes(text_id(text.text)),
        "words": _int64(words),
        "characters": _int64(len(text.text)),
        "tokens": _int64(words + 2 if text.tokens is None else text.tokens),
        "unknown_rate": tf.train.Feature(float_list=tf.train.FloatList(value=[text.unknown_rate])),
        "length_band": _bytes("0-99"),
        "span": _int64(text.span),
    }
    if text.text_pair is not None:
        features["text_pair"] = _bytes(text.text_pair)
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


def _bytes(*values: str) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))


def _int64(*values: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
