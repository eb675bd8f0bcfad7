"""Data compared with other data: a span with the one before it, training data with what users send.

TensorFlow Data Validation (TFDV) measures the distances and holds them against the schema's comparators.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

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
from components.data_gate.histograms import align
from components.data_gate.noise import largest_by_chance, least_rows
from components.data_gate.sentences import measured_values
from components.errors import DataGateError
from components.features import CHARACTERS, LABEL, TOKENS, UNKNOWN_RATE, WORDS

DRIFT = "drift"  # against the span before
SKEW = "skew"  # of training data against what users send
_COMPARATORS = {DRIFT: "drift_comparator", SKEW: "skew_comparator"}
_NUMBERS = (WORDS, CHARACTERS, TOKENS, UNKNOWN_RATE)
# What users send has no labels.
COMPARABLE = {DRIFT: (LABEL, *_NUMBERS), SKEW: _NUMBERS}

SAME = "same"
DIFFERENT = "different"
TOO_FEW_ROWS = "too few rows"


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two data sets: its name for people, and its statistics."""

    name: str
    statistics: DatasetFeatureStatistics


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How far one feature lies from what it was compared with.

    `distance`, `threshold` and `noise` are Jensen-Shannon divergences in bits, 0 to 1; `noise` is what chance alone
    stays below in 999 cases of 1,000, and None where one side has no rows. Above the threshold it cannot be told
    whether the distance is due to chance: the verdict is then `TOO_FEW_ROWS`, and `least_rows` says how many each side
    must have.
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

    def __str__(self) -> str:
        if self.verdict == TOO_FEW_ROWS:
            rows = f"{self.reference_rows:,} in {self.reference}, {self.current_rows:,} in {self.current}"
            return f"{self.change}; too few rows to say more ({rows}; it takes {self.least_rows:,} in each)"
        relation = "more than" if self.verdict == DIFFERENT else "at most"
        return f"{self.change} (Jensen-Shannon {self.distance:.2g}, {relation} {self.threshold:g})"

    def anomaly(self) -> Anomaly:
        """The same as an anomaly of what was compared."""
        kind = "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"
        return Anomaly(self.current, self.feature, str(self), kind, f"High {self.kind}", self.tfdv)


def check_comparators(schema: schema_pb2.Schema) -> None:
    """Refuses comparators that would be passed over in silence.

    Raises:
        DataGateError: a comparator stands at a feature that is not compared, or measures something else.
    """
    for kind, field in _COMPARATORS.items():
        for feature in schema.feature:
            if not feature.HasField(field):
                continue
            if feature.name not in COMPARABLE[kind]:
                able = ", ".join(COMPARABLE[kind])
                raise DataGateError(
                    f"the schema has a {field} for {feature.name}, which is not compared; put it to one of {able}"
                )
            if not getattr(feature, field).jensen_shannon_divergence.threshold > 0:
                raise DataGateError(
                    f"the schema's {field} of {feature.name} has no jensen_shannon_divergence with a threshold above "
                    "0, the only distance that is measured; write "
                    f"{field} {{ jensen_shannon_divergence {{ threshold: 0.02 }} }}"
                )


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
    compared = [
        feature for feature in schema.feature if feature.HasField(_COMPARATORS[kind]) and feature.name in before
    ]
    categories = {f.name: _align(f.name, before[f.name], after.get(f.name)) for f in compared}
    anomalies = _measure(kind, ours, theirs, compared)
    distances = _distances(kind, anomalies)
    return [
        _comparison(kind, feature, (reference, ours), (current, theirs), categories, distances, anomalies)
        for feature in compared
    ]


def _comparison(
    kind: str,
    feature: schema_pb2.Feature,
    before: tuple[Side, DatasetFeatureStatistics],
    after: tuple[Side, DatasetFeatureStatistics],
    categories: Mapping[str, int],
    distances: Mapping[str, float],
    anomalies: Anomalies,
) -> Comparison:
    name = feature.name
    (reference, ours), (current, theirs) = before, after
    threshold = getattr(feature, _COMPARATORS[kind]).jensen_shannon_divergence.threshold
    rows, other_rows = int(ours.num_examples), int(theirs.num_examples)
    noise, distance = largest_by_chance(categories[name], rows, other_rows), distances.get(name)
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
        least_rows=least_rows(categories[name], threshold),
        verdict=_verdict(distance, threshold, noise),
        change=describe(name, reference.name, reference.statistics, current.name, current.statistics),
        tfdv=anomalies.anomaly_info[name].description if name in anomalies.anomaly_info else "",
    )


def _verdict(distance: float | None, threshold: float, noise: float) -> str:
    if distance is None or noise > threshold:
        return TOO_FEW_ROWS
    return DIFFERENT if distance > threshold else SAME


def _measure(
    kind: str, ours: DatasetFeatureStatistics, theirs: DatasetFeatureStatistics, features: list[schema_pb2.Feature]
) -> Anomalies:
    """TFDV's comparison, by a schema of nothing but comparators: domains are another check's."""
    schema = schema_pb2.Schema()
    for feature in features:
        restricted = schema.feature.add(name=feature.name, type=feature.type)
        getattr(restricted, _COMPARATORS[kind]).CopyFrom(getattr(feature, _COMPARATORS[kind]))
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


def _align(name: str, before: FeatureNameStatistics, after: FeatureNameStatistics | None) -> int:
    """Gives both the same categories; how many there are."""
    if after is None:
        return 2
    if name == LABEL:
        return len(measured_values(before).keys() | measured_values(after).keys())
    return align(before, after)


def _by_name(statistics: DatasetFeatureStatistics) -> dict[str, FeatureNameStatistics]:
    return {feature.path.step[0]: feature for feature in statistics.features}
