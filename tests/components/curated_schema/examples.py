"""Examples as the ingest step writes them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def write_examples(folder, *given, **settings):
    """Writes `rows_of` these as a gzipped TFRecord."""
    folder.mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(folder / "data-00000-of-00001.gz"), options) as writer:
        for features in rows_of(*given, **settings):
            writer.write(_example(features).SerializeToString())
    return str(folder)


def rows_of(rows, labels, kind="binary", seed=0, pair=False, span=0, none=False):
    """The features of `rows` examples; the labels take turns, a third of multilabel rows holds none, or all of them."""
    random = np.random.default_rng(seed)
    for index in range(rows):
        words = int(random.lognormal(2.5, 0.5)) + 1
        held = [] if none else _held(index, labels, kind)
        yield {
            "text": " ".join(["word"] * words) + f" {seed}-{index}",
            "label": held,
            "target": [int(held == labels[1:])] if kind == "binary" else [int(label in held) for label in labels],
            "id": f"{seed:032x}{index:032x}",
            "words": words,
            "characters": 5 * words,
            "tokens": words + 2,
            "unknown_rate": 0.1 if index % 100 == 0 else 0.0,
            "length_band": "0-99",
            "span": span,
            "source": "a.csv",
        } | ({"text_pair": f"second {index}"} if pair else {})


def _held(index, labels, kind):
    if kind != "multilabel":
        return [labels[index % len(labels)]]
    return [label for number, label in enumerate(labels) if (index >> number) & 1 and index % 3]


def _example(features):
    return tf.train.Example(features=tf.train.Features(feature={key: _feature(v) for key, v in features.items()}))


def _feature(value):
    values = value if isinstance(value, list) else [value]
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    if values and isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode() for text in values]))
