"""Areas under curves, exactly, of rows that count any number of times: what a bootstrap asks for a thousand times over.

scikit-learn's `roc_auc_score` and `average_precision_score` give the same numbers, and sort anew for each of them.
"""

from __future__ import annotations

import math

import numpy as np


class Ranking:
    """The scores of one label, sorted once."""

    def __init__(self, scores: np.ndarray, is_positive: np.ndarray) -> None:
        """
        Args:
            scores: float32 [n]; rows of equal scores are one point of the curves.
            is_positive: bool [n].
        """
        self._order = np.argsort(-scores, kind="stable")
        self._is_positive = is_positive[self._order]
        ranked = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(ranked) else np.zeros(0, np.int64)

    def areas(self, weights: np.ndarray | None = None) -> tuple[float, float]:
        """Area under the ROC curve (ties count half), and average precision: the precision at each threshold, weighted
        with the recall that it adds. NaN where there is no row of a class.

        Args:
            weights: how often each row counts, [n], in the order that the scores came in; once where left out.
        """
        count = np.ones(len(self._order)) if weights is None else weights[self._order].astype(np.float64)
        hits, alarms = self._by_score(count * self._is_positive), self._by_score(count * ~self._is_positive)
        positives, negatives = hits.sum(), alarms.sum()
        if not positives or not negatives:
            return math.nan, math.nan
        hits_so_far, alarms_so_far = np.cumsum(hits), np.cumsum(alarms)
        roc = np.dot(alarms, hits_so_far - hits / 2) / (positives * negatives)
        called = np.maximum(hits_so_far + alarms_so_far, 1.0)  # rows that no sample holds call nothing
        return float(roc), float(np.dot(hits, hits_so_far / called) / positives)

    def _by_score(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self._starts) if len(self._starts) else values
