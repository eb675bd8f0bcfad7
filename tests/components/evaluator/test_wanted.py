from __future__ import annotations

import pytest

from components.evaluator.measures import every_figure
from components.evaluator.names import BIAS, METRICS
from components.evaluator.wanted import wanted_figures

LABELS = ("a", "b")
GATES = {
    "metrics": {"auc": {"at_least": 0.8, "above_linear": 0.0}},
    "slices": {"length_band=long": {"recall/a": {"at_least": 0.5}, "log_loss": {"at_most": 0.5, "max_rise": 0.1}}},
}


def metrics():
    figures = dict.fromkeys(every_figure(LABELS), 0.9) | {"example_count": 90.0, "invalid_scores": 0.0}
    slices = {name: dict(figures) for name in ("overall", "length_band=long", "identity=men")}
    return {"candidate": slices, "served": slices, "linear": slices}


def test_the_whole_has_every_figure_but_the_dear_one():
    wanted = wanted_figures(GATES, metrics())["candidate"]
    assert wanted["overall"] == (every_figure(LABELS) - {"auc_micro"}) | {"recall/a", "log_loss"}
    dear = GATES | {"metrics": {"auc_micro": {"at_least": 0.8}}}
    assert "auc_micro" in wanted_figures(dear, metrics())["candidate"]["overall"]


def test_slices_have_the_usual_ones_and_those_that_are_gated():
    wanted = wanted_figures(GATES, metrics())["candidate"]
    assert wanted["identity=men"] == {"accuracy", "auc", "f1", "recall/a", "log_loss", *BIAS}
    assert {*METRICS, "recall/a"} <= wanted["length_band=long"]
    assert "recall/b" not in wanted["length_band=long"]


def test_slices_of_very_many_labels_have_no_area_that_is_not_gated():
    labels = [f"label {number}" for number in range(20)]
    figures = dict.fromkeys(every_figure(labels), 0.9) | {"example_count": 90.0, "invalid_scores": 0.0}
    measured = {"candidate": {"overall": figures, "length_band=long": figures}}
    ungated = wanted_figures({"metrics": {"f1": {"at_least": 0.5}}}, measured)["candidate"]
    assert "auc" not in ungated["length_band=long"]
    assert {"auc", "auc/label 7"} <= ungated["overall"]
    gated = wanted_figures({"metrics": {"auc": {"at_least": 0.5}}}, measured)["candidate"]
    assert "auc" in gated["length_band=long"]


@pytest.mark.parametrize(("labels", "has_area"), [(12, True), (13, False)])
def test_a_dozen_labels_are_not_very_many(labels, has_area):
    figures = dict.fromkeys(every_figure([f"label {number}" for number in range(labels)]), 0.9)
    measured = {"candidate": {"overall": figures, "length_band=long": figures}}
    wanted = wanted_figures({"metrics": {"f1": {"at_least": 0.5}}}, measured)["candidate"]
    assert ("auc" in wanted["length_band=long"]) == has_area


def test_rivals_have_what_they_are_compared_in():
    wanted = wanted_figures(GATES, metrics())
    assert set(wanted) == {"candidate", "served", "linear"}
    assert set(wanted["served"]) == set(wanted["linear"]) == {"overall", "length_band=long"}
    assert wanted["linear"]["overall"] == {*METRICS, "recall/a"}
    assert wanted["linear"]["length_band=long"] <= wanted["candidate"]["length_band=long"]
