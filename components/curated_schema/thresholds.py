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
_FOUR_TIMES = 4.0
_POINTS = 0.1
# Chance stays below in spans of 1,000 rows: 0.004 for two labels, 0.01 for lengths (components/data_gate/noise.py).
_LEAST_OF_LABELS = 0.005
_LEAST_OF_LENGTHS = 0.02
# Below it for six labels and none, each by its own rate, in spans of 2,500 rows.
_LEAST_OF_RATES = 0.002
# Lengths that hardly vary lie up to 1 away from any other; so far away, texts are other texts.
_MOST_OF_LENGTHS = 0.2


def length_threshold(measured: FeatureNameStatistics, factor: float) -> tuple[float, str]:
    """The distance of a length from itself times a factor, to two digits; no less than chance in 1,000 rows, and no
    more than where data hardly varies. With it, how much longer such texts are.
    """
    distance = float(f"{distance_if_scaled(measured, factor):.2g}")
    longer = percent(factor - 1)
    if distance > _MOST_OF_LENGTHS:
        return _MOST_OF_LENGTHS, f"less than {longer} longer"
    if distance < _LEAST_OF_LENGTHS:
        return _LEAST_OF_LENGTHS, f"more than {longer} longer"
    return distance, f"about {longer} longer"


def label_threshold(measured: FeatureNameStatistics) -> tuple[float, str] | None:
    """Of labels of which each row holds one: the distance when the most frequent label but one is half as frequent
    again, or 10 points more if that is less; to two digits, and no less than chance in 1,000 rows. With it, what it
    stands for. None where no row holds a label.
    """
    rates = _rates(measured)
    if not rates:
        return None
    name, rate = rates[1] if len(rates) > 1 and rates[0][1] >= 1 / 2 else rates[0]
    if rate > 1 - _POINTS:
        return _threshold(name, rate, rate - _POINTS, _LEAST_OF_LABELS)
    return _threshold(name, rate, min(rate * _HALF_AS_MUCH_AGAIN, rate + _POINTS), _LEAST_OF_LABELS)


def rates_threshold(measured: FeatureNameStatistics) -> tuple[float, str] | None:
    """Of labels of which a row may hold many, each compared by its own rate: the distance when the most frequent label
    is half as frequent again (10 points more, if that is less), or the rarest four times as frequent, whichever is
    less; to two digits, and no less than chance in 2,500 rows. With it, what it stands for. None where no row holds a
    label.
    """
    rates = _rates(measured)
    if not rates:
        return None
    (name, rate), (rarest, rare) = rates[0], rates[-1]
    higher = rate - _POINTS if rate > 1 - _POINTS else min(rate * _HALF_AS_MUCH_AGAIN, rate + _POINTS)
    return min(
        _threshold(name, rate, higher, _LEAST_OF_RATES),
        _threshold(rarest, rare, min(rare * _FOUR_TIMES, 1.0), _LEAST_OF_RATES),
    )


def _rates(measured: FeatureNameStatistics) -> list[tuple[str, float]]:
    """The share of all examples that holds each label, the most frequent label first."""
    examples = measured.string_stats.common_stats.num_non_missing + measured.string_stats.common_stats.num_missing
    ranked = sorted(measured_values(measured).items(), key=lambda item: (-item[1], item[0]))
    return [(name, held / examples) for name, held in ranked if held]


def _threshold(name: str, rate: float, other: float, least: float) -> tuple[float, str]:
    distance = float(f"{_of_rates(rate, other):.2g}")
    if distance < least:
        distance, other = least, _rate_at(rate, least)
    return distance, f"{name} goes from {percent(rate)} to {percent(other)}"


def _of_rates(rate: float, other: float) -> float:
    return divergence([rate, 1 - rate], [other, 1 - other])


def _rate_at(rate: float, distance: float) -> float:
    """The higher rate that lies so far away, to a tenth of a point; the lower one where no higher one does."""
    steps = [step / 1000 for step in range(1, 1000)]
    higher = (rate + step for step in steps if rate + step <= 1)
    lower = (rate - step for step in steps if rate - step >= 0)
    far = (other for rates in (higher, lower) for other in rates if _of_rates(rate, other) >= distance)
    return next(far)
