"""What changed from one data set to another, in plain words. Pure."""

from __future__ import annotations

from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatistics,
    FeatureNameStatistics,
)

from components.data_gate.histograms import quantile
from components.data_gate.label_rates import rate_distances
from components.data_gate.sentences import measured_values, number, percent
from components.features import CHARACTERS, LABEL, TOKENS, UNKNOWN_RATE, WORDS

_UNITS = {WORDS: "words", CHARACTERS: "characters", TOKENS: "tokens"}
_MOST_LABELS = 3


def describe(
    feature: str,
    reference: str,
    before: DatasetFeatureStatistics,
    current: str,
    after: DatasetFeatureStatistics,
    *,
    differs: bool,
) -> str:
    """The change of a feature that is compared, in the terms that it is thought of: rates, medians.

    Args:
        feature: its name.
        reference: what the data set is called that the other is compared with.
        before: its statistics.
        current: what the other is called.
        after: its statistics.
        differs: whether more than chance lies between them; else no direction is told.
    """
    old, new = _find(before, feature), _find(after, feature)
    if old is None or new is None:
        return f"{reference if old is None else current} has no {feature}"
    if feature == LABEL:
        old_shares, new_shares = _shares(old, before.num_examples), _shares(new, after.num_examples)
        return "; ".join(
            f"{label} {percent(old_shares.get(label, 0))} in {reference}, "
            f"{percent(new_shares.get(label, 0))} in {current}"
            for label in _most_changed(old_shares, new_shares)
        )
    if feature == UNKNOWN_RATE:
        means = percent(old.num_stats.mean), percent(new.num_stats.mean)
        return f"pieces that the encoder does not know: {means[0]} in {reference}, {means[1]} in {current}"
    told = f"a median of {_lengths(old)} {_UNITS[feature]} in {reference}, {_lengths(new)} in {current}"
    return f"{_longer(old, new) if differs else 'lengths of texts'}: {told}"


def _find(statistics: DatasetFeatureStatistics, name: str) -> FeatureNameStatistics | None:
    return next((feature for feature in statistics.features if feature.path.step[0] == name), None)


def _shares(measured: FeatureNameStatistics, examples: int) -> dict[str, float]:
    """Of all examples, the share that holds each label."""
    return {label: held / max(examples, 1) for label, held in measured_values(measured).items()}


def _most_changed(old: dict[str, float], new: dict[str, float]) -> list[str]:
    """The labels whose rates lie furthest apart, the rarer first; of two labels one says all."""
    distances = rate_distances(old, 1, new, 1)
    ranked = sorted(distances, key=lambda label: (-round(distances[label], 9), old.get(label, 0), label))
    return ranked[: 1 if len(ranked) <= 2 else _MOST_LABELS]


def _longer(old: FeatureNameStatistics, new: FeatureNameStatistics) -> str:
    medians = quantile(old, 0.5), quantile(new, 0.5)
    if medians[0] == medians[1]:
        return "lengths of texts"
    return "texts are longer" if medians[1] > medians[0] else "texts are shorter"


def _lengths(measured: FeatureNameStatistics) -> str:
    return f"{number(quantile(measured, 0.5))} (95 % of them up to {number(quantile(measured, 0.95))})"
