"""What sections say and draw, of numbers that are hard to show."""

from __future__ import annotations

from typing import Any

from components.evaluator.names import OVERALL
from components.report.sections import slices
from components.report.told import Told

BY_LABEL = ("label=neg", "label=pos")
BY_LENGTH = "length_band=0-99"


def told(evaluation: dict[str, Any]) -> Told:
    """A run of which nothing but its evaluation is known."""
    return Told("task", "id", "now", 1.0, "PUSHED", "PUSHED", [], [], evaluation=evaluation)


def of_slices(*names: str, **metrics: float) -> dict[str, Any]:
    """An evaluation in which all slices have the same metrics."""
    return {"metrics": {name: {"example_count": 50.0, **metrics} for name in (OVERALL, *names)}}


def test_f1_is_neither_drawn_nor_listed_of_slices_by_label_where_it_means_nothing():
    numbers = slices.measure(told(of_slices(*BY_LABEL, BY_LENGTH, accuracy=0.9, f1=0.8)))
    assert list(numbers["metrics"]["f1"]) == [OVERALL, BY_LENGTH]
    figures = {figure.title: figure for figure in slices.show(numbers).figures}
    drawn, listed = figures["f1 by slice"].svg, dict(row[::2] for row in figures["f1 by slice"].table.rows)
    assert BY_LENGTH in drawn
    assert "label=" not in drawn
    assert listed == {OVERALL: "0.8000", BY_LENGTH: "0.8000"} | dict.fromkeys(BY_LABEL, "\N{EN DASH}")
    assert all(name in figures["accuracy by slice"].svg for name in BY_LABEL)
