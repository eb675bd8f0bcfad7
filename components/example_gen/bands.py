"""Bands of length, which metrics are sliced by."""

from __future__ import annotations

from collections.abc import Sequence


def length_band(words: int, bounds: Sequence[int]) -> str:
    """The band that a number of words falls in: with bounds [100, 300] one of 0-99, 100-299 and 300+."""
    lower = max((bound for bound in bounds if bound <= words), default=0)
    upper = min((bound for bound in bounds if bound > words), default=None)
    return f"{lower}+" if upper is None else f"{lower}-{upper - 1}"


def length_bands(bounds: Sequence[int]) -> list[str]:
    """Every band there is, the shortest first. `bounds` rise."""
    return [length_band(words, bounds) for words in (0, *bounds)]
