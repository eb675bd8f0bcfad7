from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from components.evaluator.decisions import Decisions
from components.evaluator.measures import Answers, Measurer, every_figure
from components.evaluator.names import COUNTS, METRICS
from components.trainer.calibration import CalibrationBins

NAMES = ("a", "b", "c")


def rows_of(kind: str, count: int = 400):
    """Targets, float32 scores and decisions of a random model."""
    generator = np.random.default_rng(4)
    labels = 1 if kind == "binary" else 3
    targets = generator.random((count, labels)) < 0.4
    if kind == "multiclass":
        targets = np.eye(3)[generator.integers(0, 3, count)].astype(bool)
    scores = np.clip(0.4 + 0.2 * targets + generator.normal(0, 0.2, targets.shape), 0.01, 0.99)
    if kind == "multiclass":
        scores /= scores.sum(axis=1, keepdims=True)
    thresholds = () if kind == "multiclass" else (0.45,) * labels
    names = ("no", "a") if kind == "binary" else NAMES
    return targets, scores.astype(np.float32), Decisions(kind, names, thresholds)


def measurer(kind: str, rows=None, wanted=METRICS) -> Measurer:
    targets, scores, decisions = rows or rows_of(kind)
    return Measurer(kind, decisions.scored, targets, Answers(scores, decisions.decide(scores)), wanted)


@pytest.mark.parametrize("kind", ["binary", "multilabel", "multiclass"])
def test_a_row_that_counts_twice_is_two_rows(kind):
    targets, scores, decisions = rows_of(kind)
    counts = np.random.default_rng(5).integers(0, 4, len(targets))
    repeated = np.repeat(targets, counts, axis=0), np.repeat(scores, counts, axis=0), decisions
    weighted, counted = measurer(kind).measure(counts.astype(float)), measurer(kind, repeated).measure()
    assert list(weighted) == list(counted)
    assert weighted == pytest.approx(counted, abs=1e-9)


def test_every_figure_of_one_label_is_scikit_learns():
    targets, scores, decisions = rows_of("binary")
    held, score, decided = targets[:, 0], scores[:, 0], decisions.decide(scores)[:, 0]
    measured = measurer("binary").measure()
    assert measured["accuracy"] == sklearn_metrics.accuracy_score(held, decided)
    assert measured["precision"] == sklearn_metrics.precision_score(held, decided)
    assert measured["recall"] == sklearn_metrics.recall_score(held, decided)
    assert measured["f1"] == pytest.approx(sklearn_metrics.f1_score(held, decided), abs=1e-15)
    assert measured["log_loss"] == pytest.approx(sklearn_metrics.log_loss(held, score.astype(float)), abs=1e-12)
    assert measured["ece"] == pytest.approx(CalibrationBins(score, held).error(), abs=1e-12)
    negatives, alarms, misses, hits = sklearn_metrics.confusion_matrix(held, decided).ravel()
    assert [measured[name] for name in COUNTS] == [hits, alarms, negatives, misses]


def test_the_calibration_error_of_one_of_many_is_that_of_the_likeliest():
    targets, scores, _ = rows_of("multiclass")
    is_right = scores.argmax(axis=1) == targets.argmax(axis=1)
    expected = CalibrationBins(scores.max(axis=1), is_right).error()
    assert measurer("multiclass").measure()["ece"] == pytest.approx(expected, abs=1e-12)


def test_a_score_that_is_no_number_spoils_all_but_the_counts_of_rows():
    targets, scores, decisions = rows_of("multilabel")
    scores[3] = np.nan
    measured = measurer("multilabel", (targets, scores, decisions)).measure()
    assert (measured.pop("example_count"), measured.pop("invalid_scores")) == (400, 1)
    assert all(math.isnan(value) for value in measured.values())


