from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from components.errors import ConfigError
from components.evaluator.gates import judge
from components.evaluator.names import SERVED, slice_feature
from components.evaluator.verdict import Check, Metrics, Rival, Verdict

METRICS = {
    "overall": {"accuracy": 0.9, "auc": 0.95, "example_count": 400.0, "invalid_scores": 0.0},
    "length_band=300+": {"accuracy": 0.8, "auc": 0.91, "example_count": 40.0, "invalid_scores": 0.0},
}
BETTER = {
    "overall": {**METRICS["overall"], "accuracy": 0.93, "auc": 0.96},
    "length_band=300+": {**METRICS["length_band=300+"], "auc": 0.931},
}


def judged(gates, metrics, served: Metrics | None = None, baseline_version="", baseline_problem=None) -> Verdict:
    return judge(gates, metrics, {SERVED: Rival(served, baseline_problem, baseline_version)})


def _floor(limit, metric="accuracy"):
    return {"metrics": {metric: {"at_least": limit}}}


def _drop(limit, metric="accuracy"):
    return {"metrics": {metric: {"max_drop": limit}}}


def test_a_model_above_every_floor_is_blessed():
    gates = {"metrics": {"accuracy": {"at_least": 0.85, "max_drop": None}}, "slices": {}}
    verdict = judged(gates, METRICS, None)
    assert verdict.blessed
    assert verdict.reasons == []
    assert verdict.checks == [Check("overall", "accuracy", "at_least", 0.9, None, None, 0.85, None, 0.9, passed=True)]
    assert verdict.thresholds == gates


def test_a_metric_at_its_floor_passes():
    assert judged(_floor(0.9), METRICS, None).blessed


def test_a_metric_below_its_floor_fails_with_both_numbers():
    verdict = judged(_floor(0.95), METRICS, None)
    assert not verdict.blessed
    assert verdict.reasons == ["accuracy 0.9000 < 0.9500 (overall)"]
    assert verdict.checks == [Check("overall", "accuracy", "at_least", 0.9, None, None, 0.95, None, 0.9, passed=False)]


def test_numbers_that_differ_look_different():
    metrics = {"overall": {"accuracy": 0.899999, "invalid_scores": 0.0}}
    assert judged(_floor(0.9), metrics, None).reasons == ["accuracy 0.899999 < 0.900000 (overall)"]


def test_a_slice_has_its_own_floor():
    gates = {**_floor(0.85), "slices": {"length_band=300+": {"accuracy": {"at_least": 0.85}}}}
    assert judged(gates, METRICS, None).reasons == ["accuracy 0.8000 < 0.8500 (length_band=300+)"]


def test_a_fall_below_the_served_model_fails_with_every_number():
    gates = {"slices": {"length_band=300+": {"auc": {"max_drop": 0.01}}}}
    verdict = judged(gates, METRICS, BETTER, baseline_version="17")
    assert verdict.reasons == [
        "auc 0.9100 fell 0.0210 below the served model's 0.9310 (at most 0.0100; length_band=300+)"
    ]
    [check] = verdict.checks
    assert (check.value, check.baseline, check.limit, check.passed) == (0.91, 0.931, 0.01, False)
    assert check.drop == pytest.approx(0.021)
    assert verdict.baseline_version == "17"
    assert verdict.baseline_metrics == BETTER


@pytest.mark.parametrize(("limit", "passes"), [(0.03, True), (0.0299, False), (0.0, False)])
def test_a_fall_of_exactly_the_limit_passes(limit, passes):
    assert judged(_drop(limit), METRICS, BETTER).blessed is passes


def test_a_rise_above_the_served_model_passes_any_limit():
    verdict = judged(_drop(0.0), BETTER, METRICS)
    assert verdict.blessed
    assert verdict.checks[0].drop == pytest.approx(-0.03)


def test_on_a_first_run_falls_are_not_judged_and_that_is_said():
    verdict = judged({"metrics": {"accuracy": {"at_least": 0.5, "max_drop": 0.01}}}, METRICS, None)
    assert verdict.blessed
    assert [check.kind for check in verdict.checks] == ["at_least"]
    assert verdict.notes == ["nothing is served yet, so max_drop of accuracy was not applied"]


def test_where_no_gate_can_be_applied_nothing_is_blessed():
    gates = {**_drop(0.01), "slices": {"length_band=300+": {"auc": {"max_drop": 0.02}}}}
    verdict = judged(gates, METRICS, None)
    assert not verdict.blessed
    assert verdict.checks == []
    [reason] = verdict.reasons
    assert reason == (
        "no gate could be applied: every one is a max_drop or max_rise, and nothing is served yet to compare with; "
        "set gates.metrics.accuracy.at_least"
    )


@pytest.mark.parametrize(("minimum", "passes"), [(400, True), (401, False)])
def test_a_verdict_takes_enough_examples(minimum, passes):
    assert judged({**_floor(0.5), "min_examples": minimum}, METRICS, None).blessed is passes


def test_too_few_examples_are_the_first_reason():
    metrics = {"overall": {"accuracy": 0.9, "example_count": 42.0, "invalid_scores": 1.0}}
    assert judged({**_floor(0.95), "min_examples": 100}, metrics, None).reasons == [
        (
            "42 examples were evaluated (overall), fewer than gates.min_examples 100; "
            "give it more data, or raise data.splits.test"
        ),
        "1 of 42 scores are no probabilities (not a number, or not in 0..1)",
        "accuracy 0.9000 < 0.9500 (overall)",
    ]


