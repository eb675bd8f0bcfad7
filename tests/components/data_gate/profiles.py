"""Profiles and statistics as the steps before the gate make them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import tensorflow_data_validation as tfdv

from components.curated_schema.statistics import stats_options
from components.example_gen.profile import SCHEMA

COMPARED = """
feature { name: "label" type: BYTES drift_comparator { jensen_shannon_divergence { threshold: 0.005 } } }
feature { name: "words" type: INT
  drift_comparator { jensen_shannon_divergence { threshold: 0.03 } }
  skew_comparator { jensen_shannon_divergence { threshold: 0.05 } } }
feature { name: "tokens" type: INT drift_comparator { jensen_shannon_divergence { threshold: 0.03 } } }
feature { name: "unknown_rate" type: FLOAT skew_comparator { jensen_shannon_divergence { threshold: 0.03 } } }
"""


def table(rows=2000, rate=0.064, median=12.0, unknown=0.01, seed=0, labels=("sincere", "insincere"), labelled=True):
    """A part of a profile: `rate` of the rows hold the second label, half of the texts have `median` words."""
    random = np.random.default_rng(seed)
    words = np.maximum(1, np.round(median * np.exp(random.normal(0, 0.5, rows)))).astype(int)
    held = [[labels[1]] if positive else [labels[0]] for positive in np.arange(rows) < round(rate * rows)]
    rates = np.where(random.random(rows) < unknown, random.uniform(0.05, 0.5, rows), 0.0)
    columns = [held if labelled else [[]] * rows, words, words * 6, np.round(words * 1.3).astype(int) + 2, rates]
    return pa.table(dict(zip(SCHEMA.names, columns, strict=True)), schema=SCHEMA)


def statistics(**features):
    """Statistics of Examples with these columns."""
    return tfdv.generate_statistics_from_dataframe(pd.DataFrame(features), stats_options=stats_options(), n_jobs=1)


def statistics_of_table(part):
    """Statistics of Examples that a part of a profile was made of."""
    return statistics(**{name: part.column(name).to_pylist() for name in part.column_names})
