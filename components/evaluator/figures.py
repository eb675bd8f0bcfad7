"""The figures that gates are set for, from what TensorFlow Model Analysis (TFMA) computed and counted by label.

Pure: no TensorFlow, no files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from components.evaluator.gates import EXAMPLE_COUNT, INVALID_SCORES, LOSS
from components.features import MULTICLASS

ByLabel = dict[int | None, dict[str, float]]
"""TFMA's metrics of each label, by its number, and those of the whole under None, where those of a single label are."""

# How often each label was answered, and rightly so: TFMA counts them by the names of its metrics.
COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")
INVALID_POSITIVES, INVALID_NEGATIVES = "invalid_positives", "invalid_negatives"

_AREAS = ("auc", "auc_pr")
_MACRO = (*_AREAS, "precision", "recall", "f1")


def figures(measured: ByLabel, kind: str, names: Sequence[str]) -> dict[str, float]:
    """Metric to value, NaN where it is undefined: all but the count of examples where a score is no probability.

    Of several labels: `auc`, `auc_pr`, `precision`, `recall` and `f1` are the mean over the labels (one against the
    rest), undefined where one is; `accuracy` is that of the likeliest label (`multiclass`), or the mean over the labels
    (`multilabel`); and each label's own are there as `auc/NAME`, and so on.

    Args:
        measured: TFMA's of a slice (see `eval_config`).
        kind: of the labels.
        names: of the labels that have a score.
    """
    whole = measured[None]
    count = whole[EXAMPLE_COUNT]
    labels = [_of_label(measured[number] if len(names) > 1 else whole, count) for number in range(len(names))]
    values = labels[0] if len(labels) == 1 else _of_many(labels, whole, kind, names)
    invalid = _invalid(measured[0] if len(names) > 1 else whole)
    if invalid:
        values = dict.fromkeys(values, math.nan)
    return {EXAMPLE_COUNT: count, **values, INVALID_SCORES: invalid}


def _of_label(metrics: Mapping[str, float], examples: float) -> dict[str, float]:
    """The figures of one label against the rest.

    TFMA says NaN for the area under a curve of one class in some versions, and 0 in others.
    """
    counts = {name: metrics[name] for name in COUNTS}
    hits, false_alarms, rejections, misses = counts.values()
    one_class = hits + misses in (0, examples)
    return {
        "accuracy": (hits + rejections) / examples,
        **{area: math.nan if one_class else metrics[area] for area in _AREAS},
        "precision": _ratio(hits, hits + false_alarms),
        "recall": _ratio(hits, hits + misses),
        "f1": _ratio(2 * hits, 2 * hits + false_alarms + misses),
        **({LOSS: metrics[LOSS]} if LOSS in metrics else {}),
        **counts,
    }


def _of_many(
    labels: Sequence[Mapping[str, float]], whole: Mapping[str, float], kind: str, names: Sequence[str]
) -> dict[str, float]:
    if kind == MULTICLASS:
        hits = sum(label["true_positives"] for label in labels)
        values = {"accuracy": hits / whole[EXAMPLE_COUNT], LOSS: whole[LOSS]}
    else:
        values = {name: _mean([label[name] for label in labels]) for name in ("accuracy", LOSS)}
    values |= {name: _mean([label[name] for label in labels]) for name in _MACRO}
    own = {f"{name}/{label}": figure[name] for label, figure in zip(names, labels, strict=True) for name in _MACRO}
    return values | own


def _invalid(metrics: Mapping[str, float]) -> float:
    return metrics[INVALID_POSITIVES] + metrics[INVALID_NEGATIVES]


def _ratio(part: float, whole: float) -> float:
    """Zero where there is nothing to divide by, as scikit-learn has it: a label that is never answered has no merit."""
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
