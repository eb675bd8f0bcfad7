"""How far chance alone could have moved a figure: intervals of what was measured on rows drawn anew.

Percentiles of the draws (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13), with four mends:

* A calibration error is a sum of distances, which chance only adds to: the estimate lies too high, and the draws higher
  again. The high end, which gates go by, is that of the draws less their bias; the low end is that of the draws
  reflected at the estimate (the basic interval: Davison and Hinkley 1997, "Bootstrap Methods and their Application",
  equation 5.6). Of a model without any error the low end is above 0 as often as not.
* Of 30 answers that are all right every draw is all right too. A share is given Wilson's interval where that is the
  wider one, and so is any figure that all draws leave as it is, with as many trials as it rests on at least.
* A mean over labels hides that among its labels. Theirs are put together as those of independent shares are (Zou, Huang
  and Zhang 2009, "A note on confidence interval estimation for a linear function of binomial proportion", equation 3),
  and the wider interval is taken: that of the draws knows how labels hang together.
* Two models that no row of 30 tells apart are told apart by some other row: all draws leave their difference at 0, and
  Wilson's interval of 0 in 30 says how often that may be.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence

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
class Drawn:
    """A figure, and what it was in each draw.

    Attributes:
        estimate: of the rows as they are.
        values: float64 [draws], NaN in those that leave it undefined.
        evidence: what it rests on, of those between 0 and 1.
        labels: of a mean over labels, each label's own.
    """

    estimate: float
    values: np.ndarray
    evidence: Evidence | None = None
    labels: tuple[Drawn, ...] = ()


@dataclasses.dataclass(frozen=True)
class Resampled:
    """What was measured in each draw.

    Attributes:
        confidence: of the intervals, such as 0.95.
        figures: what has an interval.
        same: models that are the candidate itself, by every score they give.
    """

    confidence: float
    figures: Mapping[Key, Drawn]
    same: Collection[str] = ()

    def interval(self, slice_name: str, metric: str, model: str = CANDIDATE) -> Interval | None:
        """The interval of a figure, None where there is none."""
        drawn = self.figures.get((model, slice_name, metric))
        found = None if drawn is None else self._of(drawn, metric)
        return None if found is None else (max(found[0], 0.0), found[1])

    def difference(self, rival: str, slice_name: str, metric: str) -> Interval | None:
        """The interval of the candidate's figure less the rival's, None where there is none."""
        own, other = (self.figures.get((model, slice_name, metric)) for model in (CANDIDATE, rival))
        if own is None or other is None:
            return None
        return (0.0, 0.0) if rival in self.same else self._of_difference(own, other, metric)

    def intervals(self) -> dict[str, dict[str, Interval]]:
        """Those of the candidate's figures, by slice and metric."""
        found: dict[str, dict[str, Interval]] = {}
        for model, slice_name, metric in self.figures:
            interval = self.interval(slice_name, metric) if model == CANDIDATE else None
            if interval is not None:
                found.setdefault(slice_name, {})[metric] = interval
        return found

    def _of(self, drawn: Drawn, metric: str) -> Interval | None:
        found, evidence = self._between(metric, drawn.values, drawn.estimate), drawn.evidence
        if found is None or evidence is None:
            return found
        if not evidence.trials and (evidence.is_share or found[0] == found[1]):
            return None
        if drawn.labels:
            return _wider(found, _of_mean(drawn.estimate, drawn.labels, [self._of_label(one) for one in drawn.labels]))
        return _wider(found, self._wilson(drawn)) if evidence.is_share or found[0] == found[1] else found

    def _of_label(self, drawn: Drawn) -> Interval:
        """Of a label among others there is always one: all that is possible, where nothing is known."""
        return self._of(drawn, "") or self._wilson(drawn)

    def _of_difference(self, own: Drawn, other: Drawn, metric: str) -> Interval | None:
        less = _less(own, other)
        found = self._between(metric, less.values, less.estimate)
        if found is None or less.evidence is None:
            return found
        if less.labels:
            pairs = zip(own.labels, other.labels, strict=True)
            return _wider(
                found, _of_mean(less.estimate, less.labels, [self._of_labels_difference(*of) for of in pairs])
            )
        if found[0] == found[1]:
            discordant = _wilson(0.0, less.evidence.trials, self.confidence)[1]
            return found[0] - discordant, found[1] + discordant
        return found

    def _of_labels_difference(self, own: Drawn, other: Drawn) -> Interval:
        """Where the draws do not tell, from both models' own, as if of different rows (Newcombe 1998, method 10)."""
        found = self._of_difference(own, other, "")
        if found is not None:
            return found
        (own_low, own_high), (other_low, other_high) = self._of_label(own), self._of_label(other)
        difference = own.estimate - other.estimate
        return (
            difference - math.hypot(own.estimate - own_low, other_high - other.estimate),
            difference + math.hypot(own_high - own.estimate, other.estimate - other_low),
        )

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

    def _wilson(self, drawn: Drawn) -> Interval:
        return _wilson(drawn.estimate, drawn.evidence.trials if drawn.evidence else 0, self.confidence)


def _less(own: Drawn, other: Drawn) -> Drawn:
    """The difference, draw by draw; of means over labels, over those labels that a draw leaves defined for both."""
    labels = tuple(_less(*pair) for pair in zip(own.labels, other.labels, strict=True))
    values = _means([label.values for label in labels]) if labels else own.values - other.values
    trials = [of.evidence.trials for of in (own, other) if of.evidence is not None]
    evidence = Evidence(min(trials), is_share=False) if trials else None
    return Drawn(own.estimate - other.estimate, values, evidence, labels)


def _means(of_labels: Sequence[np.ndarray]) -> np.ndarray:
    """[draws], of those that are defined; NaN where none is."""
    values = np.stack(of_labels)
    is_defined = np.isfinite(values)
    counts = is_defined.sum(axis=0)
    sums = np.where(is_defined, values, 0.0).sum(axis=0)
    return np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def _of_mean(estimate: float, labels: Sequence[Drawn], intervals: Sequence[Interval]) -> Interval:
    """The interval of the mean of independent figures, from theirs."""
    below = math.hypot(*(label.estimate - low for label, (low, _) in zip(labels, intervals, strict=True)))
    above = math.hypot(*(high - label.estimate for label, (_, high) in zip(labels, intervals, strict=True)))
    return estimate - below / len(labels), estimate + above / len(labels)


def _wider(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])


def _wilson(share: float, trials: int, confidence: float) -> Interval:
    """Wilson 1927: the shares from which this one would not be surprising; all of them, without a trial."""
    if not trials:
        return 0.0, 1.0
    found = stats.binomtest(round(share * trials), trials).proportion_ci(confidence, method="wilson")
    return min(float(found.low), share), max(float(found.high), share)
