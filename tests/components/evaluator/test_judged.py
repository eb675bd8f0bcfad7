"""Models made to be judged: each gets the verdict that it deserves, in words that say why."""

from __future__ import annotations

import re

import numpy as np
import pytest

from components.evaluator.bootstrap import resample
from components.evaluator.gates import judge
from components.evaluator.names import LINEAR, OVERALL, SERVED
from components.evaluator.verdict import Rival, Verdict
from components.evaluator.wanted import wanted_figures
from tests.components.evaluator.answers import metrics_of, predictions_of

ROWS = 2000
GENERATOR = np.random.default_rng(21)
TARGETS = np.arange(ROWS) % 2
BANDS = [("length_band=300+",) if row % 10 < 2 else ("length_band=0-299",) for row in range(ROWS)]
LONG = np.array([names == ("length_band=300+",) for names in BANDS])

FLOORS = {"accuracy": {"at_least": 0.8}, "auc": {"at_least": 0.85}}


def right(share: float, wrong_where: np.ndarray | None = None, seed: int = 5) -> np.ndarray:
    """Scores that are right in exactly that share of the rows, spread over both classes."""
    order = np.random.default_rng(seed).permutation(ROWS)
    if wrong_where is not None:
        order = np.concatenate([order[wrong_where[order]], order[~wrong_where[order]]])
    wrong = np.zeros(ROWS, bool)
    wrong[order[: round((1 - share) * ROWS)]] = True
    said = np.where(wrong, 1 - TARGETS, TARGETS)
    return np.clip(0.5 + 0.4 * (said - 0.5) + GENERATOR.uniform(-0.19, 0.19, ROWS), 0, 1)


def verdict(
    gates, candidate: np.ndarray, served: np.ndarray | None = None, linear: np.ndarray | None = None
) -> Verdict:
    """What the step says of these scores, all on the same rows."""
    given = {"candidate": candidate, "served": served, "linear": linear}
    predictions = predictions_of(TARGETS, {name: one for name, one in given.items() if one is not None}, BANDS)
    metrics = {name: metrics_of(predictions, name) for name in predictions.scores}
    gates = {"min_examples": 100, "min_slice_examples": 30, "confidence": 0.95, "resamples": 200} | gates
    rivals = {SERVED: Rival(metrics.get("served"), version="3" if served is not None else "")}
    rivals |= {LINEAR: Rival(metrics["linear"])} if linear is not None else {}
    return judge(
        gates,
        metrics["candidate"],
        rivals,
        resample(predictions, wanted_figures(gates, metrics), 200, gates["confidence"]),
    )


def test_a_perfect_model_is_blessed():
    found = verdict({"metrics": {**FLOORS, "log_loss": {"at_most": 0.2}}}, TARGETS.astype(float))
    assert (found.blessed, found.reasons) == (True, [])
    assert found.metrics[OVERALL]["accuracy"] == found.metrics[OVERALL]["auc"] == 1
    assert found.intervals[OVERALL]["accuracy"] == pytest.approx((1 - 3.84 / ROWS, 1), abs=1e-4)


def test_a_random_model_is_not():
    found = verdict({"metrics": FLOORS}, GENERATOR.random(ROWS))
    accuracy, auc = found.reasons
    assert re.fullmatch(r"accuracy 0\.[45]\d{3} < 0\.8000 \(overall\)", accuracy)
    assert re.fullmatch(r"auc 0\.[45]\d{3} < 0\.8500 \(overall\)", auc)


def test_nor_one_that_says_the_opposite():
    found = verdict({"metrics": FLOORS}, 1 - right(0.95))
    assert found.reasons[0] == "accuracy 0.0500 < 0.8000 (overall)"
    assert float(found.reasons[1].split()[1]) < 0.1


def test_nor_one_that_always_says_the_same_however_common_that_is():
    found = verdict({"metrics": {"accuracy": {"at_least": 0.5}, "auc": {"at_least": 0.6}}}, np.full(ROWS, 0.2))
    assert found.reasons == ["auc 0.5000 < 0.6000 (overall)"]


HAIR = {"metrics": {"accuracy": {"at_least": 0.8, "max_drop": 0.001}}}


def test_one_worse_than_the_served_by_a_hair_more_than_is_let_pass():
    found = verdict(HAIR, right(0.9), right(0.9015))
    assert found.reasons == ["accuracy 0.9000 fell 0.0015 below the served model's 0.9015 (at most 0.0010; overall)"]
    assert found.baseline_version == "3"


def test_one_worse_by_a_hair_that_is_let_pass_is_blessed_by_its_estimate_and_not_by_its_bound():
    assert verdict(HAIR, right(0.9), right(0.901)).blessed
    found = verdict({**HAIR, "judge_by": "bound"}, right(0.9), right(0.901))
    [reason] = found.reasons
    assert re.fullmatch(
        r"accuracy 0\.9000 is 0\.0010 below the served model's 0\.9010, and may be 0\.00\d+ worse "
        r"\(95% interval; at most 0\.0010; overall\)",
        reason,
    )


