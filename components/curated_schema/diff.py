"""A curated schema against the data that it is for. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatisticsList,
    FeatureNameStatistics,
)

from components.data_gate.anomalies import Anomaly, list_anomalies
from components.data_gate.check import validate
from components.data_gate.sentences import allowed_values, measured_presence, measured_values, number
from components.features import LABEL, TOKENS, WORDS

# A bound this many times the largest value stops nothing that is likely to happen.
FAR = 10
# Their bounds follow from that of `characters`, for texts of nothing but one-letter words.
_IMPLIED = (WORDS, TOKENS)
_DRIFTING = (LABEL, WORDS)


@dataclasses.dataclass(frozen=True)
class Unused:
    """Something that the schema allows or leaves out, and the data makes no use of."""

    feature: str
    sentence: str


@dataclasses.dataclass(frozen=True)
class Difference:
    """`anomalies`: what the data has and the schema forbids. `unused`: what the schema could forbid."""

    anomalies: list[Anomaly]
    unused: list[Unused]


def diff(schema: schema_pb2.Schema, statistics: Mapping[str, DatasetFeatureStatisticsList]) -> Difference:
    """What separates a schema from data.

    Args:
        schema: the curated one.
        statistics: of each split, made with `stats_options`.
    """
    anomalies = [
        anomaly
        for split, of_split in validate(statistics, schema).items()
        for anomaly in list_anomalies(split, of_split, schema, statistics[split].datasets[0])
    ]
    measured: dict[str, list[FeatureNameStatistics]] = {}
    for of_split in statistics.values():
        for feature in of_split.datasets[0].features:
            measured.setdefault(feature.path.step[0], []).append(feature)
    unused = [
        Unused(feature.name, sentence)
        for feature in schema.feature
        for sentence in _unused(feature, schema, measured.get(feature.name, []))
    ]
    return Difference(anomalies, unused)


def _unused(
    feature: schema_pb2.Feature, schema: schema_pb2.Schema, measured: list[FeatureNameStatistics]
) -> Iterator[str]:
    if not any(map(measured_presence, measured)):
        yield "no example has it"
        return
    seen = {value for split in measured for value in measured_values(split)}
    for value in allowed_values(feature, schema):
        if value not in seen:
            yield f'no example has its value "{value}"'
    if feature.HasField("int_domain") and feature.name not in _IMPLIED:
        largest, bound = max(split.num_stats.max for split in measured), feature.int_domain.max
        if bound > FAR * max(largest, 1):
            yield f"up to {number(bound)} is allowed, and the data goes up to {number(largest)}"
    if feature.name in _DRIFTING and not feature.HasField("drift_comparator"):
        yield "there is no drift_comparator: a span that differs from the one before it passes"
