"""What there is to score, found in one quick pass: how many examples, and which features are worth slicing by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from components.example_gen.slices import MOST_VALUES
from components.features import SOURCE, SPAN

_BATCH = 1024
# Columns of the user's are counted at ingestion; these have as many values as there are files and spans.
_COUNTED = {
    SOURCE: tf.io.FixedLenFeature([], tf.string, default_value=""),
    SPAN: tf.io.FixedLenFeature([], tf.int64, default_value=0),
}


class Survey(NamedTuple):
    """`examples`: how many there are; `not_worth`: features of one value, which says nothing that the whole does not,
    or of more than anybody reads the slices of.
    """

    examples: int
    not_worth: frozenset[str]


def survey(files: Sequence[str]) -> Survey:
    """Looks at gzipped TFRecord files of raw Examples."""
    count, values = 0, {name: set() for name in _COUNTED}
    for batch in tf.data.TFRecordDataset(list(files), compression_type="GZIP").batch(_BATCH):
        count += len(batch)
        open_ones = {name: kind for name, kind in _COUNTED.items() if len(values[name]) <= MOST_VALUES}
        found = tf.io.parse_example(batch, open_ones) if open_ones else {}
        for name, column in found.items():
            values[name].update(column.numpy().tolist())
    not_worth = {name for name, known in values.items() if not 1 < len(known) <= MOST_VALUES}
    return Survey(count, frozenset(not_worth))
