"""Stratified sampling: the same part of the rows of every label, exactly.

Which rows are sampled is decided by the hash of their texts (`splits.sample_point`). With one threshold for all, a
label's share of the sample would be that of the whole only by expectation; here each label has a threshold of its own,
so that its number of texts is the fraction of all its texts, rounded. (Texts that turn out to contradict each other
count for both of their labels, and neither is kept.)
"""

from __future__ import annotations

import array
import collections
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from components.example_gen.rows import Candidate
from components.example_gen.splits import sample_point

Labels = tuple[str, ...]


class Points:
    """The sampling points of rows by their labels, eight bytes a row."""

    def __init__(self) -> None:
        self._by_labels: dict[Labels, array.array] = collections.defaultdict(lambda: array.array("d"))

    def add(self, row: Candidate) -> None:
        """Takes a row."""
        self._by_labels[row.labels].append(sample_point(row.id))

    def to_bytes(self) -> dict[Labels, bytes]:
        """All points as they travel."""
        return {labels: points.tobytes() for labels, points in self._by_labels.items()}


def thresholds(parts: Iterable[Mapping[Labels, bytes]], fraction: float) -> dict[Labels, float]:
    """Up to which point the texts of each label are sampled; one at least.

    Args:
        parts: `Points.to_bytes` of every part of the rows.
        fraction: of the texts of each label, above 0 and at most 1.
    """
    whole: dict[Labels, list[NDArray[np.float64]]] = collections.defaultdict(list)
    for part in parts:
        for labels, points in part.items():
            whole[labels].append(np.frombuffer(points))
    return {labels: _threshold(np.concatenate(points), fraction) for labels, points in whole.items()}


def _threshold(points: NDArray[np.float64], fraction: float) -> float:
    distinct = np.unique(points)  # sorted; equal texts have equal points, and one of them is kept
    return float(distinct[max(round(fraction * len(distinct)), 1) - 1])


def is_sampled(row: Candidate, up_to: Mapping[Labels, float]) -> bool:
    """Whether a row is in the sample of its label."""
    return sample_point(row.id) <= up_to[row.labels]