SLICE = {"metrics": {"accuracy": {"at_least": 0.8}}, "slices": {"length_band=300+": {"accuracy": {"at_least": 0.8}}}}


def test_one_better_on_average_and_worse_on_a_slice():
    found = verdict(
        {**SLICE, "slices": {"length_band=300+": {"accuracy": {"at_least": 0.6, "max_drop": 0.02}}}},
        right(0.95, wrong_where=LONG),
        right(0.9),
    )
    served = found.baseline_metrics
    assert served is not None
    assert found.metrics[OVERALL]["accuracy"] > served[OVERALL]["accuracy"]
    [reason] = found.reasons
    assert re.fullmatch(
        r"accuracy 0\.7500 fell 0\.\d{4} below the served model's 0\.\d{4} \(at most 0\.0200; length_band=300\+\)",
        reason,
    )
    floor = verdict(SLICE, right(0.95, wrong_where=LONG)).reasons
    assert floor == ["accuracy 0.7500 < 0.8000 (length_band=300+)"]


def test_a_star_stands_for_every_slice_of_a_feature():
    every = {**SLICE, "slices": {"length_band=*": {"accuracy": {"at_least": 0.8}}}}
    found = verdict(every, right(0.95, wrong_where=LONG))
    assert found.reasons == ["accuracy 0.7500 < 0.8000 (length_band=300+)"]
    assert [check.slice for check in found.checks] == [OVERALL, "length_band=0-299", "length_band=300+"]


BEAT = {"metrics": {"accuracy": {"at_least": 0.8, "above_linear": 0.0}}}


def test_one_better_than_the_linear_baseline_within_noise_alone():
    assert verdict(BEAT, right(0.902), linear=right(0.9)).blessed
    found = verdict({**BEAT, "judge_by": "bound"}, right(0.902), linear=right(0.9, seed=6))
    [reason] = found.reasons
    assert re.fullmatch(
        r"accuracy 0\.9020 is 0\.0020 above the linear baseline's 0\.9000, within noise "
        r"\(95% interval of the difference -0\.\d{4} to \+0\.\d{4}; at least 0\.0000 above; overall\)",
        reason,
    )


def test_one_surely_below_the_linear_baseline_is_not_within_noise():
    found = verdict({**BEAT, "judge_by": "bound", "confidence": 0.995}, right(0.82), linear=right(0.95, seed=6))
    assert re.fullmatch(
        r"accuracy 0\.8200 is 0\.1300 below the linear baseline's 0\.9500 "
        r"\(99\.5% interval of the difference -0\.\d{4} to -0\.\d{4}; at least 0\.0000 above; overall\)",
        found.reasons[-1],
    )


def test_one_that_does_not_beat_the_linear_baseline():
    margin = {"metrics": {"accuracy": {"at_least": 0.8, "above_linear": 0.01}}}
    found = verdict(margin, right(0.9), linear=right(0.905))
    assert found.reasons == [
        "accuracy 0.9000 is 0.0050 below the linear baseline's 0.9050 (at least 0.0100 above; overall)"
    ]
    assert verdict(margin, right(0.915), linear=right(0.905)).blessed
    worse = {"metrics": {"accuracy": {"at_least": 0.8, "above_linear": -0.02}}}
    let_pass = verdict(worse, right(0.9), linear=right(0.905))
    assert let_pass.blessed
    assert let_pass.notes[-1].startswith("the linear baseline is better: accuracy 0.9050 against 0.9000")


def test_where_no_gate_asks_a_linear_baseline_that_is_better_is_noted():
    found = verdict({"metrics": FLOORS}, right(0.9), linear=TARGETS.astype(float))
    assert found.blessed
    assert "the linear baseline is better: accuracy 1.0000 against 0.9000" in found.notes[-1]
    assert found.notes[-1].endswith("no gate asks to beat it")


def test_a_floor_that_must_be_sure_wants_more_than_the_estimate():
    sure = {"metrics": {"accuracy": {"at_least": 0.9, "judge_by": "bound"}}}
    assert verdict({"metrics": {"accuracy": {"at_least": 0.9}}}, right(0.905)).blessed
    [reason] = verdict(sure, right(0.905)).reasons
    assert re.fullmatch(r"accuracy 0\.9050 may be as low as 0\.8\d{3} \(95% interval\) < 0\.9000 \(overall\)", reason)
    [check] = verdict(sure, right(0.905)).checks
    assert check.interval is not None
    assert check.judged == check.interval[0]
    assert verdict(sure, right(0.93)).blessed


