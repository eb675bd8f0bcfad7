"""How far chance alone could have moved a figure: intervals of what was measured on rows drawn anew.

Percentiles of the draws (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13), with two mends:

* A calibration error is a sum of distances, which chance only adds to: the estimate lies too high, and the draws higher
  again. The high end, which gates go by, is that of the draws less their bias; the low end is that of the draws
  reflected at the estimate (the basic interval: Davison and Hinkley 1997, "Bootstrap Methods and their Application",
  equation 5.6). Of a model without any error the low end is above 0 as often as not.
* Of 30 answers that are all right every draw is all right too. A share is given Wilson's interval where that is the
  wider one, and so is any figure that all draws leave as it is, with as many trials as it rests on at least.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from scipy import stats

from components.evaluator.measures import Evidence
from components.evaluator.names import CALIBRATION_ERROR, CANDIDATE

Interval = tuple[float, float]
Key = tuple[str, str, str]
"""Model, slice, metric."""

# A figure that chance leaves undefined in more of the draws than this (no positive row, say) has no interval.
_MOST_UNDEFINED = 0.1


@dataclasses.dataclass(frozen=True)
class Resampled:
    """What was measured in each draw.

    Attributes:
        confidence: of the intervals, such as 0.95.
        draws: float64 [draws].
        estimates: of the rows as they are.
        evidence: what a figure rests on, of those between 0 and 1.
    """

    confidence: float
    draws: Mapping[Key, np.ndarray]
    estimates: Mapping[Key, float]
    evidence: Mapping[Key, Evidence] = dataclasses.field(default_factory=dict)

    def interval(self, slice_name: str, metric: str, model: str = CANDIDATE) -> Interval | None:
        """The interval of a figure, None where there is none."""
        key = model, slice_name, metric
        if key not in self.draws:
            return None
        found = self._between(metric, self.draws[key], self.estimates[key])
        if found is None:
            return None
        low, high = found
        evidence = self.evidence.get(key)
        if evidence is not None and (evidence.is_share or low == high):
            if not evidence.trials:
                return None
            least, most = _wilson(self.estimates[key], evidence.trials, self.confidence)
            low, high = min(low, least), max(high, most)
        return max(low, 0.0), high

    def difference(self, rival: str, slice_name: str, metric: str) -> Interval | None:
        """The interval of the candidate's figure less the rival's, None where there is none."""
        own, other = ((model, slice_name, metric) for model in (CANDIDATE, rival))
        if own not in self.draws or other not in self.draws:
            return None
        return self._between(metric, self.draws[own] - self.draws[other], self.estimates[own] - self.estimates[other])

    def intervals(self) -> dict[str, dict[str, Interval]]:
        """Those of the candidate's figures, by slice and metric."""
        found: dict[str, dict[str, Interval]] = {}
        for model, slice_name, metric in self.draws:
            interval = self.interval(slice_name, metric) if model == CANDIDATE else None
            if interval is not None:
                found.setdefault(slice_name, {})[metric] = interval
        return found

    def _between(self, metric: str, values: np.ndarray, estimate: float) -> Interval | None:
        defined = values[np.isfinite(values)]
        if not len(defined) or len(defined) < (1 - _MOST_UNDEFINED) * len(values):
            return None
        tail = (1 - self.confidence) / 2
        low, high = map(float, np.quantile(defined, (tail, 1 - tail)))
        if metric == CALIBRATION_ERROR:
            bias = float(defined.mean()) - estimate
            return min(2 * estimate - high, estimate), max(high - bias, estimate)
        return low, high


def _wilson(share: float, trials: int, confidence: float) -> Interval:
    """Wilson 1927: the shares from which this one would not be surprising."""
    found = stats.binomtest(round(share * trials), trials).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)
