"""What sections say and draw, of numbers that are hard to show."""

from __future__ import annotations

from typing import Any

import pytest

from components.evaluator import sentences
from components.evaluator.names import LINEAR, OVERALL, SERVED
from components.features import MULTILABEL
from components.report.sections import comparison, confusion, data, gates, slices
from components.report.told import NotThereError, Told
from tests.components.report.making import judged, rows, verdict

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
    drawn, listed = figures["f1 by slice"].svg, {row[0]: row[2] for row in figures["f1 by slice"].table.rows}
    assert BY_LENGTH in drawn
    assert "label=" not in drawn
    assert listed == {OVERALL: "0.8000", BY_LENGTH: "0.8000"} | dict.fromkeys(BY_LABEL, "\N{EN DASH}")
    assert all(name in figures["accuracy by slice"].svg for name in BY_LABEL)


def test_a_slice_whose_name_cannot_be_drawn_is_called_a_slice_by_its_number():
    numbers = slices.measure(told(of_slices("source=\u00fcber.csv", accuracy=0.9)))
    (figure,) = slices.show(numbers).figures
    assert "slice 2" in figure.svg
    assert "label" not in figure.svg
    assert figure.table.rows[1][0] == "2. source=\u00fcber.csv"


def test_a_label_that_is_cut_above_its_matrix_has_the_same_number_in_the_table():
    counts = {"true_positives": 1, "false_positives": 2, "false_negatives": 3, "true_negatives": 4}
    names = ("intent number 12", "intent number 14", "other")
    (figure,) = confusion.show({"kind": MULTILABEL, "labels": dict.fromkeys(names, counts)}).figures
    assert [row[0] for row in figure.table.rows] == ["1. intent number 12", "2. intent number 14", "3. other"]
    assert all(title in figure.svg for title in ("1. intent n...", "2. intent n...", "other"))


@pytest.mark.parametrize(
    ("labels", "which", "of_which"),
    [(20, "each label", ""), (21, "each of the 20 most frequent labels", " of those drawn")],
)
def test_the_least_frequent_label_that_is_drawn_is_not_said_to_be_that_of_all(labels, which, of_which):
    known = {"missing_parts": {}, "rows": rows([f"label {place}" for place in range(labels)])}
    (figure,) = data.show(known).figures
    assert f"hold {which}." in figure.alt
    assert f"least frequent{of_which}: label 16, 15." in figure.alt


def test_it_says_where_intervals_come_from():
    remarks = gates.show(gates.measure(told(verdict(judged(count=60))))).remarks
    assert (
        "95 %: from a bootstrap of 1,000 draws of the test split and, where the draws tell too little, Wilson's"
        in (remarks[0])
    )


INCOMPARABLE = {
    SERVED: sentences.incomparable(SERVED, "it answers with binary labels ['a', 'b']", "3"),
    LINEAR: sentences.incomparable(LINEAR, "its decisions are gone"),
}
"""Why a rival that is there has no metrics."""


@pytest.mark.parametrize("rival", [SERVED, LINEAR])
@pytest.mark.parametrize("where", ["notes", "reasons"])
def test_a_rival_that_cannot_be_compared_with_is_not_said_to_be_none(rival, where):
    other = LINEAR if rival == SERVED else SERVED
    evaluation = verdict(judged(count=60, rivals=(other,)), baseline_version="3", **{where: [INCOMPARABLE[rival]]})
    notes = " ".join(comparison.show(comparison.measure(told(evaluation))).notes)
    assert "cannot be compared with: it" in notes
    assert "there is none" not in notes
    assert ("The served model was then version 3." in notes) == (rival == LINEAR)


def test_rivals_that_all_cannot_be_compared_with_are_each_given_their_cause():
    evaluation = verdict(judged(count=60, rivals=()), baseline_version="3", notes=list(INCOMPARABLE.values()))
    with pytest.raises(NotThereError) as refused:
        comparison.measure(told(evaluation))
    assert str(refused.value) == (
        "The served model (version 3) cannot be compared with: it answers with binary labels ['a', 'b']. "
        "The linear baseline cannot be compared with: its decisions are gone."
    )


def test_a_served_model_without_metrics_is_there_though_nobody_tells_the_cause():
    evaluation = verdict(judged(count=60, rivals=(LINEAR,)), baseline_version="3", notes=[])
    notes = comparison.show(comparison.measure(told(evaluation))).notes
    assert notes == ("The served model (version 3) could not be compared with: see the verdict's notes.",)
