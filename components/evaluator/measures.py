"""What a model is worth on rows that count any number of times: every figure that can be gated, exactly.

One piece for the estimate, which TFMA has computed in its slices (`tfma_metric`), and for the bootstrap around it.
Pure: no TensorFlow, no files.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

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
    MICRO,
    PRECISION,
    RECALL,
    base,
    micro,
    of_label,
)
from components.features import MULTICLASS, MULTILABEL
from components.trainer.calibration import CalibrationBins, calibration_bins

# Below which a probability counts as this much, as Keras has it: one certain mistake must not make a loss infinite.
_LEAST_PROBABILITY = 1e-7
_SHARES = frozenset({PRECISION, RECALL})
_ROUNDING = 1e-6  # above that of a sum of a million shares of a row

Figures = dict[str, float]


class Answers(NamedTuple):
    """What a model says of rows: `scores` float32 [n, labels], a row of NaN where one of its scores is no probability,
    and what it `decided` by them, 1 or 0, [n, labels].
    """

    scores: np.ndarray
    decided: np.ndarray


class Evidence(NamedTuple):
    """How many `trials` a figure rests on, at least; `is_share` where it is a plain share of them."""

    trials: int
    is_share: bool


class _Cells(NamedTuple):
    """The confusion matrix of each label against the rest, in the order of COUNTS, float64 [labels] each."""

    hits: np.ndarray
    alarms: np.ndarray
    rejections: np.ndarray
    misses: np.ndarray

    @property
    def held(self) -> np.ndarray:
        """Of which the label is true."""
        return self.hits + self.misses

    @property
    def decided(self) -> np.ndarray:
        """Of which it is answered."""
        return self.hits + self.alarms


def every_figure(names: Sequence[str]) -> frozenset[str]:
    """All that can be measured of labels with those names."""
    if len(names) == 1:
        return frozenset(METRICS)
    of_labels = (of_label(metric, name) for metric in MACRO for name in names)
    return frozenset((*METRICS, *map(micro, MICRO), *of_labels))


class Measurer:
    """A model's answers on some rows, ready to be measured again and again."""

    def __init__(
        self,
        kind: str,
        names: Sequence[str],
        targets: np.ndarray,
        answers: Answers,
        wanted: Collection[str] | None = None,
    ) -> None:
        """
        Args:
            kind: of the labels.
            names: of the labels that have a score.
            targets: 1 or 0, [n, labels].
            answers: the model's on the same rows.
            wanted: names of the figures that are needed, of `every_figure`, which it is where left out. Others may be
                computed too; with a mean over the labels each label's own always is.
        """
        self._kind, self._names = kind, tuple(names)
        self._wanted = every_figure(names) if wanted is None else frozenset(wanted)
        self._held = targets.astype(bool)
        self._scores = answers.scores
        self._invalid = ~np.isfinite(answers.scores).all(axis=1)
        decided = answers.decided.astype(bool)
        # Sparse, since of many labels a row has few: hits, decided and held, one after another, [3 * labels, n].
        self._marks: Any = sparse.csr_matrix(
            np.concatenate([decided & self._held, decided, self._held], axis=1).T, dtype=np.float64
        )
        self._once = self._cells(len(self._held), None)
        self._losses = self._row_losses()
        self._bins = self._calibration_bins()
        self._rankings = self._ranked()
        self._has_areas = bool(self._rankings or self._wanted & {AUC, AUC_PR})
        is_micro = micro(AUC) in self._wanted and len(names) > 1
        self._all = Ranking(self._scores.ravel(), self._held.ravel()) if is_micro else None

    def measure(self, weights: np.ndarray | None = None) -> Figures:
        """Metric to value, NaN where it is undefined: all but the count of examples where a score is no probability.

        Of several labels: `auc`, `auc_pr`, `precision`, `recall` and `f1` are the mean over the labels (one against the
        rest), undefined where one is; `accuracy` is that of the likeliest label (`multiclass`), or the mean over the
        labels (`multilabel`), and so is the log loss; each label's own are there as `auc/NAME`, and so on; `auc_micro`,
        `precision_micro`, `recall_micro` and `f1_micro` take all labels together.

        A share of nothing is 0, as scikit-learn has it: a label that is never answered has no merit. With weights, a
        draw, it is undefined where only the draw has nothing, and a mean is of the labels that it leaves defined: that
        chance drew no row of a label says nothing of the model.

        Args:
            weights: how often each row counts, [n]; once where it is left out.
        """
        count = float(len(self._held) if weights is None else weights.sum())
        invalid = float(self._invalid.sum() if weights is None else weights[self._invalid].sum())
        cells = self._cells(count, weights)
        by_label = self._of_labels(cells, count, weights)
        if len(self._names) == 1:
            values = {metric: float(of_labels[0]) for metric, of_labels in by_label.items()}
            values |= {name: float(cell[0]) for name, cell in zip(COUNTS, cells, strict=True)}
        else:
            values = self._of_many(by_label, cells, count, weights)
        values |= self._ofwhole_trials(weights, count)
        if invalid or not count:
            values = dict.fromkeys(values, math.nan)
        return {EXAMPLE_COUNT: count, **values, INVALID_SCORES: invalid}

    def evidence(self, weights: np.ndarray | None = None) -> dict[str, Evidence]:
        """What the figures between 0 and 1 rest on.

        Args:
            weights: of how many trials each row is one, [n]: of fewer where rows repeat a text; 1 where left out.
        """
        rows = float(len(self._held) if weights is None else weights.sum())
        cells = self._once if weights is None else self._cells(rows, weights)
        held, decided = cells.held, cells.decided
        trials = {PRECISION: decided, RECALL: held, F1: held, AUC_PR: held, AUC: np.minimum(held, rows - held)}
        found = {ACCURACY: Evidence(whole_trials(rows), is_share=self._kind != MULTILABEL)}
        if len(self._names) == 1:
            return found | {name: Evidence(whole_trials(of[0]), name in _SHARES) for name, of in trials.items()}
        found |= {name: Evidence(_least(of), is_share=False) for name, of in trials.items()}
        found |= {micro(name): Evidence(whole_trials(trials[name].sum()), is_share=False) for name in MICRO}
        for number, label in enumerate(self._names):
            found |= {
                of_label(name, label): Evidence(whole_trials(of[number]), name in _SHARES)
                for name, of in trials.items()
            }
        return found

    def _ranked(self) -> dict[int, Ranking]:
        """The rankings of the labels whose areas are needed, for themselves or for the mean over all."""
        own = {
            number
            for number, name in enumerate(self._names)
            if self._wanted & {of_label(AUC, name), of_label(AUC_PR, name)}
        }
        columns = range(len(self._names)) if self._wanted & {AUC, AUC_PR} else own
        rankings = {number: Ranking(self._scores[:, number], self._held[:, number]) for number in columns}
        # A label without an area leaves the mean undefined, so that the others' would be computed in vain.
        is_defined = all(ranking.rarer for ranking in rankings.values())
        return {number: ranking for number, ranking in rankings.items() if is_defined or number in own}

    def _cells(self, count: float, weights: np.ndarray | None) -> _Cells:
        once = np.ones(len(self._held)) if weights is None else weights
        hits, decided, held = (self._marks @ once).reshape(3, -1)
        return _Cells(hits, decided - hits, count - decided - held + hits, held - hits)

    def _of_labels(self, cells: _Cells, count: float, weights: np.ndarray | None) -> dict[str, np.ndarray]:
        """The figures of each label against the rest, [labels]."""
        right = cells.hits + cells.rejections
        values = {ACCURACY: right / count if count else np.full(len(right), math.nan), **_answered(cells, self._once)}
        if self._has_areas:
            areas = np.full((2, len(self._names)), math.nan)
            for number, ranking in self._rankings.items():
                areas[:, number] = ranking.areas(weights)
            values |= {AUC: areas[0], AUC_PR: areas[1]}
        return values

    def _of_many(
        self, by_label: Mapping[str, np.ndarray], cells: _Cells, count: float, weights: np.ndarray | None
    ) -> Figures:
        together, once = (_Cells(*(cell.sum(keepdims=True) for cell in of)) for of in (cells, self._once))
        right = together.hits[0] / count if self._kind == MULTICLASS and count else by_label[ACCURACY].mean()
        values = {ACCURACY: float(right)}
        values |= {name: _mean(by_label[name], weights) for name in MACRO if name in by_label}
        values |= {micro(name): float(value[0]) for name, value in _answered(together, once).items()}
        if self._all is not None:
            repeated = None if weights is None else np.repeat(weights, len(self._names))
            values[micro(AUC)] = self._all.areas(repeated)[0]
        for number, label in enumerate(self._names):
            own = {of_label(name, label): float(by_label[name][number]) for name in MACRO if name in by_label}
            values |= {name: value for name, value in own.items() if {name, base(name)} & self._wanted}
        return values

    def _ofwhole_trials(self, weights: np.ndarray | None, count: float) -> Figures:
        values = {}
        if LOG_LOSS in self._wanted and count:
            losses = self._losses.sum() if weights is None else np.dot(self._losses, weights)
            values[LOG_LOSS] = float(losses) / count
        if CALIBRATION_ERROR in self._wanted and count:
            values[CALIBRATION_ERROR] = float(np.mean([bins.error(weights) for bins in self._bins]))
        return values

    def _calibration_bins(self) -> list[CalibrationBins]:
        if CALIBRATION_ERROR not in self._wanted or not len(self._held):
            return []
        return calibration_bins(self._kind, np.nan_to_num(self._scores), self._held)

    def _row_losses(self) -> np.ndarray:
        """The log loss of each row in nats, [n]: of one label of many, or the mean over the labels."""
        scores = np.clip(self._scores.astype(np.float64), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        if self._kind == MULTICLASS:
            return -np.log(scores[self._held]) if len(scores) else np.zeros(0)
        return -np.log(np.where(self._held, scores, 1 - scores)).mean(axis=1)


def _answered(cells: _Cells, once: _Cells) -> dict[str, np.ndarray]:
    """Precision, recall and F1 of the cells, [labels]: 0 where `once`, the rows as they are, has nothing to divide by
    either, and NaN where only these have not.
    """
    f1 = _shares(2 * cells.hits, cells.held + cells.decided, once.held + once.decided)
    return {
        PRECISION: _shares(cells.hits, cells.decided, once.decided),
        RECALL: _shares(cells.hits, cells.held, once.held),
        F1: np.where((cells.held == 0) & (once.held > 0), math.nan, f1),
    }


def _shares(parts: np.ndarray, wholes: np.ndarray, wholes_once: np.ndarray) -> np.ndarray:
    return np.divide(parts, wholes, out=np.where(wholes_once > 0, math.nan, 0.0), where=wholes > 0)


def _least(trials: np.ndarray) -> int:
    """Of the labels that have any; 0 where none has."""
    return whole_trials(trials[trials > 0].min(initial=trials.max(initial=0)))


def whole_trials(trials: float) -> int:
    """How many there are in full, of a sum that rounding may have left a little below."""
    return int(trials + _ROUNDING)


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float:
    defined = values if weights is None else values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else math.nan
