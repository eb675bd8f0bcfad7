"""Statistics of a part of the profile, made in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatistics,
)

from components.curated_schema.statistics import stats_options
from components.features import LABEL, NO_LABEL

# Of more rows a sample is measured. Chance alone then stays at 0.0001 bits in ten bins, far below any useful
# threshold, and memory does not grow with the span: 500,000 rows as a data frame were 134 MiB and took 6 s.
MOST_ROWS = 100_000


def sampled(table: pa.Table) -> pa.Table:
    """At most `MOST_ROWS` of the rows, evenly spaced, the same each time.

    A shard's rows lie in the order of their hashes, so these are as good as drawn at random.
    """
    if table.num_rows <= MOST_ROWS:
        return table
    return table.take(np.arange(MOST_ROWS) * table.num_rows // MOST_ROWS)


def profile_statistics(table: pa.Table) -> DatasetFeatureStatistics:
    """TensorFlow Data Validation's (TFDV's) statistics of the table's columns.

    Rows without labels hold `NO_LABEL`, whose share is as telling as that of any label. It is no value of the data:
    domains are checked on the Examples' own statistics, never on these.
    """
    # The Examples' options: what is compared must be equally fine.
    options, frame = stats_options(), _frame(table)
    if LABEL in frame:
        # TFDV counts the 1,000 most frequent unless told otherwise.
        labels = {label for held in frame[LABEL] for label in held}
        options.num_rank_histogram_buckets = max(options.num_rank_histogram_buckets, len(labels))
    return tfdv.generate_statistics_from_dataframe(frame, stats_options=options, n_jobs=1).datasets[0]


def _frame(table: pa.Table) -> pd.DataFrame:
    numbers = [name for name in table.column_names if name != LABEL]
    frame = table.select(numbers).to_pandas()
    if LABEL in table.column_names:
        frame[LABEL] = [held or [NO_LABEL] for held in table.column(LABEL).to_pylist()]
    return frame
