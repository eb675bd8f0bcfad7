"""How far chance alone could have moved a figure: percentile intervals of the bootstrap.

A calibration error is a sum of distances, which drawing rows anew only adds to: all draws of it lie too high. They are
moved down by their bias, the distance of their mean from the estimate (Efron and Tibshirani 1993, chapter 10).

Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13: the rows are drawn anew, with replacement, as
many as there are, and everything is measured again. All models are measured on the same draws, so that the interval of
a difference is that of the same rows (a paired comparison), which is far narrower than the two models' own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np

from components.evaluator.bias import BiasMeasurer
from components.evaluator.measures import Answers, Measurer
from components.evaluator.names import BIAS, CALIBRATION_ERROR, CANDIDATE, IDENTITY, OVERALL, base
from components.evaluator.predictions import Predictions

Interval = tuple[float, float]
Wanted = Mapping[str, Mapping[str, Collection[str]]]
"""Model to slice to the metrics that are wanted."""

_Measure = Callable[[np.ndarray], dict[str, float]]
# A figure that chance leaves undefined in more of the draws than this (no positive row, say) has no interval.
_MOST_UNDEFINED = 0.1


@dataclasses.dataclass(frozen=True)
class Resampled:
    """What was measured in each draw: float64 [draws] by (model, slice, metric); and the `estimates` of what the draws
    have a bias of.
    """

    confidence: float
    draws: Mapping[tuple[str, str, str], np.ndarray]
    estimates: Mapping[tuple[str, str, str], float] = dataclasses.field(default_factory=dict)

    def interval(self, slice_name: str, metric: str, model: str = CANDIDATE) -> Interval | None:
        """The interval of a figure, None where there is none."""
        key = model, slice_name, metric
        return self._between(self.draws.get(key), self.estimates.get(key), lowest=0.0)

    def difference(self, rival: str, slice_name: str, metric: str) -> Interval | None:
        """The interval of the candidate's figure less the rival's, None where there is none."""
        keys = [(model, slice_name, metric) for model in (CANDIDATE, rival)]
        own, other = (self.draws.get(key) for key in keys)
        if own is None or other is None:
            return None
        known = [self.estimates[key] for key in keys if key in self.estimates]
        return self._between(own - other, known[0] - known[1] if len(known) == len(keys) else None)

    def intervals(self) -> dict[str, dict[str, Interval]]:
        """Those of the candidate's figures, by slice and metric."""
        found: dict[str, dict[str, Interval]] = {}
        for model, slice_name, metric in self.draws:
            interval = self.interval(slice_name, metric) if model == CANDIDATE else None
            if interval is not None:
                found.setdefault(slice_name, {})[metric] = interval
        return found

    def _between(
        self, values: np.ndarray | None, estimate: float | None = None, lowest: float = -np.inf
    ) -> Interval | None:
        if values is None:
            return None
        defined = values[np.isfinite(values)]
        if not len(defined) or len(defined) < (1 - _MOST_UNDEFINED) * len(values):
            return None
        tail = (1 - self.confidence) / 2
        bias = 0.0 if estimate is None else float(defined.mean()) - estimate
        low, high = np.quantile(defined, (tail, 1 - tail)) - bias
        return max(float(low), lowest), float(high)


def resample(
    predictions: Predictions,
    wanted: Wanted,
    draws: int,
    confidence: float,
    *,
    group_label: int = 0,
    advance: Callable[[int], None] = lambda done: None,
) -> Resampled:
    """Measures again and again on rows drawn anew. The same arguments give the same numbers.

    Args:
        predictions: the rows.
        wanted: what is measured.
        draws: how many times.
        confidence: of the intervals, such as 0.95.
        group_label: which of the scored labels the areas of groups are of.
        advance: told after each draw how many there were.
    """
    measurers = {
        (model, name): (rows, measure)
        for model, slices in wanted.items()
        for name, metrics in slices.items()
        for rows, measure in _measurers(predictions, model, name, metrics, group_label)
    }
    found: dict[tuple[str, str, str], np.ndarray] = {}
    once = np.ones(len(predictions.ids))
    estimates = {
        (model, name, CALIBRATION_ERROR): figures[CALIBRATION_ERROR]
        for (model, name), (rows, measure) in measurers.items()
        if CALIBRATION_ERROR in (figures := measure(once[rows]))
    }
    generator, count = np.random.default_rng(0), len(predictions.ids)
    for draw in range(draws):
        weights = np.bincount(generator.integers(0, count, count), minlength=count).astype(np.float64)
        for (model, name), (rows, measure) in measurers.items():
            for metric, value in measure(weights[rows]).items():
                key = model, name, metric
                if key not in found and _is_wanted(metric, wanted[model][name]):
                    found[key] = np.full(draws, np.nan)
                if key in found:
                    found[key][draw] = value
        advance(draw + 1)
    return Resampled(confidence, found, estimates)


def _is_wanted(metric: str, metrics: Collection[str]) -> bool:
    return metric in metrics or base(metric) in metrics


def _measurers(
    predictions: Predictions, model: str, name: str, metrics: Collection[str], group_label: int
) -> Iterator[tuple[Any, _Measure]]:
    """What measures a model in a slice, and the rows that it takes the weights of: of a group, all."""
    is_member = np.ones(len(predictions.ids), bool) if name == OVERALL else predictions.slices.get(name)
    if is_member is None or not is_member.any() or model not in predictions.scores:
        return
    scores = predictions.scores[model]
    targets = predictions.targets[is_member]
    answers = Answers(scores[is_member], predictions.decisions[model].decide(scores[is_member]))
    measurer = Measurer(predictions.kind, predictions.scored, targets, answers, set(metrics) - set(BIAS))
    if not (name.startswith(f"{IDENTITY}=") and set(metrics) & set(BIAS)):
        yield is_member, measurer.measure
        return
    held = predictions.targets[:, group_label].astype(bool)
    bias = BiasMeasurer(scores[:, group_label], held, is_member)
    yield slice(None), lambda weights: measurer.measure(weights[is_member]) | bias.measure(weights)
