from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks import table
from benchmarks.table import AT_MOST, Claim


def test_a_ratio_is_made_within_each_round():
    claim = table.ratio("a / b", of=[10.0, 40.0, 9.0], to=[5.0, 20.0, 3.0], goal=2)
    assert claim.values == [2, 2, 3]
    assert claim.median == 2
    assert claim.reached is True


@pytest.mark.parametrize(
    ("claim", "reached"),
    [
        (Claim("", [0.84], goal=0.85), False),
        (Claim("", [0.85], goal=0.85), True),
        (Claim("", [3.0], bound=AT_MOST, goal=3), True),
        (Claim("", [3.1], bound=AT_MOST, goal=3), False),
        (Claim("", [1.0]), None),
    ],
)
def test_a_goal_is_reached_or_not_or_there_is_none(claim, reached):
    assert claim.reached is reached


def test_peers_must_have_been_measured_in_the_same_rounds():
    with pytest.raises(ValueError, match="shorter"):
        table.ratio("a / b", of=[1.0, 2.0], to=[1.0])


def test_tables_show_median_goal_and_rounds():
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(table.rates_table("texts", {"us": [10.0, 30.0, 20.0]}))
    console.print(table.claims_table("claims", [Claim("us / them", [0.5, 0.7, 0.6], goal=0.65)]))
    shown = console.export_text()
    assert "20.0 │ 10.0  30.0  20.0" in shown
    assert "0.60 x │ ≥ 0.65 │ no      │ 0.50  0.70  0.60" in shown


def test_programs_get_median_and_verdict_too():
    [found] = table.as_json([Claim("us / them", [1.0, 3.0], goal=2.5)])
    assert found["median"] == 2
    assert found["reached"] is False
    assert found["values"] == [1.0, 3.0]
