"""The whole step with all that it can be given: groups of people, the linear baseline, the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from components.linear_baseline import predictions
from components.linear_baseline.artifact import LinearPredictions
from components.linear_baseline.predictions import Scored
from tests.components.evaluator import models
from tests.components.evaluator.conftest import Evaluate
from tests.components.evaluator.models import ManyLabelModel, Row

NAMES = ("l0", "l1")
THRESHOLDS = [0.5, 0.4]
GROUPS = {"men": ["man", "men"], "women": ["woman"]}
GATES = {
    "metrics": {"auc": {"at_least": 0.1, "above_linear": 0.0}},
    "slices": {"identity=women": {"bpsn_auc": {"at_least": 0.99}, "subgroup_auc": {"at_least": 0.1}}},
    "identities": {"terms": GROUPS, "label": "l1"},
    "min_slice_examples": 10,
    "resamples": 50,
    "confidence": 0.9,
}


def write_linear(folder, scores: np.ndarray) -> LinearPredictions:
    scored = Scored([f"{number:032x}" for number in range(len(scores))], scores)
    decisions = {"kind": "multilabel", "names": list(NAMES), "thresholds": [0.5, 0.5]}
    predictions.write(str(folder), {"test": scored}, decisions, {})
    artifact = LinearPredictions()
    artifact.uri = str(folder)
    return artifact


class Task:
    """Some 200 rows of two labels, half of which name a group, and what two models and the linear baseline say."""

    def __init__(self, folder):
        generator = np.random.default_rng(8)
        self.targets = (generator.random((200, 2)) < 0.4).astype(int)
        own, linear = (
            np.clip(0.4 + strength * (self.targets - 0.4) + generator.normal(0, 0.2, (200, 2)), 0.01, 0.99)
            for strength in (0.5, 0.3)
        )
        self.said = [("a man", "the Woman and men", "nobody", "womankind")[number % 4] for number in range(200)]
        self.scores, self.linear = own.round(6).astype(np.float32), linear.astype(np.float32)
        rows = [
            Row(tuple(map(int, target)), "0-99", tuple(map(float, of_row.round(6))), said)
            for target, of_row, said in zip(self.targets, own, self.said, strict=True)
        ]
        self.evaluate = Evaluate(models.write_examples(folder / "examples", rows), folder)
        self.model = models.write_model(folder / "model", ManyLabelModel(2))
        models.write_decisions(self.model, "multilabel", NAMES, THRESHOLDS)
        self.folder = folder

    def run(self, **rivals):
        return self.evaluate(self.model, GATES, kind="multilabel", names=NAMES, **rivals).verdict

    def area(self, chosen: np.ndarray) -> float:
        """That of the second label, in some of the rows."""
        return float(sklearn_metrics.roc_auc_score(self.targets[chosen, 1], self.scores[chosen, 1]))


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return Task(tmp_path_factory.mktemp("rivals"))


@pytest.fixture(scope="module")
def verdict(task):
    return task.run(linear=write_linear(task.folder / "linear", task.linear))


@pytest.mark.parametrize(
    ("group", "texts"), [("men", {"a man", "the Woman and men"}), ("women", {"the Woman and men"})]
)
def test_areas_of_groups_are_those_of_the_label_that_is_asked_for(task, verdict, group, texts):
    is_member, held = np.isin(task.said, sorted(texts)), task.targets[:, 1].astype(bool)
    measured = verdict["metrics"][f"identity={group}"]
    assert measured["example_count"] == is_member.sum()
    assert measured["subgroup_auc"] == pytest.approx(task.area(is_member), abs=1e-12)
    assert measured["bpsn_auc"] == pytest.approx(task.area(is_member & ~held | ~is_member & held), abs=1e-12)
    assert measured["bnsp_auc"] == pytest.approx(task.area(is_member & held | ~is_member & ~held), abs=1e-12)
    low, high = verdict["intervals"][f"identity={group}"]["bpsn_auc"]
    assert low < measured["bpsn_auc"] < high
    assert "bpsn_auc" not in verdict["metrics"]["overall"]


def test_a_group_is_gated(verdict):
    assert not verdict["blessed"]
    [reason] = verdict["reasons"]
    value = verdict["metrics"]["identity=women"]["bpsn_auc"]
    assert reason == f"bpsn_auc {value:.4f} < 0.9900 (identity=women)"


def test_the_linear_baseline_is_measured_on_the_same_rows(task, verdict):
    measured = verdict["linear_metrics"]["overall"]
    assert measured["auc"] == pytest.approx(sklearn_metrics.roc_auc_score(task.targets, task.linear), abs=1e-12)
    decided = task.linear >= 0.5
    f1 = sklearn_metrics.f1_score(task.targets, decided, average="macro")
    assert measured["f1"] == pytest.approx(f1, abs=1e-12)
    [compared] = [one for one in verdict["comparisons"] if one["metric"] == "auc" and one["slice"] == "overall"]
    assert compared["against"] == "linear"
    assert compared["difference"] == pytest.approx(verdict["metrics"]["overall"]["auc"] - measured["auc"])
    low, high = compared["interval"]
    assert low < compared["difference"] < high
    [check] = [one for one in verdict["checks"] if one["kind"] == "above_linear"]
    assert (check["interval"], check["passed"]) == (compared["interval"], True)


def test_intervals_are_as_sure_as_was_asked_for(verdict):
    assert (verdict["confidence"], verdict["resamples"]) == (0.9, 50)
    low, high = verdict["intervals"]["overall"]["auc"]
    assert low < verdict["metrics"]["overall"]["auc"] < high


def test_the_served_model_itself_differs_in_nothing(task, as_served):
    verdict = task.run(served=as_served(task.model))
    assert verdict["baseline_metrics"]["overall"] == verdict["metrics"]["overall"]
    of_whole = [one for one in verdict["comparisons"] if one["against"] == "served"]
    assert {one["metric"] for one in of_whole} >= {"accuracy", "auc", "f1", "log_loss", "ece"}
    assert {(one["difference"], *one["interval"]) for one in of_whole} == {(0, 0, 0)}