def test_no_examples_at_all_are_too_few():
    reasons = judged({**_floor(0.5), "min_examples": 1}, {}, None).reasons
    assert reasons == [
        (
            "0 examples were evaluated (overall), fewer than gates.min_examples 1; "
            "give it more data, or raise data.splits.test"
        ),
        "no example was evaluated in overall",
    ]


def test_a_served_model_that_cannot_be_scored_fails_what_compares_with_it():
    problem = "the served model (version 17) cannot be compared with: it has no signature serving_examples"
    gates = {"metrics": {"accuracy": {"max_drop": 0.01}, "auc": {"max_drop": 0.01, "at_least": 0.5}}}
    verdict = judged(gates, METRICS, None, baseline_version="17", baseline_problem=problem)
    assert verdict.reasons == [problem]
    assert [(check.kind, check.passed) for check in verdict.checks] == [
        ("max_drop", False),
        ("at_least", True),
        ("max_drop", False),
    ]
    assert [(check.baseline, check.drop) for check in verdict.checks] == [(None, None)] * 3


def test_a_served_model_that_cannot_be_scored_is_noted_where_nothing_compares_with_it():
    verdict = judged(_floor(0.5), METRICS, None, baseline_version="17", baseline_problem="it is broken")
    assert verdict.blessed
    assert verdict.notes == ["it is broken; no gate compares with it"]


@pytest.mark.parametrize("gate", [_floor(0.5, "f1"), _drop(0.5, "f1")])
def test_a_metric_that_was_not_computed_fails(gate):
    assert judged(gate, METRICS, METRICS).reasons == ["f1 was not computed (overall)"]


def test_a_slice_without_an_example_fails():
    gates = {"slices": {"source=web": {"accuracy": {"at_least": 0.1}}}}
    verdict = judged(gates, METRICS, None)
    assert verdict.reasons == ["no example was evaluated in source=web"]
    assert verdict.checks[0].value is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("gate", [_floor(0.1), _drop(0.5)])
def test_what_is_not_a_number_fails(value, gate):
    metrics = {"overall": {"accuracy": value}}
    assert judged(gate, metrics, METRICS).reasons == ["accuracy is not a number (overall)"]


def test_a_served_model_without_the_number_fails_too():
    baseline = {"overall": {"accuracy": math.nan}}
    verdict = judged(_drop(0.5), METRICS, baseline)
    assert verdict.reasons == ["accuracy of the served model is not a number (overall)"]
    [check] = json.loads(verdict.to_json())["checks"]
    assert check["value"] == 0.9
    assert check["baseline"] is None
    assert check["drop"] is None


def test_scores_that_are_no_probabilities_fail_whatever_is_gated():
    metrics = {"overall": {"accuracy": 0.9, "example_count": 400.0, "invalid_scores": 12.0}}
    assert judged(_floor(0.5), metrics, None).reasons == [
        "12 of 400 scores are no probabilities (not a number, or not in 0..1)"
    ]


@pytest.mark.parametrize(
    "gates",
    [{}, {"metrics": {}}, {"metrics": {}, "slices": {"a=b": {}}}, {"metrics": {"auc": {"at_least": None}}}],
)
def test_no_gates_are_refused(gates):
    with pytest.raises(ConfigError, match=r"gates: there is none.*set gates\.metrics\.accuracy\.at_least"):
        judged(gates, METRICS, None)


def test_a_floor_on_a_loss_is_refused():
    with pytest.raises(ConfigError, match="less log_loss is better, so it has no at_least; set at_most"):
        judged(_floor(0.5, "log_loss"), METRICS, None)


def test_the_verdict_is_strict_json():
    metrics = {"overall": {"accuracy": 0.9, "auc": math.nan}}
    verdict = json.loads(judged(_floor(0.5), metrics, None).to_json())
    assert verdict["metrics"] == {"overall": {"accuracy": 0.9, "auc": None}}
    assert verdict["baseline_metrics"] is None
    assert set(verdict) == {
        "blessed", "forced", "reasons", "notes", "metrics", "intervals", "baseline_metrics", "baseline_version",
        "linear_metrics", "confidence", "resamples", "judge_by", "comparisons", "thresholds", "checks",
    }  # fmt: skip
    assert list(verdict["checks"][0]) == [
        "slice", "metric", "kind", "value", "baseline", "drop", "limit", "interval", "judged", "passed"
    ]  # fmt: skip


def test_a_slices_feature_is_what_stands_before_its_value():
    assert slice_feature("length_band=300+") == "length_band"
    assert slice_feature("expression=a=b") == "expression"


@pytest.mark.parametrize("name", ["", "length_band", "=300+", "length_band="])
def test_a_slice_that_names_no_value_is_refused(name):
    with pytest.raises(ConfigError, match="write feature=value"):
        slice_feature(name)


def test_importing_them_loads_no_tensorflow():
    code = "import sys, components.evaluator.gates; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["label=pos", "channel=a=*"])
@pytest.mark.parametrize(("count", "passes"), [(29, False), (30, True)])
def test_a_gated_slice_of_a_handful_of_examples_proves_nothing(name, count, passes):
    whole = {"accuracy": 0.9, "example_count": 500}
    gates = {
        "metrics": {"accuracy": {"at_least": 0.5}},
        "slices": {name: {"accuracy": {"at_least": 0.5}}},
        "min_slice_examples": 30,
    }
    verdict = judged(gates, {"overall": whole, name: {"accuracy": 1.0, "example_count": count}}, None)
    assert verdict.blessed is passes
    assert (
        passes
        or f"{count} examples were evaluated ({name}), fewer than gates.min_slice_examples 30" in verdict.reasons[0]
    )