def test_rows_of_one_class_have_no_area_and_what_is_never_answered_no_merit():
    targets, scores = np.zeros((50, 1), bool), np.full((50, 1), 0.1, np.float32)
    measured = measurer("binary", (targets, scores, Decisions("binary", ("no", "yes"), (0.5,)))).measure()
    assert math.isnan(measured["auc"])
    assert math.isnan(measured["auc_pr"])
    assert (measured["precision"], measured["recall"], measured["f1"], measured["accuracy"]) == (0, 0, 0, 1)


def test_with_a_mean_over_labels_comes_that_of_each():
    measured = measurer("multilabel", wanted=("f1",)).measure()
    assert measured["f1"] == pytest.approx(np.mean([measured[f"f1/{name}"] for name in "abc"]))


def test_only_what_is_wanted_is_computed():
    measured = measurer("multilabel", wanted=("accuracy", "f1/b")).measure()
    assert {"accuracy", "f1", "f1/b", "f1_micro"} <= set(measured)
    assert not {"f1/a", "auc", "auc/a", "auc_micro", "log_loss", "ece"} & set(measured)
    own = measurer("multilabel", wanted=("auc/b",)).measure()
    assert own["auc/b"] == measurer("multilabel", wanted=None).measure()["auc/b"]
    assert "auc/a" not in own


@pytest.mark.parametrize("kind", ["binary", "multilabel", "multiclass"])
def test_all_that_can_be_measured_is_where_nothing_is_said(kind):
    decisions = rows_of(kind)[2]
    measured = measurer(kind, wanted=None).measure()
    assert every_figure(decisions.scored) <= set(measured)
    assert measured == pytest.approx(measurer(kind, wanted=every_figure(decisions.scored)).measure())


def test_a_label_without_an_area_leaves_the_mean_undefined_and_the_others_theirs():
    targets, scores, decisions = rows_of("multilabel")
    targets[:, 1] = False
    measured = measurer("multilabel", (targets, scores, decisions), wanted=None).measure()
    assert math.isnan(measured["auc"])
    assert math.isnan(measured["auc/b"])
    assert 0 < measured["auc/a"] < 1
    means = measurer("multilabel", (targets, scores, decisions), wanted=("auc", "auc_pr")).measure()
    assert math.isnan(means["auc"])
    assert math.isnan(means["auc_pr"])


def test_a_draw_leaves_undefined_what_it_holds_no_row_of():
    targets, scores, decisions = rows_of("binary")
    without = measurer("binary", (targets, scores, decisions)).measure((~targets[:, 0]).astype(float))
    assert [math.isnan(without[name]) for name in ("recall", "f1", "auc", "precision")] == [True, True, True, False]
    assert without["precision"] == 0
    mean = measurer("multilabel").measure((~rows_of("multilabel")[0][:, 0]).astype(float))
    assert math.isfinite(mean["recall"])


def test_what_figures_rest_on():
    targets, scores, decisions = rows_of("binary")
    held, decided = int(targets.sum()), int(decisions.decide(scores).sum())
    rests = measurer("binary").evidence()
    assert rests["accuracy"] == (400, True)
    assert rests["precision"] == (decided, True)
    assert rests["recall"] == (held, True)
    assert rests["f1"] == rests["auc_pr"] == (held, False)
    assert rests["auc"] == (min(held, 400 - held), False)
    of_labels = rows_of("multilabel")[0].sum(axis=0)
    several = measurer("multilabel").evidence()
    assert several["accuracy"] == (400, False)
    assert several["recall"] == (of_labels.min(), False)
    assert several["recall/c"] == (of_labels[2], True)
    assert several["recall_micro"] == (of_labels.sum(), False)
    assert measurer("multiclass").evidence()["accuracy"] == (400, True)


def test_certain_mistakes_cost_much_and_not_everything():
    targets, scores = np.array([[1], [0]], bool), np.array([[0.0], [0.0]], np.float32)
    measured = measurer("binary", (targets, scores, Decisions("binary", ("no", "yes"), (0.5,)))).measure()
    assert measured["log_loss"] == pytest.approx(-math.log(1e-7) / 2, rel=1e-6)
