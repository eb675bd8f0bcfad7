"""Raw Examples, some thousand at a time: no split is ever held as texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.example_gen.normalise import without_breaks
from components.features import ID, TARGET, TEXT, TEXT_PAIR

_BATCH_SIZE = 1024


@dataclasses.dataclass(frozen=True)
class Batch:
    """N examples.

    Attributes:
        ids: of each.
        texts: a list of N texts for each place of a pair (one place where texts come alone), without HTML breaks.
        targets: 0 or 1, int64 [N, labels].
    """

    ids: list[str]
    texts: list[list[str]]
    targets: np.ndarray


def read(files: Sequence[str], labels: int, pair: bool) -> Iterator[Batch]:
    """The examples of gzipped TFRecords, in their order.

    Args:
        files: their paths.
        labels: how many targets an example has.
        pair: whether texts come in pairs.
    """
    places = (TEXT, TEXT_PAIR) if pair else (TEXT,)
    spec: dict[str, Any] = {name: tf.io.FixedLenFeature([], tf.string) for name in (ID, *places)}
    spec[TARGET] = tf.io.FixedLenFeature([labels], tf.int64)
    records = _records(files).batch(_BATCH_SIZE)
    for parsed in records.map(lambda batch: tf.io.parse_example(batch, spec)).prefetch(1):
        texts = [[without_breaks(text) for text in _decoded(parsed[place])] for place in places]
        yield Batch(_decoded(parsed[ID]), texts, parsed[TARGET].numpy())


def count(files: Sequence[str]) -> int:
    """How many examples the files hold."""
    total: Any = _records(files).reduce(np.int64(0), lambda counted, _: counted + 1)
    return int(total.numpy())


def _records(files: Sequence[str]) -> tf.data.Dataset:
    return tf.data.TFRecordDataset(list(files), compression_type="GZIP")


def _decoded(values: Any) -> list[str]:
    return [value.decode(errors="replace") for value in values.numpy()]
