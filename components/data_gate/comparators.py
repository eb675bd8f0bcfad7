"""What the comparators of a schema may stand at. Pure, and imports nothing heavy."""

from __future__ import annotations

from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import DataGateError
from components.features import CHARACTERS, LABEL, TOKENS, UNKNOWN_RATE, WORDS

DRIFT = "drift"  # against the span before
SKEW = "skew"  # of training data against what users send
COMPARATORS = {DRIFT: "drift_comparator", SKEW: "skew_comparator"}
_NUMBERS = (WORDS, CHARACTERS, TOKENS, UNKNOWN_RATE)
# What users send has no labels.
COMPARABLE = {DRIFT: (LABEL, *_NUMBERS), SKEW: _NUMBERS}


def check_comparators(schema: schema_pb2.Schema) -> None:
    """Refuses comparators that would be passed over in silence.

    Raises:
        DataGateError: a comparator stands at a feature that is not compared, or measures something else.
    """
    for kind, field in COMPARATORS.items():
        for feature in schema.feature:
            if feature.HasField(field):
                _check(kind, field, feature)


def threshold_of(kind: str, feature: schema_pb2.Feature) -> float:
    """The Jensen-Shannon divergence, in bits, above which a feature differs."""
    return getattr(feature, COMPARATORS[kind]).jensen_shannon_divergence.threshold


def _check(kind: str, field: str, feature: schema_pb2.Feature) -> None:
    if feature.name not in COMPARABLE[kind]:
        able = ", ".join(COMPARABLE[kind])
        raise DataGateError(
            f"the schema has a {field} for {feature.name}, which is not compared; put it to one of {able}"
        )
    if not threshold_of(kind, feature) > 0:
        raise DataGateError(
            f"the schema's {field} of {feature.name} has no jensen_shannon_divergence with a threshold above 0, the "
            f"only distance that is measured; write {field} {{ jensen_shannon_divergence {{ threshold: 0.02 }} }}"
        )
