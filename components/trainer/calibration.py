"""Scores as probabilities: a temperature that divides the logits, found on a split that was not trained on.

Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2; for `binary` and `multilabel` each label has a
temperature of its own, for `multiclass` all share one. A temperature moves no score past another of its label, so AUC
stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from components.features import MULTICLASS

# No network that is fit to be served is so unsure, or so sure, of itself: at a bound, something else is wrong.
LOWEST, HIGHEST = 0.1, 10.0
# Of the rarer class, below which a temperature says more about chance than about the model.
LEAST_EXAMPLES = 10
BINS = 15  # Guo et al. 2017, section 5
_NEAR_BOUND = 1e-3  # in log-temperature
_LEAST_GAIN = 1e-9  # in nats an example: below that, rounding

Loss = Callable[[float], float]


def scores_of(kind: str, logits: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """The scores, float32 [n, labels], that the exported graph computes: in float32, of logits [n, labels].

    `temperature` is [labels] for `binary` and `multilabel` (a sigmoid each), [1] for `multiclass` (one softmax).
    """
    from scipy import special

    cool = logits.astype(np.float32) / np.asarray(temperature, np.float32)
    if kind == MULTICLASS:
        return special.softmax(cool, axis=1)
    return special.expit(cool)


def log_losses(kind: str, logits: np.ndarray, targets: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Mean log loss in nats, float64: of each label, [labels], for `multiclass` of all together, [1]."""
    cool = logits.astype(np.float64) / np.asarray(temperature, np.float64)
    if kind == MULTICLASS:
        return np.array([_softmax_loss(cool, targets)])
    return np.array([_sigmoid_loss(cool[:, label], targets[:, label]) for label in range(logits.shape[1])])


def best_temperature(loss: Loss) -> float:
    """The temperature within bounds at which `loss` (a function of it) is least; 1 where none lowers it.

    The loss is convex in 1 / temperature, so the minimum that is found is the only one.
    """
    from scipy import optimize

    found = optimize.minimize_scalar(
        lambda log_temperature: loss(float(np.exp(log_temperature))),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    # Judged as it is exported, in float32.
    temperature = float(np.float32(np.clip(np.exp(found.x), LOWEST, HIGHEST)))
    return temperature if loss(temperature) < loss(1.0) - _LEAST_GAIN else 1.0


def at_bound(temperature: float) -> bool:
    """Whether the search ended at a bound of what is looked at."""
    return min(abs(np.log(temperature / LOWEST)), abs(np.log(temperature / HIGHEST))) < _NEAR_BOUND


class CalibrationBins:
    """Expected calibration error: how far confidence is from being right, a mean over bins of confidence.

    Guo et al. 2017, equation 3: bins of equal width, closed above, weighted with the examples in each. Of equal width,
    not of equal mass, so that the figure compares with what papers and other tools give.

    Examples are put into their bins once, so that the error can be taken again with other weights.
    """

    def __init__(self, confidence: np.ndarray, is_right: np.ndarray, bins: int = BINS) -> None:
        """
        Args:
            confidence: from 0 to 1, [n].
            is_right: bool [n].
            bins: how many.
        """
        exact = confidence.astype(np.float64)
        self._place = np.clip(np.ceil(exact * bins).astype(np.int64) - 1, 0, bins - 1)
        self._beyond = exact - is_right
        self._bins = bins

    def error(self, weights: np.ndarray | None = None) -> float:
        """The error.

        Args:
            weights: of each example, [n]; how often it is there, once where it is left out.
        """
        count = float(len(self._place)) if weights is None else float(weights.sum())
        beyond = self._beyond if weights is None else self._beyond * weights
        return float(np.abs(np.bincount(self._place, weights=beyond, minlength=self._bins)).sum() / count)


def calibration_bins(kind: str, scores: np.ndarray, targets: np.ndarray) -> list[CalibrationBins]:
    """Of each label's score as the probability of that label.

    For `multiclass` one: of the likeliest label's score as the probability that it is the right one, as in the paper.
    """
    is_positive = targets > 0.5
    if kind == MULTICLASS:
        is_right = scores.argmax(axis=1) == is_positive.argmax(axis=1)
        return [CalibrationBins(scores.max(axis=1), is_right)]
    return [CalibrationBins(scores[:, label], is_positive[:, label]) for label in range(scores.shape[1])]


def calibration_errors(kind: str, scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The expected calibration errors of `calibration_bins`, [labels]; for `multiclass` [1]."""
    return np.array([bins.error() for bins in calibration_bins(kind, scores, targets)])


def _sigmoid_loss(logits: np.ndarray, targets: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0.0, logits) - targets * logits))


def _softmax_loss(logits: np.ndarray, targets: np.ndarray) -> float:
    from scipy import special

    return float(np.mean(special.logsumexp(logits, axis=1) - np.sum(targets * logits, axis=1)))
