"""From measurements to ratios, goals and what is printed."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

from rich.table import Table

AT_LEAST, AT_MOST = "≥", "≤"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A figure, round by round, and what it should be.

    Attributes:
        name: what is measured, beside what.
        values: one a round.
        unit: "x" for ratios, "ms".
        bound, goal: AT_LEAST or AT_MOST, and the number; None where there is no goal.
    """

    name: str
    values: Sequence[float]
    unit: str = "x"
    bound: str = AT_LEAST
    goal: float | None = None

    @property
    def median(self) -> float:
        """The middle of the rounds' figures."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.median >= self.goal if self.bound == AT_LEAST else self.median <= self.goal


def ratio(name: str, of: Sequence[float], to: Sequence[float], goal: float | None = None) -> Claim:
    """How many times as fast `of` is as `to`, rates of the same rounds.

    The two of a round were measured within seconds of each other, so their ratio survives what slows the whole machine.
    """
    return Claim(name, [a / b for a, b in zip(of, to, strict=True)], goal=goal)


def rates_table(title: str, rates: Mapping[str, Sequence[float]], what: str = "texts a second") -> Table:
    """Texts a second, or what is said: median, and the rounds in their order."""
    table = Table(title=title, title_justify="left")
    table.add_column(what)
    table.add_column("median", justify="right")
    table.add_column("rounds")
    for name, values in rates.items():
        table.add_row(name, f"{statistics.median(values):.1f}", "  ".join(f"{value:.1f}" for value in values))
    return table


def claims_table(title: str, claims: Sequence[Claim]) -> Table:
    """Claims: median, goal, whether it is reached, and the rounds in their order."""
    table = Table(title=title, title_justify="left")
    table.add_column("ratio or time")
    table.add_column("median", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("reached")
    table.add_column("rounds")
    for claim in claims:
        goal = "" if claim.goal is None else f"{claim.bound} {claim.goal:g}"
        reached = {True: "[green]yes", False: "[red]no", None: ""}[claim.reached]
        rounds = "  ".join(f"{value:.2f}" for value in claim.values)
        table.add_row(claim.name, f"{claim.median:.2f} {claim.unit}", goal, reached, rounds)
    return table


def as_json(claims: Sequence[Claim]) -> list[dict[str, object]]:
    """Claims for programs."""
    return [dataclasses.asdict(claim) | {"median": claim.median, "reached": claim.reached} for claim in claims]
