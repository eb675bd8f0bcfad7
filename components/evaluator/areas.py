"""Areas under curves, exactly, of rows that count any number of times: what a bootstrap asks for a thousand times over.

scikit-learn's `roc_auc_score` and `average_precision_score` give the same numbers, and sort anew for each of them.
"""

from __future__ import annotations

import math

import numpy as np


class Ranking:
    """The scores of one label, sorted once.

    Attributes:
        rarer: how many rows the rarer class has; without any, no area is defined.
    """

    def __init__(self, scores: np.ndarray, is_positive: np.ndarray) -> None:
        """
        Args:
            scores: float32 [n]; rows of equal scores are one point of the curves.
            is_positive: bool [n].
        """
        positives = int(is_positive.sum())
        self.rarer = min(positives, len(is_positive) - positives)
        if not self.rarer:
            return
        self._order = np.argsort(-scores, kind="stable")
        self._is_positive = is_positive[self._order]
        ranked = scores[self._order]
        self._ends = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])  # the last row of each score

    def areas(self, weights: np.ndarray | None = None) -> tuple[float, float]:
        """Area under the ROC curve (ties count half), and average precision: the precision at each threshold, weighted
        with the recall that it adds. NaN where there is no row of a class.

        Args:
            weights: how often each row counts, [n], in the order that the scores came in; once where left out.
        """
        if not self.rarer:
            return math.nan, math.nan
        count = np.ones(len(self._order)) if weights is None else weights[self._order].astype(np.float64)
        called, hits = np.cumsum(count)[self._ends], np.cumsum(count * self._is_positive)[self._ends]
        positives, negatives = hits[-1], called[-1] - hits[-1]
        if not positives or not negatives:
            return math.nan, math.nan
        new_hits, new_alarms = np.diff(hits, prepend=0.0), np.diff(called - hits, prepend=0.0)
        roc = np.dot(new_alarms, hits - new_hits / 2) / (positives * negatives)
        precision = hits / np.maximum(called, 1.0)  # rows that no sample holds call nothing
        return float(roc), float(np.dot(new_hits, precision) / positives)
