"""What the gate looks at: each split by the schema, the newest span by the one before, users' texts by training's."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatisticsList,
)

from components.data_gate.anomalies import list_anomalies
from components.data_gate.comparisons import (
    DIFFERENT,
    DRIFT,
    SKEW,
    Comparison,
    Side,
    check_comparators,
    compare,
)
from components.data_gate.findings import Findings
from components.data_gate.profile_statistics import profile_statistics
from components.example_gen.profile import NEWEST, PREVIOUS, SERVING, Profiles
from components.features import TRAIN


def validate(statistics: Mapping[str, DatasetFeatureStatisticsList], schema: schema_pb2.Schema) -> dict[str, Anomalies]:
    """TFDV's anomalies of each split, as ExampleValidator finds them."""
    return {split: tfdv.validate_statistics(measured, schema) for split, measured in statistics.items()}


def examine(
    anomalies: Mapping[str, Anomalies],
    statistics: Mapping[str, DatasetFeatureStatisticsList],
    schema: schema_pb2.Schema,
    profiles: Profiles,
) -> Findings:
    """Puts together all that is wrong with the data.

    Args:
        anomalies: of each split, by ExampleValidator or `validate`.
        statistics: of each split, made with `stats_options`.
        schema: the curated one.
        profiles: the spans and users' texts that are compared.

    Raises:
        DataGateError: the schema has a comparator that nothing is compared by.
    """
    check_comparators(schema)
    comparisons, not_compared = _compare_all(statistics, schema, profiles)
    found = [
        anomaly
        for split, of_split in anomalies.items()
        for anomaly in list_anomalies(split, of_split, schema, statistics[split].datasets[0])
    ]
    return Findings(
        examples={split: int(measured.datasets[0].num_examples) for split, measured in statistics.items()},
        anomalies=[*found, *(c.anomaly() for c in comparisons if c.verdict == DIFFERENT)],
        comparisons=comparisons,
        not_compared=not_compared,
    )


def _compare_all(
    statistics: Mapping[str, DatasetFeatureStatisticsList], schema: schema_pb2.Schema, profiles: Profiles
) -> tuple[list[Comparison], list[str]]:
    comparisons, not_compared, parts = [], [], profiles.tables
    if NEWEST in parts and PREVIOUS in parts:
        reference = Side(f"span {profiles.previous_span}", profile_statistics(parts[PREVIOUS]))
        current = Side(f"span {profiles.newest_span}", profile_statistics(parts[NEWEST]))
        comparisons += compare(DRIFT, reference, current, schema)
    else:
        not_compared.append("There is no earlier span: label rates and lengths were not compared with any (drift).")
    if SERVING in parts and TRAIN in statistics:
        reference = Side("training data", statistics[TRAIN].datasets[0])
        current = Side("users' texts", profile_statistics(parts[SERVING]))
        comparisons += compare(SKEW, reference, current, schema)
    else:
        not_compared.append(
            "There are no texts of users (data.serving): training data was not compared with them (skew)."
        )
    return comparisons, not_compared
