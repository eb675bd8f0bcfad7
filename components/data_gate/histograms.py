"""Statistics of two data sets, made comparable. Pure.

TensorFlow Data Validation (TFDV) compares numbers by histograms of ten equally wide bins from the smallest value to
the largest, different ones for each data set. One long text widens all bins, and whole numbers fall into them by
accident: two samples of 10,000 out of the same questions lie up to 0.06 bits apart in their words, as far as from
questions that are a quarter longer. So both data sets get the bins that hold equally many rows of the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr
from tensorflow_metadata.proto.v0 import statistics_pb2

BINS = 10
_PARTS = 100  # that a whole number is spread in


def align(reference: statistics_pb2.FeatureNameStatistics, other: statistics_pb2.FeatureNameStatistics) -> int:
    """Gives the statistics of a number in two data sets a common histogram, in place.

    The bins end at the reference's 10 %, 20 % … 90 % quantiles, as far as they differ; one more bin lies below its
    smallest value. The counts come from the histograms of quantiles in the statistics, so they are as fine as those.

    Returns:
        How many bins hold rows of either.
    """
    values, counts = _quantiles(reference)
    edges = _edges(values, counts, reference.num_stats.min)
    both = [_count(edges, values, counts), _count(edges, *_quantiles(other))]
    for statistics, binned in zip((reference, other), both, strict=True):
        _replace(statistics.num_stats, binned)
    return int(np.count_nonzero(both[0] + both[1]))


def quantile(statistics: statistics_pb2.FeatureNameStatistics, share: float) -> float:
    """The value that this share of all values does not exceed."""
    values, counts = _quantiles(statistics)
    cumulative = np.cumsum(counts)
    index = int(np.searchsorted(cumulative, share * cumulative[-1] * (1 - 1e-9)))
    return float(values[min(index, len(values) - 1)])


def _quantiles(statistics: statistics_pb2.FeatureNameStatistics) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values, rising, and how many rows each stands for."""
    kind = statistics_pb2.Histogram.QUANTILES  # pyright: ignore[reportAttributeAccessIssue]
    [histogram] = [histogram for histogram in statistics.num_stats.histograms if histogram.type == kind]
    buckets = histogram.buckets
    # A bucket ends at a quantile, and its rows stand there; the last one ends at the largest value of all, which may be
    # far from its other rows.
    values = [*(bucket.high_value for bucket in buckets[:-1]), buckets[-1].low_value]
    return np.array(values), np.array([bucket.sample_count for bucket in buckets])


def _edges(values: NDArray[np.float64], counts: NDArray[np.float64], smallest: float) -> NDArray[np.float64]:
    cumulative = np.cumsum(counts) / counts.sum()
    shares = np.arange(1, BINS) / BINS
    indices = np.searchsorted(cumulative, shares - 1e-9).clip(max=len(values) - 1)
    return np.unique([np.nextafter(smallest, -np.inf), *values[indices]])


def _count(edges: NDArray[np.float64], values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows in each bin (edge before, edge], and beyond the last edge."""
    binned = np.searchsorted(edges, values, side="left")
    return np.bincount(binned, weights=counts, minlength=len(edges) + 1).astype(np.float64)


def _replace(statistics: statistics_pb2.NumericStatistics, binned: NDArray[np.float64]) -> None:
    """Puts the counts in the place of the equally wide histogram, which TFDV compares; bins are numbered."""
    kind = statistics_pb2.Histogram.STANDARD  # pyright: ignore[reportAttributeAccessIssue]
    [histogram] = [histogram for histogram in statistics.histograms if histogram.type == kind]
    del histogram.buckets[:]
    for index, count in enumerate(binned):
        histogram.buckets.add(low_value=index, high_value=index + 1, sample_count=count)


def distance_if_scaled(statistics: statistics_pb2.FeatureNameStatistics, factor: float) -> float:
    """The Jensen-Shannon divergence, in bits, of a number from itself multiplied: what a threshold stands for.

    Whole numbers are spread evenly over [v - 1/2, v + 1/2) before they are multiplied, and rounded after. Multiplied as
    they are they leave gaps, which lie further away than any real data: 1, 2, 3 times 1.2 has no 3.
    """
    values, counts = _quantiles(statistics)
    edges = _edges(values, counts, statistics.num_stats.min)
    scaled, parts = values * factor, counts
    if statistics.type == statistics_pb2.FeatureNameStatistics.INT:  # pyright: ignore[reportAttributeAccessIssue]
        offsets = (np.arange(_PARTS) + 0.5) / _PARTS - 0.5
        scaled = np.floor((values[:, None] + offsets).ravel() * factor + 0.5)
        parts = np.repeat(counts / _PARTS, _PARTS)
    return divergence(_count(edges, values, counts), _count(edges, scaled, parts))


def divergence(counts: ArrayLike, others: ArrayLike) -> float:
    """The Jensen-Shannon divergence, in bits, of two distributions over the same categories, given as counts.

    SciPy's `jensenshannon` takes its root, which is not a number where rounding leaves less than nothing.
    """
    one, other = (np.asarray(given, dtype=np.float64) / np.sum(given) for given in (counts, others))
    middle = (one + other) / 2
    nats = np.sum(rel_entr(one, middle) + rel_entr(other, middle)) / 2
    return max(float(nats / np.log(2)), 0.0)
