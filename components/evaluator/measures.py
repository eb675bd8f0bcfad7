"""What a model is worth on rows that count any number of times: every figure that can be gated, exactly.

One piece for the estimate, which TFMA has computed in its slices (`tfma_metric`), and for the bootstrap around it.
Pure: no TensorFlow, no files.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from components.evaluator.areas import Ranking
from components.evaluator.names import (
    ACCURACY,
    AUC,
    AUC_PR,
    CALIBRATION_ERROR,
    COUNTS,
    EXAMPLE_COUNT,
    F1,
    INVALID_SCORES,
    LOG_LOSS,
    MACRO,
    METRICS,
    PRECISION,
    RECALL,
    micro,
    of_label,
)
from components.features import MULTICLASS
from components.trainer.calibration import calibration_errors

# Below which a probability counts as this much, as Keras has it: one certain mistake must not make a loss infinite.
_LEAST_PROBABILITY = 1e-7

Figures = dict[str, float]


class Answers(NamedTuple):
    """What a model says of rows: `scores` float32 [n, labels], a row of NaN where one of its scores is no probability,
    and what it `decided` by them, 1 or 0, [n, labels].
    """

    scores: np.ndarray
    decided: np.ndarray


class Measurer:
    """A model's answers on some rows, ready to be measured again and again."""

    def __init__(
        self,
        kind: str,
        names: Sequence[str],
        targets: np.ndarray,
        answers: Answers,
        wanted: Collection[str] = (*METRICS, micro(AUC)),
    ) -> None:
        """
        Args:
            kind: of the labels.
            names: of the labels that have a score.
            targets: 1 or 0, [n, labels].
            answers: the model's on the same rows.
            wanted: which of METRICS, and of `auc_micro`, are computed; accuracy, precision, recall, f1 and counts are
                always.
        """
        self._kind, self._names, self._wanted = kind, tuple(names), frozenset(wanted)
        self._held = targets.astype(bool)
        self._scores = answers.scores
        self._invalid = ~np.isfinite(answers.scores).all(axis=1)
        decided = answers.decided.astype(bool)
        self._cells = np.stack(
            [decided & self._held, decided & ~self._held, ~decided & ~self._held, ~decided & self._held]
        ).astype(np.float64)  # [4, n, labels], in the order of COUNTS
        self._losses = self._row_losses()
        ranked = self._wanted & {AUC, AUC_PR}
        self._rankings = [Ranking(self._scores[:, one], self._held[:, one]) for one in range(len(names)) if ranked]
        is_micro = micro(AUC) in self._wanted and len(names) > 1
        self._all = Ranking(self._scores.ravel(), self._held.ravel()) if is_micro else None

    def measure(self, weights: np.ndarray | None = None) -> Figures:
        """Metric to value, NaN where it is undefined: all but the count of examples where a score is no probability.

        Of several labels: `auc`, `auc_pr`, `precision`, `recall` and `f1` are the mean over the labels (one against the
        rest), undefined where one is; `accuracy` is that of the likeliest label (`multiclass`), or the mean over the
        labels (`multilabel`), and so is the log loss; each label's own are there as `auc/NAME`, and so on; `auc_micro`,
        `precision_micro`, `recall_micro` and `f1_micro` take all labels together.

        Args:
            weights: how often each row counts, [n]; once where it is left out.
        """
        count = float(len(self._held) if weights is None else weights.sum())
        invalid = float(self._invalid.sum() if weights is None else weights[self._invalid].sum())
        cells = self._cells.sum(axis=1) if weights is None else np.tensordot(self._cells, weights, axes=(1, 0))
        labels = [self._of_label(number, cells[:, number], count, weights) for number in range(len(self._names))]
        values = labels[0] if len(labels) == 1 else self._of_many(labels, cells, count, weights)
        values |= self._of_whole(weights, count)
        if invalid or not count:
            values = dict.fromkeys(values, math.nan)
        return {EXAMPLE_COUNT: count, **values, INVALID_SCORES: invalid}

    def _of_label(self, number: int, cells: np.ndarray, count: float, weights: np.ndarray | None) -> Figures:
        """The figures of one label against the rest."""
        hits, alarms, rejections, misses = (float(cell) for cell in cells)
        values = {
            ACCURACY: _ratio(hits + rejections, count),
            **_answered(hits, alarms, misses),
            **dict(zip(COUNTS, (hits, alarms, rejections, misses), strict=True)),
        }
        if self._rankings:
            values |= zip((AUC, AUC_PR), self._rankings[number].areas(weights), strict=True)
        return values

    def _of_many(
        self, labels: Sequence[Mapping[str, float]], cells: np.ndarray, count: float, weights: np.ndarray | None
    ) -> Figures:
        hits, alarms, _, misses = (float(cell) for cell in cells.sum(axis=1))
        right = _ratio(hits, count) if self._kind == MULTICLASS else _mean([label[ACCURACY] for label in labels])
        values = {ACCURACY: right}
        values |= {name: _mean([label[name] for label in labels]) for name in MACRO if name in labels[0]}
        values |= {micro(name): value for name, value in _answered(hits, alarms, misses).items()}
        if self._all is not None:
            repeated = None if weights is None else np.repeat(weights, len(labels))
            values[micro(AUC)] = self._all.areas(repeated)[0]
        for name, label in zip(self._names, labels, strict=True):
            values |= {of_label(metric, name): label[metric] for metric in MACRO if metric in label}
        return values

    def _of_whole(self, weights: np.ndarray | None, count: float) -> Figures:
        values = {}
        if LOG_LOSS in self._wanted and count:
            losses = self._losses.sum() if weights is None else np.dot(self._losses, weights)
            values[LOG_LOSS] = float(losses) / count
        if CALIBRATION_ERROR in self._wanted and count:
            errors = calibration_errors(self._kind, np.nan_to_num(self._scores), self._held, weights)
            values[CALIBRATION_ERROR] = float(errors.mean())
        return values

    def _row_losses(self) -> np.ndarray:
        """The log loss of each row in nats, [n]: of one label of many, or the mean over the labels."""
        scores = np.clip(self._scores.astype(np.float64), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        if self._kind == MULTICLASS:
            return -np.log(scores[self._held]) if len(scores) else np.zeros(0)
        return -np.log(np.where(self._held, scores, 1 - scores)).mean(axis=1)


def _answered(hits: float, alarms: float, misses: float) -> Figures:
    return {
        PRECISION: _ratio(hits, hits + alarms),
        RECALL: _ratio(hits, hits + misses),
        F1: _ratio(2 * hits, 2 * hits + alarms + misses),
    }


def _ratio(part: float, whole: float) -> float:
    """Zero where there is nothing to divide by, as scikit-learn has it: a label that is never answered has no merit."""
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
