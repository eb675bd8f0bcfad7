"""Sentences about single anomalies. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import AnomalyInfo  # pyright: ignore[reportAttributeAccessIssue]
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    FeatureNameStatistics,
)

_MOST_VALUES = 5
_MOST_CHARACTERS = 40


def percent(share: float) -> str:
    """A share as people write it: 6.4 %, 0.05 %."""
    digits = 1 if share >= 0.001 or share == 0 else 3
    return f"{100 * share:.{digits}f} %"


def number(value: float) -> str:
    """A number as people write it: 50,000 or 0.25."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def count(rows: int) -> str:
    """A number of examples as people write it: 1,000 examples."""
    return f"{rows:,} example{'' if rows == 1 else 's'}"


class Case(NamedTuple):
    """A feature with an anomaly: what the schema says of it, and what was measured in a split."""

    feature: schema_pb2.Feature
    schema: schema_pb2.Schema
    measured: FeatureNameStatistics
    examples: int


def explain(
    reason: AnomalyInfo.Reason,
    feature: schema_pb2.Feature | None,
    schema: schema_pb2.Schema,
    measured: FeatureNameStatistics | None,
    examples: int,
) -> str:
    """What one reason of TFDV's means for this feature, or nothing where we have no better words than TFDV's own."""
    kind = AnomalyInfo.Type.Name(reason.type)
    if kind == "SCHEMA_NEW_COLUMN":
        return "the data has it, but the schema does not know it"
    if kind in ("SCHEMA_MISSING_COLUMN", "FEATURE_TYPE_NOT_PRESENT", "FEATURE_TYPE_NO_VALUES"):
        return "the schema demands it, but the data does not have it"
    if feature is None or measured is None or kind not in _TELLERS:
        return ""
    return _TELLERS[kind](Case(feature, schema, measured, examples))


def allowed_values(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> list[str]:
    """The values of a text that the schema lists for the feature; none where it does not restrict them."""
    if feature.WhichOneof("domain_info") == "domain":
        return [value for domain in schema.string_domain if domain.name == feature.domain for value in domain.value]
    return list(feature.string_domain.value)


def measured_presence(measured: FeatureNameStatistics) -> int:
    """In how many examples a feature is."""
    which = measured.WhichOneof("stats")
    return int(getattr(measured, which).common_stats.num_non_missing) if which else 0


def measured_values(measured: FeatureNameStatistics) -> dict[str, float]:
    """How often each of the most frequent values of a text occurs."""
    return {bucket.label: bucket.sample_count for bucket in measured.string_stats.rank_histogram.buckets}


def _unknown_values(case: Case) -> str:
    allowed = allowed_values(case.feature, case.schema)
    unknown = [(value, held) for value, held in measured_values(case.measured).items() if value not in allowed]
    told = [
        f'"{_short(value)}" in {held:,.0f} of {count(case.examples)} ({percent(held / case.examples)})'
        for value, held in unknown[:_MOST_VALUES]
    ]
    if len(unknown) > _MOST_VALUES:
        told.append(f"{len(unknown) - _MOST_VALUES} more")
    return f"unknown value {', '.join(told)}; the schema allows {', '.join(allowed)}" if told else ""


def _missing(case: Case) -> str:
    missing = case.examples - measured_presence(case.measured)
    return f"it is missing in {missing:,} of {count(case.examples)}, and the schema demands {_presence(case.feature)}"


def _too_large(case: Case) -> str:
    most = _domain(case.feature).max
    return f"it goes up to {number(case.measured.num_stats.max)}, and the schema allows {number(most)}"


def _too_small(case: Case) -> str:
    least = _domain(case.feature).min
    return f"it goes down to {number(case.measured.num_stats.min)}, and the schema allows {number(least)}"


def _wrong_count(case: Case) -> str:
    return f"an example holds {_held(case.measured)} of it, and the schema wants {_wanted(case.feature)}"


def _wrong_type(case: Case) -> str:
    return f"it is {_kind_of(case.measured)}, and the schema says {schema_pb2.FeatureType.Name(case.feature.type)}"


def _domain(feature: schema_pb2.Feature) -> schema_pb2.IntDomain | schema_pb2.FloatDomain:
    return feature.float_domain if feature.HasField("float_domain") else feature.int_domain


def _short(value: str) -> str:
    return value if len(value) <= _MOST_CHARACTERS else f"{value[: _MOST_CHARACTERS - 1]}…"


def _presence(feature: schema_pb2.Feature) -> str:
    if feature.presence.min_fraction:
        return f"it in {percent(feature.presence.min_fraction)}"
    return f"at least {feature.presence.min_count:,}"


def _held(measured: FeatureNameStatistics) -> str:
    which = measured.WhichOneof("stats")
    common = getattr(measured, which).common_stats if which else None
    if common is None:
        return "no value"
    least, most = common.min_num_values, common.max_num_values
    return _values(least) if least == most else f"{least} to {_values(most)}"


def _wanted(feature: schema_pb2.Feature) -> str:
    if feature.HasField("shape"):
        sizes = [dim.size for dim in feature.shape.dim]
        return f"{' x '.join(map(str, sizes))} in every one" if sizes else "exactly 1"
    return f"{feature.value_count.min} to {feature.value_count.max}"


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _kind_of(measured: FeatureNameStatistics) -> str:
    return type(measured).DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[measured.type].name


_TELLERS: dict[str, Callable[[Case], str]] = {
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES": _unknown_values,
    "FEATURE_TYPE_LOW_FRACTION_PRESENT": _missing,
    "FEATURE_TYPE_LOW_NUMBER_PRESENT": _missing,
    "INT_TYPE_BIG_INT": _too_large,
    "FLOAT_TYPE_BIG_FLOAT": _too_large,
    "INT_TYPE_SMALL_INT": _too_small,
    "FLOAT_TYPE_SMALL_FLOAT": _too_small,
    "FEATURE_TYPE_HIGH_NUMBER_VALUES": _wrong_count,
    "FEATURE_TYPE_LOW_NUMBER_VALUES": _wrong_count,
    "INVALID_FEATURE_SHAPE": _wrong_count,
    "UNEXPECTED_DATA_TYPE": _wrong_type,
    "INT_TYPE_INT_EXPECTED": _wrong_type,
    "INT_TYPE_STRING_EXPECTED": _wrong_type,
    "INT_TYPE_NOT_STRING": _wrong_type,
    "FLOAT_TYPE_NOT_FLOAT": _wrong_type,
    "STRING_TYPE_NOW_INT": _wrong_type,
    "STRING_TYPE_NOW_FLOAT": _wrong_type,
    "ENUM_TYPE_INT_NOT_STRING": _wrong_type,
    "ENUM_TYPE_FLOAT_NOT_STRING": _wrong_type,
}
