"""What is wrong with data, in plain words, from what TensorFlow Data Validation (TFDV) says of it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo  # pyright: ignore[reportAttributeAccessIssue]
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatistics,
)

from components.data_gate.sentences import explain
from components.features import SPLITS


@dataclasses.dataclass(frozen=True)
class Anomaly:
    """One thing that is wrong with one split, or with what was compared: a span, or users' texts.

    `feature` is empty where the data as a whole is meant; `kind`, `short_description` and `description` are TFDV's.
    """

    split: str
    feature: str
    sentence: str
    kind: str
    short_description: str
    description: str

    def __str__(self) -> str:
        data = f"split {self.split}" if self.split in SPLITS else self.split
        place = f"{data}, feature {self.feature}" if self.feature else data
        return f"{place}: {self.sentence}"


def list_anomalies(
    split: str, anomalies: Anomalies, schema: schema_pb2.Schema, statistics: DatasetFeatureStatistics
) -> list[Anomaly]:
    """Every reason of every anomaly of a split: of the data set first, then by feature.

    Args:
        split: its name.
        anomalies: what TFDV found in it.
        schema: what it was found by; the sentences quote it.
        statistics: what it was found in.
    """
    found = list(_of_data_set(split, anomalies))
    features = {feature.name: feature for feature in schema.feature}
    measured = {feature.path.step[0]: feature for feature in statistics.features}
    for name in sorted(anomalies.anomaly_info):
        for reason in _reasons(anomalies.anomaly_info[name]):
            sentence = explain(reason, features.get(name), schema, measured.get(name), statistics.num_examples)
            found.append(_anomaly(split, name, sentence, reason))
    return found


def no_rows(data: str) -> Anomaly:
    """Of data that should be compared, and of which no row could be used.

    Args:
        data: what it is called.
    """
    description = "Every row of it is in the quarantine, a duplicate or left out, or there is none."
    return Anomaly(data, "", "it has no row that can be used", "NO_DATA", "No data", description)


def _of_data_set(split: str, anomalies: Anomalies) -> Iterator[Anomaly]:
    if anomalies.data_missing:
        yield Anomaly(split, "", "there is no example", "NO_DATA", "No data", "The split holds no example.")
    if anomalies.HasField("dataset_anomaly_info"):
        for reason in _reasons(anomalies.dataset_anomaly_info):
            yield _anomaly(split, "", "", reason)


def _reasons(info: AnomalyInfo) -> list[AnomalyInfo.Reason]:
    # TFDV's own summary of several reasons is only "Multiple errors".
    return list(info.reason) or [
        AnomalyInfo.Reason(short_description=info.short_description, description=info.description)
    ]


def _anomaly(split: str, feature: str, sentence: str, reason: AnomalyInfo.Reason) -> Anomaly:
    short, description = reason.short_description.strip(), reason.description.strip()
    kind = AnomalyInfo.Type.Name(reason.type)
    return Anomaly(
        split, feature, sentence or f"{short[:1].lower()}{short[1:]}: {description}", kind, short, description
    )
