"""Statistics of a part of the profile, made in memory."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatistics,
)

from components.curated_schema.statistics import stats_options
from components.features import LABEL

# Stands in the statistics for "none of the labels", whose share is as telling as that of any label. It is no value of
# the data: domains are checked on the Examples' own statistics, never on these.
NO_LABEL = "(none)"


def profile_statistics(table: pa.Table) -> DatasetFeatureStatistics:
    """TensorFlow Data Validation's statistics of the table's columns; rows without labels hold `NO_LABEL`."""
    # The Examples' options: what is compared must be equally fine.
    computed = tfdv.generate_statistics_from_dataframe(_frame(table), stats_options=stats_options(), n_jobs=1)
    return computed.datasets[0]


def _frame(table: pa.Table) -> pd.DataFrame:
    numbers = [name for name in table.column_names if name != LABEL]
    frame = table.select(numbers).to_pandas()
    if LABEL in table.column_names:
        frame[LABEL] = [held or [NO_LABEL] for held in table.column(LABEL).to_pylist()]
    return frame
