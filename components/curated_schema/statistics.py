"""How statistics of Examples are made, wherever they are: by StatisticsGen in a run, by verbs that look at data."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatisticsList,
)
from tfx_bsl.public import tfxio

from components.beam_engine import new_pipeline
from components.features import ID, TEXT, TEXT_PAIR

# Every value stands once in the data: which are the most frequent says nothing, and finding out holds all of them.
UNIQUE_FEATURES = (TEXT, TEXT_PAIR, ID)
# Lengths are compared by their quantiles (components/data_gate/histograms.py). 200 of them place a bound between two
# bins to within 0.5 % of the rows; TFDV's 10, to within 10 %.
QUANTILES = 200
_QUANTILE_ERROR = 0.001  # of ranks; TFDV's is 0.01, two of our quantiles


def stats_options() -> tfdv.StatsOptions:
    """The options of TensorFlow Data Validation (TFDV) for our Examples. They survive `to_json`, as TFX needs.

    Without them TFDV counts every text and every id to find the 20 most frequent, and writes 1,000 texts into the
    statistics. 50,000 texts of 230 words on the FnApiRunner: 7.7 s and a peak of 470 MB above the imports, 358 MB above
    what reading alone takes; the statistics have 1.5 MB. With sketches for the rest and no such count: 3.1 s, 30 MB
    above reading, 7 KB. The finer quantiles add 0.7 s, once a split whatever its size, and 31 KB.
    """
    return tfdv.StatsOptions(
        schema=_without_frequent_values(UNIQUE_FEATURES),
        use_sketch_based_topk_uniques=True,
        num_quantiles_histogram_buckets=QUANTILES,
        epsilon=_QUANTILE_ERROR,
    )


def statistics_of(examples: Mapping[str, str]) -> dict[str, DatasetFeatureStatisticsList]:
    """The statistics of each split, as StatisticsGen makes them.

    Args:
        examples: the folder of each split's TFRecords of tf.Example, by the split's name.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = {split: f"{folder}/{index}.pb" for index, split in enumerate(examples)}
        with new_pipeline() as pipeline:
            for split, source in examples.items():
                records = tfxio.TFExampleRecord(f"{source}/*", telemetry_descriptors=["bertline"])
                _ = (
                    pipeline
                    | f"Read {split}" >> records.BeamSource()
                    | f"Statistics {split}" >> tfdv.GenerateStatistics(stats_options())
                    | f"Write {split}" >> tfdv.WriteStatisticsToBinaryFile(files[split])
                )
        return {split: tfdv.load_stats_binary(file) for split, file in files.items()}


def _without_frequent_values(features: tuple[str, ...]) -> schema_pb2.Schema:
    schema = schema_pb2.Schema()
    for name in features:
        feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
        feature.string_domain.is_categorical = schema_pb2.StringDomain.CATEGORICAL_NO
    return schema
