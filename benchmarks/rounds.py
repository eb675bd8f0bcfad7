"""Interleaves what is compared: A B C, C B A, A B C, so that a machine that slows down slows everybody down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A figure, and whatever else was learnt with it."""

    value: float
    details: Mapping[str, Any]


Measure = Callable[[], Measurement]
Tell = Callable[[str], None]


def interleave(
    measures: Mapping[str, Measure], rounds: int, tell: Tell, warm_up: bool = True
) -> dict[str, list[Measurement]]:
    """Every measure's figures, one a round; every second round goes backwards.

    Args:
        measures: by name.
        rounds: how many count.
        tell: is told of each figure as it comes.
        warm_up: whether a round comes before them that does not count, in which everybody warms up.
    """
    found: dict[str, list[Measurement]] = {name: [] for name in measures}
    for index in range(0 if warm_up else 1, rounds + 1):
        order = list(measures)[:: -1 if index % 2 else 1]
        for name in order:
            found[name].append(measures[name]())
            told = f"round {index} of {rounds}" if index else "warm-up"
            tell(f"{told}: {name}: {found[name][-1].value:.1f}")
    return {name: measurements[-rounds:] for name, measurements in found.items()}
