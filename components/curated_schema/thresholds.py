"""Thresholds of comparators, from what they stand for: so much longer texts, so much higher a rate. Pure."""

from __future__ import annotations

from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    FeatureNameStatistics,
)

from components.data_gate.histograms import distance_if_scaled, divergence
from components.data_gate.sentences import measured_values, percent

# Lengths times this are a drift from one span to the next; users may differ by more.
LENGTH_DRIFT = 1.2
LENGTH_SKEW = 1.3
# Texts with pieces that the encoder does not know, 10 % instead of 1 %.
UNKNOWN_SKEW = 0.03
_HALF_AS_MUCH_AGAIN = 1.5
_POINTS = 0.1
# Chance stays below in spans of 1,000 rows: 0.004 for two labels, 0.01 for lengths (components/data_gate/noise.py).
_LEAST_OF_LABELS = 0.005
_LEAST_OF_LENGTHS = 0.02


def length_threshold(measured: FeatureNameStatistics, factor: float) -> float:
    """The distance of a length from itself times a factor, to two digits, and no less than chance in 1,000 rows."""
    return max(float(f"{distance_if_scaled(measured, factor):.2g}"), _LEAST_OF_LENGTHS)


def label_threshold(measured: FeatureNameStatistics) -> tuple[float, str]:
    """The distance when the most frequent label but one is half as frequent again, or 10 points more if that is less;
    to two digits, and no less than chance in 1,000 rows. With it, what it stands for.
    """
    examples = measured.string_stats.common_stats.num_non_missing + measured.string_stats.common_stats.num_missing
    ranked = sorted(measured_values(measured).items(), key=lambda item: (-item[1], item[0]))
    name, held = ranked[1] if len(ranked) > 1 and ranked[0][1] >= examples / 2 else ranked[0]
    rate = held / examples
    higher = min(rate * _HALF_AS_MUCH_AGAIN, rate + _POINTS, 1.0)
    distance = float(f"{_of_rates(rate, higher):.2g}")
    if distance >= _LEAST_OF_LABELS:
        return distance, f"{name} goes from {percent(rate)} to {percent(higher)}"
    return _LEAST_OF_LABELS, f"{name} goes from {percent(rate)} to {percent(_rate_at(rate, _LEAST_OF_LABELS))}"


def _of_rates(rate: float, other: float) -> float:
    return divergence([rate, 1 - rate], [other, 1 - other])


def _rate_at(rate: float, distance: float) -> float:
    """The higher rate that lies so far away, to a tenth of a point; 1 where none does."""
    step = 0.001
    return next(
        (rate + i * step for i in range(1, int((1 - rate) / step)) if _of_rates(rate, rate + i * step) >= distance), 1.0
    )
