"""TensorFlow Data Validation's (TFDV) anomalies in plain words. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies, AnomalyInfo  # pyright: ignore[reportAttributeAccessIssue]


@dataclasses.dataclass(frozen=True)
class Anomaly:
    """One thing that is wrong with one split. `feature` is empty where the split as a whole is meant."""

    split: str
    feature: str
    short_description: str
    description: str

    def __str__(self) -> str:
        place = f"split {self.split}, feature {self.feature}" if self.feature else f"split {self.split}"
        short = self.short_description
        return f"{place}: {short[:1].lower()}{short[1:]}: {self.description}"


def list_anomalies(split: str, anomalies: Anomalies) -> list[Anomaly]:
    """Every reason of every anomaly of a split: of the data set first, then by feature."""
    found = list(_of_data_set(split, anomalies))
    for feature in sorted(anomalies.anomaly_info):
        found += _of_info(split, feature, anomalies.anomaly_info[feature])
    return found


def _of_data_set(split: str, anomalies: Anomalies) -> Iterator[Anomaly]:
    if anomalies.data_missing:
        yield Anomaly(split, "", "No data", "The split holds no example.")
    if anomalies.HasField("dataset_anomaly_info"):
        yield from _of_info(split, "", anomalies.dataset_anomaly_info)


def _of_info(split: str, feature: str, info: AnomalyInfo) -> Iterator[Anomaly]:
    # TFDV's own summary of several reasons is only "Multiple errors".
    for reason in info.reason or [info]:
        yield Anomaly(split, feature, reason.short_description.strip(), reason.description.strip())
