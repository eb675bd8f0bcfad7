"""What a model is worth on a split: exact metrics of its scores, by scikit-learn and NumPy.

A label with examples of one class alone has nothing to be measured by: all of its metrics but accuracy are NaN, and
a macro mean is over the labels that have both classes (NaN where none has).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from components.errors import SettingsError, TrainingError
from components.features import MULTICLASS

_LOWER_IS_BETTER = frozenset({"loss"})
_OF_LABEL = ("auc", "auc_pr", "precision", "recall", "f1", "precision_at_recall")


@dataclasses.dataclass(frozen=True)
class OperatingPoints:
    """What each threshold on a label's scores would call positive, from none to all examples.

    `thresholds` fall: infinity, then every distinct score, float32 [points]; an example is called positive where its
    score is at least the threshold. `hits` are the positives among those called so, `alarms` the negatives, int64
    [points].
    """

    thresholds: np.ndarray
    hits: np.ndarray
    alarms: np.ndarray
    positives: int
    negatives: int


def operating_points(scores: np.ndarray, is_positive: np.ndarray) -> OperatingPoints:
    """The operating points of one label's scores, float32 [n]; of both classes there must be examples."""
    from sklearn.metrics import roc_curve

    positives = int(np.count_nonzero(is_positive))
    negatives = len(is_positive) - positives
    alarms, hits, thresholds = roc_curve(is_positive, scores, drop_intermediate=False)
    # Rates times how many there are: whole numbers but for the division's rounding.
    return OperatingPoints(
        thresholds.astype(np.float32),
        np.rint(hits * positives).astype(np.int64),
        np.rint(alarms * negatives).astype(np.int64),
        positives,
        negatives,
    )


def measure(
    kind: str,
    scores: np.ndarray,
    targets: np.ndarray,
    thresholds: np.ndarray | None,
    names: Sequence[str],
    at_recall: float,
) -> dict[str, float]:
    """Accuracy, auc, auc_pr, precision, recall, f1 and precision_at_recall of a split's scores.

    auc is the area under the ROC curve, auc_pr the average precision, precision_at_recall the highest precision of any
    threshold whose recall is at least `at_recall`. All but accuracy are of each label against the rest, and the mean
    over the labels. Accuracy is the mean over the labels; for `multiclass`, how often the likeliest is right. Precision
    is 0 where nothing is called positive, as scikit-learn has it.

    Args:
        kind: of the labels.
        scores: float32 [n, labels].
        targets: 0 or 1, [n, labels].
        thresholds: float32 [labels]; not read for `multiclass`, where the likeliest label is the answer.
        names: of the labels; of two, the last is that of a single column.
        at_recall: from 0 to 1.

    Returns:
        The metrics by name, and for several labels `auc/NAME` of each.

    Raises:
        TrainingError: the scores are not all numbers, or there are none.
    """
    check_numbers(scores)
    is_positive = targets > 0.5
    predicted = _predicted(kind, scores, thresholds)
    columns = [
        _measure_label(scores[:, label], is_positive[:, label], predicted[:, label], at_recall)
        for label in range(scores.shape[1])
    ]
    accuracy = _accuracy(kind, scores, is_positive, predicted)
    figures = {"accuracy": accuracy} | {metric: _mean([of[metric] for of in columns]) for metric in _OF_LABEL}
    if len(columns) > 1:
        figures |= {f"auc/{name}": of["auc"] for name, of in zip(names, columns, strict=True)}
    return figures


def improves(metric: str, value: float, best: float | None) -> bool:
    """Whether `value` is better than the best so far: lower for a loss, else higher; NaN never is, and any beats it."""
    if math.isnan(value):
        return False
    if best is None or math.isnan(best):
        return True
    return value < best if metric in _LOWER_IS_BETTER else value > best


def column_names(names: Sequence[str], columns: int) -> list[str]:
    """The name of each column of scores: of a binary task's two names, the positive one's alone."""
    return list(names[-columns:])


def check_numbers(values: np.ndarray) -> None:
    """Refuses scores or logits, [n, labels], that are empty or hold what is no finite number.

    Raises:
        TrainingError: so it is.
    """
    if not len(values):
        raise TrainingError("the eval split has no example to measure by; give it more weight in data.splits")
    faulty = int(np.count_nonzero(~np.isfinite(values).all(axis=1)))
    if faulty:
        raise SettingsError(
            f"the model's answer is no number for {faulty} of {len(values)} examples; lower training.learning_rate, or "
            "set training.precision to float32"
        )


def _predicted(kind: str, scores: np.ndarray, thresholds: np.ndarray | None) -> np.ndarray:
    """Bool [n, labels]: what is called positive, compared in float32 as the exported graph does."""
    scores = scores.astype(np.float32, copy=False)
    if kind == MULTICLASS:
        return np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
    return scores >= np.asarray(thresholds, np.float32)


def _accuracy(kind: str, scores: np.ndarray, is_positive: np.ndarray, predicted: np.ndarray) -> float:
    if kind == MULTICLASS:
        return float(np.mean(scores.argmax(axis=1) == is_positive.argmax(axis=1)))
    return float(np.mean(predicted == is_positive))


def _measure_label(
    scores: np.ndarray, is_positive: np.ndarray, predicted: np.ndarray, at_recall: float
) -> dict[str, float]:
    if is_positive.all() or not is_positive.any():
        return dict.fromkeys(_OF_LABEL, math.nan)
    return _decided(is_positive, predicted) | _ranked(operating_points(scores, is_positive), at_recall)


def _decided(is_positive: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    hits = int(np.count_nonzero(predicted & is_positive))
    called, positives = int(np.count_nonzero(predicted)), int(np.count_nonzero(is_positive))
    return {
        "precision": hits / called if called else 0.0,
        "recall": hits / positives,
        "f1": 2 * hits / (called + positives),
    }


def _ranked(points: OperatingPoints, at_recall: float) -> dict[str, float]:
    """What does not depend on any one threshold."""
    from sklearn.metrics import auc

    recall = points.hits / points.positives
    # From the first score on: where nothing is called positive there is no precision.
    precision = points.hits[1:] / (points.hits[1:] + points.alarms[1:])
    return {
        "auc": float(auc(points.alarms / points.negatives, recall)),
        # Average precision: the precision at each point, weighted with the recall that it adds, as scikit-learn has it.
        "auc_pr": float(np.sum(np.diff(recall) * precision)),
        "precision_at_recall": float(precision[recall[1:] >= at_recall].max()),
    }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
