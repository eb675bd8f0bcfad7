"""The whole step for every kind of labels, beside scikit-learn on the same scores; each model by its own thresholds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from components.errors import EvaluationError
from tests.components.evaluator import models
from tests.components.evaluator.conftest import BANDS, Evaluate
from tests.components.evaluator.models import BETTER, GOOD, ManyLabelModel, Row

NAMES = ("l0", "l1", "l2")
OWN, SERVED = [0.3, 0.5, 0.7], [0.6, 0.25, 0.45]
GATES = {"metrics": {"accuracy": {"at_least": 0.1}, "f1": {"at_least": 0.1, "max_drop": 0.9}}}
MACRO = ("auc", "auc_pr", "precision", "recall", "f1")


def _rows(kind, generator):
    for index in range(240):
        target = [index % 3 == label for label in range(3)] if kind == "multiclass" else generator.random(3) < 0.35
        scores = np.clip(0.35 + 0.3 * np.array(target) + generator.normal(0, 0.25, (2, 3)), 0.001, 0.999)
        if kind == "multiclass":
            scores /= scores.sum(axis=1, keepdims=True)
        if index < 20 and kind == "multilabel":
            scores[0] = OWN  # at the thresholds, to the last bit
        yield Row(
            tuple(map(int, target)), BANDS[index // 3 % 3], tuple(round(float(score), 6) for score in scores.ravel())
        )


class Task:
    """Rows, a candidate and a served model of one kind."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.rows = list(_rows(kind, np.random.default_rng(3)))
        self.evaluate = Evaluate(models.write_examples(folder / "examples", self.rows), folder)
        self.candidate = models.write_model(folder / "candidate", ManyLabelModel(3))
        self.served = models.write_model(folder / "served", ManyLabelModel(3, first=3))
        thresholds = (OWN, SERVED) if kind == "multilabel" else (None, None)
        models.write_decisions(self.candidate, kind, NAMES, thresholds[0])
        models.write_decisions(self.served, kind, NAMES, thresholds[1])

    def run(self, served):
        return self.evaluate(self.candidate, GATES, served, kind=self.kind, names=NAMES).verdict

    def scores(self, first, band=None):
        rows = [row.scores[first : first + 3] for row in self.rows if band in (None, row.band)]
        return np.array(rows, np.float32)

    def targets(self, band=None):
        return np.array([row.target for row in self.rows if band in (None, row.band)])


@pytest.fixture(scope="module", params=["multilabel", "multiclass"])
def judged(request, tmp_path_factory):
    """A task, and the verdict of a run that compares its two models."""
    task = Task(request.param, tmp_path_factory.mktemp(request.param))
    task.served.set_string_custom_property("version", "17")
    from components.model_folder import model_digest

    task.served.set_string_custom_property("digest", model_digest(f"{task.served.uri}/Format-Serving"))
    return task, task.run(task.served)


def expected(kind, scores, targets, thresholds):
    """Every gated metric, by scikit-learn."""
    if kind == "multiclass":
        decided = np.eye(3)[scores.argmax(axis=1)]
        accuracy = sklearn_metrics.accuracy_score(targets.argmax(axis=1), scores.argmax(axis=1))
    else:
        decided = scores >= np.array(thresholds, np.float32)
        accuracy = np.mean([sklearn_metrics.accuracy_score(targets[:, n], decided[:, n]) for n in range(3)])
    precision, recall, f1, _ = sklearn_metrics.precision_recall_fscore_support(
        targets,
        decided,
        average="macro",
        zero_division=0.0,  # pyright: ignore[reportArgumentType]  (annotated str)
    )
    return {
        "accuracy": accuracy,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "auc": sklearn_metrics.roc_auc_score(targets, scores, average="macro"),
        "auc_pr": sklearn_metrics.average_precision_score(targets, scores, average="macro"),
        "auc_micro": sklearn_metrics.roc_auc_score(targets, scores, average="micro"),
        "f1_micro": sklearn_metrics.f1_score(targets, decided, average="micro"),
        "precision_micro": sklearn_metrics.precision_score(targets, decided, average="micro"),
        "recall_micro": sklearn_metrics.recall_score(targets, decided, average="micro"),
    }


def assert_equal(measured, wanted):
    for name, value in wanted.items():
        assert measured[name] == pytest.approx(value, abs=1e-12), name


def test_every_gated_metric_is_scikit_learns(judged):
    task, verdict = judged
    measured = verdict["metrics"]["overall"]
    assert_equal(measured, expected(task.kind, task.scores(0), task.targets(), OWN))
    assert measured["example_count"] == 240
    assert measured["invalid_scores"] == 0


