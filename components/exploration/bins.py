"""Bins of counted things: edges that a reader knows, the same for every split."""

from __future__ import annotations

import numpy as np

HEAVY_TAIL = 10.0  # the largest above this many medians: even bins would leave nearly all texts in the first
_MOST_BINS = 20
_STEPS = (1, 2, 5)
_LOG_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)  # in a decade, about even on a logarithmic scale


def is_heavy_tailed(values: np.ndarray) -> bool:
    """Whether bins must widen with the values. `values`: int64 [N], N at least 1, none negative."""
    return float(values.max()) > HEAVY_TAIL * max(float(np.median(values)), 1.0)


def edges_of(values: np.ndarray) -> tuple[int, ...]:
    """Edges of bins that hold all the values, rising; a bin holds its lower edge, and not its upper one.

    `values`: int64 [N], none negative. No values give one empty bin.
    """
    if not len(values):
        return (0, 1)
    return _log_edges(values) if is_heavy_tailed(values) else _even_edges(values)


def count(values: np.ndarray, edges: tuple[int, ...]) -> tuple[int, ...]:
    """How many of the values are in each bin."""
    places = np.searchsorted(np.asarray(edges), values, side="right") - 1
    return tuple(np.bincount(places, minlength=len(edges) - 1)[: len(edges) - 1].tolist())


def name(lower: int, upper: int) -> str:
    """What a bin is called: the values that it holds."""
    return f"{lower:,}" if upper - lower == 1 else f"{lower:,}\N{EN DASH}{upper - 1:,}"


def _even_edges(values: np.ndarray) -> tuple[int, ...]:
    smallest, largest = int(values.min()), int(values.max())
    step = next(
        step * 10**power
        for power in range(20)
        for step in _STEPS
        if largest // (step * 10**power) - smallest // (step * 10**power) < _MOST_BINS
    )
    return tuple(range(smallest // step * step, largest // step * step + 2 * step, step))


def _log_edges(values: np.ndarray) -> tuple[int, ...]:
    smallest, largest = int(values.min()), int(values.max())
    decades = range(len(str(largest)) + 1)
    edges = [0, *sorted({int(step * 10**power) for power in decades for step in _LOG_STEPS})]
    first = max(place for place, edge in enumerate(edges) if edge <= smallest)
    last = min(place for place, edge in enumerate(edges) if edge > largest)
    return tuple(edges[first : last + 1])
