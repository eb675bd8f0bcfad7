"""How large a distance between two samples of one and the same distribution can be. Pure.

Of two samples of n and m rows over k categories, 8 ln(2) J n m / (n + m) is chi-squared distributed with k - 1 degrees
of freedom, as long as the samples are not tiny; J is their Jensen-Shannon divergence in bits, both weighted by one half
(second-order expansion of J around equality; Grosse et al. 2002, "Analysis of symbolic sequences using the
Jensen-Shannon divergence", Physical Review E 65, 041905, for the weights n and m, which is the same where n = m).
"""

from __future__ import annotations

import math

from scipy.stats import chi2

# One comparison in a thousand of equal distributions is taken for a difference.
CONFIDENCE = 0.999


def largest_by_chance(categories: int, rows: int, other_rows: int, tests: int = 1) -> float:
    """The Jensen-Shannon divergence, in bits, that samples of equal distributions stay below in 999 cases of 1,000.

    Args:
        categories: in how many classes or bins there are rows.
        rows: of the one sample.
        other_rows: of the other. Without any, noise is infinite.
        tests: of so many such divergences, all stay below in 999 cases of 1,000 (Bonferroni's bound).
    """
    if not rows or not other_rows:
        return math.inf
    return _quantile(categories, tests) * (rows + other_rows) / (8 * math.log(2) * rows * other_rows)


def least_rows(categories: int, threshold: float, tests: int = 1) -> int:
    """How many rows each of two samples must have for chance to stay below a threshold."""
    return math.ceil(2 * _quantile(categories, tests) / (8 * math.log(2) * threshold)) if threshold > 0 else 0


def _quantile(categories: int, tests: int) -> float:
    return float(chi2.isf((1 - CONFIDENCE) / tests, max(categories - 1, 1)))