def test_ceilings_hold_what_is_better_the_less_there_is_of_it():
    gates = {"metrics": {"log_loss": {"at_most": 0.3}, "ece": {"at_most": 0.5, "max_rise": 0.01}}}
    found = verdict(gates, right(0.9), TARGETS.astype(float))
    loss, calibration = found.reasons
    assert re.fullmatch(r"log_loss 0\.[45]\d{3} > 0\.3000 \(overall\)", loss)
    assert re.fullmatch(
        r"ece 0\.1\d{3} rose 0\.1\d{3} above the served model's 0\.0000 \(at most 0\.0100; overall\)", calibration
    )


def test_a_bound_that_is_asked_for_and_not_there_fails():
    gates = {"metrics": {"accuracy": {"at_least": 0.5, "judge_by": "bound"}}}
    found = judge(gates, {OVERALL: {"accuracy": 0.9, "example_count": 100.0}})
    assert found.reasons[0].startswith("accuracy has no interval, which it is judged by (overall)")


def test_a_linear_baseline_that_is_not_there_fails_what_compares_with_it():
    metrics = {OVERALL: {"accuracy": 0.9, "example_count": 100.0}}
    assert judge(BEAT, metrics).reasons == [
        "the linear baseline was not measured, so that nothing can be compared with it (overall)"
    ]
    broken = {LINEAR: Rival(problem="the linear baseline cannot be compared with: it answers otherwise")}
    assert judge(BEAT, metrics, broken).reasons == ["the linear baseline cannot be compared with: it answers otherwise"]
    unasked = judge({"metrics": {"accuracy": {"at_least": 0.5}}}, metrics, broken)
    assert unasked.notes[-1].endswith("it answers otherwise; no gate compares with it")


def test_a_forced_blessing_says_why_and_keeps_what_was_missed():
    forced = {"metrics": FLOORS, "forced": "agreed with the owners of ticket 42"}
    found = verdict(forced, right(0.7))
    assert found.blessed
    assert found.forced == "agreed with the owners of ticket 42"
    assert found.reasons[0] == "accuracy 0.7000 < 0.8000 (overall)"


@pytest.mark.parametrize("wrong", [np.nan, 1.5])
def test_nobody_can_force_scores_that_are_no_probabilities(wrong):
    scores = right(0.9)
    scores[7] = wrong
    scores = np.where((scores >= 0) & (scores <= 1), scores, np.nan)
    found = verdict({"metrics": FLOORS, "forced": "whatever it takes, please"}, scores)
    assert not found.blessed
    assert found.reasons[0] == "1 of 2000 scores are no probabilities (not a number, or not in 0..1)"


WHOLE = {OVERALL: {"accuracy": 0.9, "example_count": 100.0, "invalid_scores": 0.0}}
ACCURATE = {"accuracy": {"at_least": 0.8}}


@pytest.mark.parametrize("value", ["(none)", "web"])  # one sorts before a star, the other after it
def test_what_is_asked_of_every_slice_and_of_one_is_asked_together(value):
    of_slice = {"accuracy": 0.5, "f1": 0.5, "example_count": 50.0}
    slices = {"channel=*": {"f1": {"at_least": 0.9}}, f"channel={value}": {"accuracy": {"at_least": 0.9}}}
    found = judge({"metrics": ACCURATE, "slices": slices}, {**WHOLE, f"channel={value}": of_slice})
    assert sorted(found.reasons) == [
        f"accuracy 0.5000 < 0.9000 (channel={value})", f"f1 0.5000 < 0.9000 (channel={value})"
    ]  # fmt: skip
    slices[f"channel={value}"] = {"f1": {"at_least": 0.4}}
    assert judge({"metrics": ACCURATE, "slices": slices}, {**WHOLE, f"channel={value}": of_slice}).blessed


def test_a_star_that_stands_for_nothing_is_no_pass():
    slices = {"identity=*": {"bpsn_auc": {"at_least": 0.8}}}
    [reason] = judge({"metrics": ACCURATE, "slices": slices, "min_slice_examples": 30}, WHOLE).reasons
    assert reason.startswith("no slice of identity=* has gates.min_slice_examples 30 examples")


def test_nothing_was_forced_where_nothing_was_missed():
    forced = {"metrics": ACCURATE, "forced": "left in the file by mistake"}
    found = judge(forced, WHOLE)
    assert (found.blessed, found.forced) == (True, None)


@pytest.mark.parametrize("metrics", [{}, {OVERALL: {"accuracy": 0.5, "example_count": 100.0}}])
def test_nobody_can_force_what_was_never_scored(metrics):
    found = judge({"metrics": ACCURATE, "forced": "whatever it takes, please"}, metrics)
    assert (found.blessed, found.forced) == (False, None)