def test_the_served_model_is_judged_by_its_own_thresholds(judged):
    task, verdict = judged
    assert_equal(verdict["baseline_metrics"]["overall"], expected(task.kind, task.scores(3), task.targets(), SERVED))
    assert verdict["blessed"], verdict["reasons"]


def test_a_slice_is_measured_on_its_own_rows(judged):
    task, verdict = judged
    wanted = expected(task.kind, task.scores(0, "300+"), task.targets("300+"), OWN)
    assert_equal(verdict["metrics"]["length_band=300+"], wanted)


def test_each_label_is_told(judged):
    task, verdict = judged
    measured, scores, targets = verdict["metrics"]["overall"], task.scores(0), task.targets()
    for number, name in enumerate(NAMES):
        auc = sklearn_metrics.roc_auc_score(targets[:, number], scores[:, number])
        assert measured[f"auc/{name}"] == pytest.approx(auc, abs=1e-12)
    for metric in MACRO:
        mean = sum(measured[f"{metric}/{name}"] for name in NAMES) / 3
        assert measured[metric] == pytest.approx(mean, abs=1e-12)


def test_the_loss_is_that_of_all_labels(judged):
    task, verdict = judged
    scores, targets = task.scores(0).astype(np.float64), task.targets()
    if task.kind == "multiclass":
        wanted = -np.log(scores[targets == 1]).mean()
    else:
        wanted = -np.where(targets == 1, np.log(scores), np.log(1 - scores)).mean()
    assert verdict["metrics"]["overall"]["log_loss"] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_a_score_that_is_no_number_spoils_every_metric_and_is_counted_by_the_example(kind, tmp_path):
    generator = np.random.default_rng(5)
    rows = [Row(row.target, row.band, row.scores[:3]) for row in _rows(kind, generator)][:30]
    spoilt = [
        Row(rows[0].target, rows[0].band, (math.nan, 0.2, 0.3)),
        Row(rows[1].target, rows[1].band, (0.1, 0.2, 2.5)),
    ]
    evaluate = Evaluate(models.write_examples(tmp_path / "examples", [*spoilt, *rows[2:]]), tmp_path)
    model = models.write_model(tmp_path / "model", ManyLabelModel(3))
    verdict = evaluate(model, {"metrics": {"auc": {"at_least": 0.1}}}, kind=kind, names=NAMES).verdict
    assert verdict["metrics"]["overall"]["invalid_scores"] == 2
    assert verdict["metrics"]["overall"]["auc/l1"] is None
    assert verdict["reasons"] == [
        "2 of 30 scores are no probabilities (not a number, or not in 0..1)",
        "auc is not a number (overall)",
    ]


def test_two_binary_models_each_by_its_own_threshold(evaluate, rows, as_served, tmp_path):
    own, served = (
        models.write_model(tmp_path / str(position), models.WordModel(position)) for position in (GOOD, BETTER)
    )
    models.write_decisions(own, "binary", ["neg", "pos"], [0.3])
    models.write_decisions(served, "binary", ["neg", "pos"], [0.62])
    verdict = evaluate(own, {"metrics": {"f1": {"at_least": 0.5, "max_drop": 0.5}}}, as_served(served)).verdict
    targets = np.array([row.target for row in rows])
    for metrics, position, threshold in ((verdict["metrics"], GOOD, 0.3), (verdict["baseline_metrics"], BETTER, 0.62)):
        decided = np.array([row.scores[position] for row in rows], np.float32) >= np.float32(threshold)
        assert metrics["overall"]["f1"] == pytest.approx(sklearn_metrics.f1_score(targets, decided), abs=1e-12)
        assert metrics["overall"]["accuracy"] == sklearn_metrics.accuracy_score(targets, decided)


def test_a_candidate_of_other_labels_is_an_error_of_the_export(evaluate, tmp_path):
    model = models.write_model(tmp_path / "model", models.WordModel(GOOD))
    models.write_decisions(model, "binary", ["no", "yes"], [0.5])
    with pytest.raises(EvaluationError, match=r"answers with binary labels \['no', 'yes'\], not with .*'neg', 'pos'"):
        evaluate(model, {"metrics": {"auc": {"at_least": 0.5}}})
    other = models.write_model(tmp_path / "other", models.WordModel(GOOD))
    with pytest.raises(EvaluationError, match="1 scores for multilabel labels"):
        evaluate(other, {"metrics": {"auc": {"at_least": 0.5}}}, kind="multilabel", names=["a", "b"])
