"""What there is to score, found in one quick pass: how many examples, and which features would make too many slices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import tensorflow as tf

from components.example_gen.slices import MOST_VALUES
from components.features import SOURCE

_BATCH = 1024


class Survey(NamedTuple):
    """`examples`: how many there are; `too_many`: features of more values than anybody reads the slices of."""

    examples: int
    too_many: Collection[str]


def survey(files: Sequence[str]) -> Survey:
    """Looks at gzipped TFRecord files of raw Examples. Of their features `source` alone has as many values as a user
    has files: columns of the user's are counted at ingestion.
    """
    wanted = {SOURCE: tf.io.FixedLenFeature([], tf.string, default_value="")}
    count, values = 0, set()
    for batch in tf.data.TFRecordDataset(list(files), compression_type="GZIP").batch(_BATCH):
        count += len(batch)
        if len(values) <= MOST_VALUES:
            values.update(tf.io.parse_example(batch, wanted)[SOURCE].numpy().tolist())
    return Survey(count, frozenset({SOURCE}) if len(values) > MOST_VALUES else frozenset())
