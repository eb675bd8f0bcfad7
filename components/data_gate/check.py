"""What the gate looks at: each split by the schema, the newest span by the one before, users' texts by training's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatisticsList,
)

from components.data_gate.anomalies import Anomaly, list_anomalies, no_rows
from components.data_gate.comparators import DRIFT, SKEW, check_comparators
from components.data_gate.comparisons import DIFFERENT, Comparison, Side, compare
from components.data_gate.findings import Findings
from components.data_gate.profile_statistics import profile_statistics, sampled
from components.example_gen.profile import NEWEST, PREVIOUS, SERVING, Profiles
from components.features import TRAIN

_USERS = "users' texts"


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
    compared = [_drift(schema, profiles), _skew(statistics, schema, profiles)]
    comparisons = [comparison for of_kind in compared for comparison in of_kind.comparisons]
    found = [
        anomaly
        for split, of_split in anomalies.items()
        for anomaly in list_anomalies(split, of_split, schema, statistics[split].datasets[0])
    ]
    return Findings(
        examples={split: int(measured.datasets[0].num_examples) for split, measured in statistics.items()},
        anomalies=[
            *found,
            *(anomaly for of_kind in compared for anomaly in of_kind.anomalies),
            *(c.anomaly() for c in comparisons if c.verdict == DIFFERENT),
        ],
        comparisons=comparisons,
        not_compared=[sentence for of_kind in compared for sentence in of_kind.not_compared],
    )


@dataclasses.dataclass
class _Compared:
    """What came of one kind of comparison."""

    comparisons: list[Comparison] = dataclasses.field(default_factory=list)
    anomalies: list[Anomaly] = dataclasses.field(default_factory=list)
    not_compared: list[str] = dataclasses.field(default_factory=list)


def _drift(schema: schema_pb2.Schema, profiles: Profiles) -> _Compared:
    found = _Compared()
    numbered = {NEWEST: profiles.newest_span, PREVIOUS: profiles.previous_span}
    names = {part: f"span {number}" for part, number in numbered.items() if number is not None}
    found.anomalies += [no_rows(name) for part, name in names.items() if not _rows(profiles, part)]
    if PREVIOUS not in names:
        found.not_compared.append("There is no earlier span to compare with: label rates and lengths were not (drift).")
    elif not found.anomalies:
        sides = [_side(name, profiles.tables[part], found) for part, name in names.items()]
        newest, previous = sides
        found.comparisons += compare(DRIFT, previous, newest, schema)
    return found


def _skew(
    statistics: Mapping[str, DatasetFeatureStatisticsList], schema: schema_pb2.Schema, profiles: Profiles
) -> _Compared:
    found = _Compared()
    if not _rows(profiles, SERVING):
        if profiles.serving_expected:
            found.anomalies.append(no_rows(_USERS))
        else:
            found.not_compared.append(
                "No texts of users are configured (data.serving): training data was not compared with them (skew)."
            )
    elif TRAIN in statistics and statistics[TRAIN].datasets[0].num_examples:
        reference = Side("training data", statistics[TRAIN].datasets[0])
        found.comparisons += compare(SKEW, reference, _side(_USERS, profiles.tables[SERVING], found), schema)
    else:
        found.not_compared.append("There is no training data that users' texts could be compared with (skew).")
    return found


def _rows(profiles: Profiles, part: str) -> int:
    return profiles.tables[part].num_rows if part in profiles.tables else 0


def _side(name: str, table: pa.Table, found: _Compared) -> Side:
    """A side of a comparison; says where it is a sample."""
    sample = sampled(table)
    if sample.num_rows < table.num_rows:
        found.not_compared.append(
            f"Of {name}'s {table.num_rows:,} rows {sample.num_rows:,} were compared: every so many, a random sample."
        )
    return Side(name, profile_statistics(sample))
