"""Data compared with other data: a span with the one before it, training data with what users send.

TensorFlow Data Validation (TFDV) measures the distances and holds them against the schema's comparators; only of labels
of which a row may hold many it would measure another thing (label_rates.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatistics,
    DatasetFeatureStatisticsList,
    FeatureNameStatistics,
)

from components.data_gate.anomalies import Anomaly
from components.data_gate.changes import describe
from components.data_gate.comparators import COMPARATORS, DRIFT, threshold_of
from components.data_gate.histograms import align
from components.data_gate.label_rates import holds_many, rate_distances, vanished
from components.data_gate.noise import largest_by_chance, least_rows
from components.data_gate.sentences import measured_values
from components.features import LABEL

SAME = "same"
DIFFERENT = "different"
TOO_FEW_ROWS = "too few rows"


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two data sets: its name for people, and its statistics."""

    name: str
    statistics: DatasetFeatureStatistics


class _Classes(NamedTuple):
    """In how many categories a feature is compared, and how often: once for each label of which a row may hold many."""

    categories: int
    tests: int


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How far one feature lies from what it was compared with.

    `distance`, `threshold` and `noise` are Jensen-Shannon divergences in bits, 0 to 1; `noise` is what chance alone
    stays below in 999 cases of 1,000, and None where one side has no rows. Of labels of which a row may hold many, it
    is the distance of the one whose rate changed most.

    `DIFFERENT` is what lies above both threshold and noise, and labels that vanished. Where noise is above the
    threshold, a distance below it tells nothing: the verdict is then `TOO_FEW_ROWS`, and `least_rows` says how many in
    each side are enough.
    """

    kind: str
    feature: str
    reference: str
    current: str
    reference_rows: int
    current_rows: int
    distance: float | None
    threshold: float
    noise: float | None
    least_rows: int
    verdict: str
    change: str
    tfdv: str  # TFDV's own description, where it reports one
    vanished: tuple[str, ...] = ()  # labels of the reference that chance would not have left out

    def __str__(self) -> str:
        if self.verdict == TOO_FEW_ROWS:
            rows = f"{self.reference_rows:,} in {self.reference}, {self.current_rows:,} in {self.current}"
            return f"{self.told}; too few rows to say more ({rows}; {self.least_rows:,} in each are enough)"
        if self.distance is None:
            return self.told
        relation = "more than" if self.distance > self.threshold else "at most"
        return f"{self.told} (Jensen-Shannon {self.distance:.2g}, {relation} {self.threshold:g})"

    @property
    def told(self) -> str:
        """The change, and before it the labels that vanished."""
        gone = f"no {', '.join(self.vanished)} any more in {self.current}: " if self.vanished else ""
        return f"{gone}{self.change}"

    def anomaly(self) -> Anomaly:
        """The same as an anomaly of what was compared."""
        kind = "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"
        return Anomaly(self.current, self.feature, str(self), kind, f"High {self.kind}", self.tfdv)


def compare(kind: str, reference: Side, current: Side, schema: schema_pb2.Schema) -> list[Comparison]:
    """Compares every feature that the schema has a comparator of this kind for.

    Args:
        kind: `DRIFT` or `SKEW`.
        reference: the span before; the training split.
        current: the newest span; what users send.
        schema: the curated one, its comparators checked.
    """
    ours, theirs = DatasetFeatureStatistics(), DatasetFeatureStatistics()
    ours.CopyFrom(reference.statistics)
    theirs.CopyFrom(current.statistics)
    before, after = _by_name(ours), _by_name(theirs)
    compared = [feature for feature in schema.feature if feature.HasField(COMPARATORS[kind]) and feature.name in before]
    classes = {f.name: _classes(f, before[f.name], after.get(f.name)) for f in compared}
    anomalies = _measure(kind, ours, theirs, compared)
    distances = _distances(kind, anomalies) | _distances_of_rates(compared, ours, theirs)
    return [
        _comparison(kind, feature, (reference, ours), (current, theirs), classes[feature.name], distances, anomalies)
        for feature in compared
    ]


def _comparison(
    kind: str,
    feature: schema_pb2.Feature,
    before: tuple[Side, DatasetFeatureStatistics],
    after: tuple[Side, DatasetFeatureStatistics],
    classes: _Classes,
    distances: Mapping[str, float],
    anomalies: Anomalies,
) -> Comparison:
    name, threshold = feature.name, threshold_of(kind, feature)
    (reference, ours), (current, theirs) = before, after
    rows, other_rows = int(ours.num_examples), int(theirs.num_examples)
    noise, distance = largest_by_chance(classes.categories, rows, other_rows, classes.tests), distances.get(name)
    gone = _vanished(ours, theirs) if name == LABEL else []
    verdict = DIFFERENT if gone else _verdict(distance, threshold, noise)
    sides = (reference.name, reference.statistics, current.name, current.statistics)
    return Comparison(
        kind=kind,
        feature=name,
        reference=reference.name,
        current=current.name,
        reference_rows=rows,
        current_rows=other_rows,
        distance=distance,
        threshold=threshold,
        noise=noise if rows and other_rows else None,
        least_rows=least_rows(classes.categories, threshold, classes.tests),
        verdict=verdict,
        change=describe(name, *sides, differs=verdict == DIFFERENT),
        tfdv=anomalies.anomaly_info[name].description if name in anomalies.anomaly_info else "",
        vanished=tuple(gone),
    )


def _verdict(distance: float | None, threshold: float, noise: float) -> str:
    """Chance explains what is below `noise`, and a schema allows what is below its threshold."""
    if distance is not None and distance > max(threshold, noise):
        return DIFFERENT
    return TOO_FEW_ROWS if distance is None or noise > threshold else SAME


def _distances_of_rates(
    features: list[schema_pb2.Feature], ours: DatasetFeatureStatistics, theirs: DatasetFeatureStatistics
) -> dict[str, float]:
    """Of labels of which a row may hold many, the distance of the one whose rate changed most."""
    if not any(feature.name == LABEL and holds_many(feature) for feature in features):
        return {}
    (held, rows), (other_held, other_rows) = _held(ours), _held(theirs)
    if not rows or not other_rows:
        return {}
    return {LABEL: max(rate_distances(held, rows, other_held, other_rows).values(), default=0.0)}


def _vanished(ours: DatasetFeatureStatistics, theirs: DatasetFeatureStatistics) -> list[str]:
    return vanished(*_held(ours), *_held(theirs))


def _held(statistics: DatasetFeatureStatistics) -> tuple[dict[str, float], int]:
    label = _by_name(statistics).get(LABEL)
    return measured_values(label) if label is not None else {}, int(statistics.num_examples)


def _measure(
    kind: str, ours: DatasetFeatureStatistics, theirs: DatasetFeatureStatistics, features: list[schema_pb2.Feature]
) -> Anomalies:
    """TFDV's comparison, by a schema of nothing but comparators: domains are another check's."""
    schema = schema_pb2.Schema()
    for feature in features:
        restricted = schema.feature.add(name=feature.name, type=feature.type)
        getattr(restricted, COMPARATORS[kind]).CopyFrom(getattr(feature, COMPARATORS[kind]))
    reference, current = (DatasetFeatureStatisticsList(datasets=[side]) for side in (ours, theirs))
    if kind == DRIFT:
        return tfdv.validate_statistics(current, schema, previous_statistics=reference)
    return tfdv.validate_statistics(reference, schema, serving_statistics=current)


def _distances(kind: str, anomalies: Anomalies) -> dict[str, float]:
    return {
        info.path.step[0]: measurement.value
        for info in anomalies.drift_skew_info
        for measurement in getattr(info, f"{kind}_measurements")
    }


def _classes(
    feature: schema_pb2.Feature, before: FeatureNameStatistics, after: FeatureNameStatistics | None
) -> _Classes:
    """By what a feature is compared. Gives the statistics of numbers the same bins."""
    if after is None:
        return _Classes(2, 1)
    if feature.name != LABEL:
        return _Classes(align(before, after), 1)
    labels = len(measured_values(before).keys() | measured_values(after).keys())
    return _Classes(2, max(labels, 1)) if holds_many(feature) else _Classes(labels, 1)


def _by_name(statistics: DatasetFeatureStatistics) -> dict[str, FeatureNameStatistics]:
    return {feature.path.step[0]: feature for feature in statistics.features}
