from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from components.errors import TrainingError
from components.trainer.metrics import improves, measure, operating_points

HALF = np.array([0.5], np.float32)
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])


def columns(*values):
    return np.array(values, np.float32).T


def of_both_classes(rows):
    return len({label for _, label in rows}) == 2


ROWS = st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=40).filter(of_both_classes)


@given(rows=ROWS, at_recall=st.sampled_from([0.1, 0.5, 0.7, 0.99]))
@settings(deadline=None, max_examples=60)
def test_binary_is_scikit_learns(rows, at_recall):
    zero: Any = 0  # annotated as a str
    scores, labels = np.array([row[0] for row in rows], np.float32), np.array([row[1] for row in rows])
    figures = measure("binary", scores[:, None], labels[:, None].astype(np.float32), HALF, ["no", "yes"], at_recall)
    precision, recall, _ = sklearn_metrics.precision_recall_curve(labels, scores)
    predicted = scores >= 0.5
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(labels, predicted),
        "auc": sklearn_metrics.roc_auc_score(labels, scores),
        "auc_pr": sklearn_metrics.average_precision_score(labels, scores),
        "precision": sklearn_metrics.precision_score(labels, predicted, zero_division=zero),
        "recall": sklearn_metrics.recall_score(labels, predicted),
        "f1": sklearn_metrics.f1_score(labels, predicted, zero_division=zero),
        "precision_at_recall": precision[:-1][recall[:-1] >= at_recall].max(),
    }
    assert figures == pytest.approx(expected, abs=1e-12)


def test_precision_at_recall_takes_the_best_of_all_thresholds_that_reach_it():
    # From the top: hit, alarm, hit, hit. At recall 1/3 precision is 1, at 2/3 it is 2/3, at 1 it is 3/4.
    scores, targets = columns([0.9, 0.8, 0.7, 0.6]), columns([1, 0, 1, 1])
    for at_recall, precision in ((1 / 3, 1.0), (0.5, 0.75), (0.9, 0.75)):
        figures = measure("binary", scores, targets, HALF, ["no", "yes"], at_recall)
        assert figures["precision_at_recall"] == precision


def test_multilabel_is_the_mean_over_labels_that_have_both_classes():
    scores = columns([0.9, 0.2, 0.6, 0.1], [0.9, 0.8, 0.1, 0.2], [0.3, 0.3, 0.3, 0.6])
    targets = columns([1, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0])
    figures = measure("multilabel", scores, targets, np.full(3, 0.5, np.float32), ["a", "b", "c"], 0.5)
    assert (figures["auc/a"], figures["auc/b"]) == (1.0, 0.5)
    assert math.isnan(figures["auc/c"])
    assert figures["auc"] == 0.75
    assert figures["recall"] == 0.75
    assert figures["accuracy"] == pytest.approx((3 + 2 + 3) / 12)


def test_each_label_has_its_own_threshold_compared_in_float32():
    limit = np.float32(0.1)
    scores = np.array([[0.1, 0.9], [0.05, 0.95]], np.float32)
    targets = columns([1, 0], [0, 1])
    figures = measure("multilabel", scores, targets, np.array([limit, 0.95], np.float32), ["a", "b"], 0.5)
    assert figures["accuracy"] == 1.0


def test_multiclass_answers_with_the_likeliest():
    scores = np.array([[0.5, 0.3, 0.2], [0.4, 0.5, 0.1], [0.6, 0.2, 0.2], [0.1, 0.2, 0.7]], np.float32)
    targets = np.eye(3, dtype=np.float32)[[0, 1, 2, 2]]
    figures = measure("multiclass", scores, targets, None, ["x", "y", "z"], 0.5)
    assert figures["accuracy"] == 0.75
    assert figures["f1"] == pytest.approx((2 / 3 + 1 + 2 / 3) / 3)
    one_vs_rest = sklearn_metrics.roc_auc_score([0, 1, 2, 2], scores, multi_class="ovr", average="macro")
    assert figures["auc"] == pytest.approx(one_vs_rest)
    assert {name for name in figures if "/" in name} == {"auc/x", "auc/y", "auc/z"}


def test_one_class_leaves_nothing_but_accuracy():
    figures = measure("binary", columns([0.9, 0.2]), columns([1, 1]), HALF, ["no", "yes"], 0.5)
    assert figures.pop("accuracy") == 0.5
    assert figures
    assert all(math.isnan(value) for value in figures.values())


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused(value):
    with pytest.raises(TrainingError, match=r"no number for 1 of 2 examples; lower training\.learning_rate"):
        measure("binary", columns([0.9, value]), columns([1, 0]), HALF, ["no", "yes"], 0.5)


def test_no_example_is_refused():
    with pytest.raises(TrainingError, match="no example"):
        measure("binary", np.zeros((0, 1), np.float32), np.zeros((0, 1)), HALF, ["no", "yes"], 0.5)


def test_operating_points_count_from_none_to_all():
    points = operating_points(np.array([0.2, 0.7, 0.7, 0.4], np.float32), np.array([False, True, False, True]))
    assert points.thresholds.tolist() == [math.inf, np.float32(0.7), np.float32(0.4), np.float32(0.2)]
    assert points.hits.tolist() == [0, 1, 2, 2]
    assert points.alarms.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize(
    ("metric", "value", "best", "better"),
    [
        ("auc", 0.9, 0.8, True), ("auc", 0.8, 0.8, False), ("auc", 0.8, None, True), ("auc", 0.1, math.nan, True),
        ("auc", math.nan, None, False), ("loss", 0.3, 0.4, True), ("loss", 0.4, 0.3, False),
        ("loss", math.nan, 0.4, False),
    ],
)  # fmt: skip
def test_improves(metric, value, best, better):
    assert improves(metric, value, best) is better
