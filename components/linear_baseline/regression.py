"""Logistic regression: a label against the rest each, or all labels at once where a text has exactly one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.features import MULTICLASS
from components.linear_baseline.vectors import Rows

# Not searched for: from 3 to 30 nothing moved AUC by more than 0.004 on reviews, questions and comments alike.
_INVERSE_PENALTY = 10.0
_MOST_STEPS = 1000

SETTINGS: dict[str, Any] = {"solver": "lbfgs", "C": _INVERSE_PENALTY, "max_iter": _MOST_STEPS}
"""Those of scikit-learn's LogisticRegression, for those who read of it."""


@dataclasses.dataclass(frozen=True)
class Regression:
    """A linear model.

    Attributes:
        weights: float32 [features, labels].
        bias: float32 [labels].
        learned: whether a label's weights were, bool [labels]; where not, its logit is the same for every text.
    """

    weights: np.ndarray
    bias: np.ndarray
    learned: np.ndarray

    def logits(self, rows: Rows) -> np.ndarray:
        """Of rows [n, features]: float32 [n, labels], of which a sigmoid each, or one softmax, makes scores."""
        return (rows @ self.weights + self.bias).astype(np.float32)


def fit(kind: str, rows: Rows, targets: np.ndarray) -> Regression:
    """Learns.

    A label that every training text has, or none, gives nothing to learn, and its logit is what its frequency says;
    so is that of every label where there is no feature.

    Args:
        kind: of the labels.
        rows: float32 [n, features].
        targets: 0 or 1, [n, labels].
    """
    held = targets.sum(axis=0)
    learned = (held > 0) & (held < len(targets)) & (rows.shape[1] > 0)
    return (_fit_one_of_many if kind == MULTICLASS else _fit_each)(rows, targets, learned)


def notes(kind: str, names: Sequence[str], targets: np.ndarray, regression: Regression) -> list[str]:
    """A sentence for every label whose score is not learned."""
    held = targets.sum(axis=0)
    what = "logit" if kind == MULTICLASS else "score"
    return [
        f"label {name!r}: {count} of {len(targets)} training examples have it; its {what} is the same for every text"
        for name, count, learned in zip(names, held, regression.learned, strict=True)
        if not learned
    ]


def _fit_each(rows: Rows, targets: np.ndarray, learned: np.ndarray) -> Regression:
    held = targets.sum(axis=0)
    bias = np.log((held + 0.5) / (len(targets) - held + 0.5))  # half an example of each class keeps it finite
    weights = np.zeros((rows.shape[1], len(held)), np.float32)
    for label in np.flatnonzero(learned):
        model = _model().fit(rows, targets[:, label])
        weights[:, label], bias[label] = model.coef_[0], model.intercept_[0]
    return Regression(weights, bias.astype(np.float32), learned)


def _fit_one_of_many(rows: Rows, targets: np.ndarray, learned: np.ndarray) -> Regression:
    held = targets.sum(axis=0)
    bias = np.log((held + 0.5) / (len(targets) + 0.5 * len(held)))
    weights = np.zeros((rows.shape[1], len(held)), np.float32)
    if learned.any():
        model = _model().fit(rows, targets.argmax(axis=1))
        weights[:, learned], bias[learned] = _of_each(model.coef_).T, _of_each(model.intercept_)
    return Regression(weights, bias.astype(np.float32), learned)


def _of_each(parameters: np.ndarray) -> np.ndarray:
    """Those of each class: of two scikit-learn has the difference alone, which a softmax needs halved about 0."""
    return np.concatenate([-parameters, parameters]) / 2 if len(parameters) == 1 else parameters


def _model() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(**SETTINGS)
