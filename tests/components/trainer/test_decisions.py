from __future__ import annotations

import json

import numpy as np
import pytest

from components.errors import TrainingError
from components.trainer.decisions import decide, scores_of

NONE = {"tune": "none", "floor": None, "calibrate": False}


def overconfident(labels=1, examples=4000, times=3.0, seed=0):
    """Logits three times too sure, and targets as their thirds say."""
    generator = np.random.default_rng(seed)
    honest = generator.normal(-1, 2, (examples, labels))
    targets = (generator.random(honest.shape) < 1 / (1 + np.exp(-honest))).astype(np.float32)
    return (honest * times).astype(np.float32), targets


def test_nothing_asked_leaves_everything_as_it_is():
    logits, targets = overconfident()
    decided = decide("binary", ["no", "yes"], logits, targets, NONE, 0.4)
    assert decided.temperature.tolist() == [1.0]
    assert decided.thresholds is not None
    assert decided.thresholds.dtype == np.float32
    assert decided.thresholds.tolist() == [np.float32(0.4)]
    assert decided.report["ece"]["before"] == decided.report["ece"]["after"]
    assert decided.report["warnings"] == []


def test_calibration_lowers_log_loss_and_ece_of_every_label():
    logits, targets = overconfident(labels=3)
    decided = decide("multilabel", ["a", "b", "c"], logits, targets, NONE | {"calibrate": True}, 0.5)
    assert decided.temperature.dtype == np.float32
    assert decided.temperature == pytest.approx([3, 3, 3], rel=0.15)
    for of_label in (*decided.report["labels"].values(), decided.report):
        assert of_label["log_loss"]["after"] < of_label["log_loss"]["before"]
        assert of_label["ece"]["after"] < of_label["ece"]["before"]


def test_thresholds_are_tuned_on_calibrated_scores():
    logits, targets = overconfident()
    decided = decide("binary", ["no", "yes"], logits, targets, NONE | {"tune": "f1", "calibrate": True}, 0.5)
    assert decided.thresholds is not None
    scores = scores_of("binary", logits, decided.temperature)
    called = scores >= decided.thresholds
    hits = (called & (targets > 0.5)).sum()
    assert decided.report["labels"]["yes"]["reached"]["f1"] == pytest.approx(2 * hits / (called.sum() + targets.sum()))
    assert decided.report["tuned_for"] == "f1"
    assert decided.report["thresholds"] == decided.thresholds.tolist()


def test_exported_graph_answers_as_was_counted():
    import tensorflow as tf

    logits, targets = overconfident(examples=2000)
    decided = decide("binary", ["no", "yes"], logits, targets, NONE | {"tune": "accuracy", "calibrate": True}, 0.5)
    graph = tf.function(lambda x: tf.sigmoid(x / decided.temperature) >= decided.thresholds)
    accuracy = np.mean(graph(tf.constant(logits)).numpy() == (targets > 0.5))
    assert accuracy == decided.report["labels"]["yes"]["reached"]["accuracy"]


def test_floor_that_is_out_of_reach_is_a_warning_with_what_was_reached():
    generator = np.random.default_rng(3)
    logits, targets = generator.normal(size=(400, 2)).astype(np.float32), np.zeros((400, 2), np.float32)
    targets[::2] = 1
    logits[np.argmax(logits[:, 1]), 1] = 0  # the highest of all is then no lonely hit
    targets[np.argsort(-logits[:, 1])[:5], 1] = 0
    settings = NONE | {"tune": "precision", "floor": 0.999}
    decided = decide("multilabel", ["fine", "lost"], logits, targets, settings, 0.5)
    lost = decided.report["labels"]["lost"]["reached"]["precision"]
    assert lost < 0.999
    (warning,) = [text for text in decided.report["warnings"] if "'lost'" in text]
    assert f"{lost:.4f}" in warning
    assert "decisions.floor 0.999 of precision" in warning


def test_label_of_one_class_stays_as_it_is():
    logits, targets = overconfident(labels=2)
    targets[:, 1] = 0
    settings = NONE | {"tune": "f1", "calibrate": True}
    decided = decide("multilabel", ["known", "never"], logits, targets, settings, 0.5)
    assert decided.thresholds is not None
    assert (decided.temperature[1], decided.thresholds[1]) == (1.0, 0.5)
    assert decided.temperature[0] > 2
    assert [text for text in decided.report["warnings"] if "'never'" in text and "too few to calibrate" in text]
    assert [text for text in decided.report["warnings"] if "'never'" in text and "one class" in text]


def test_few_positives_are_tuned_with_a_warning():
    logits, targets = overconfident(examples=200)
    targets[:] = 0
    targets[np.argsort(-logits[:, 0])[:3]] = 1
    decided = decide("binary", ["no", "yes"], logits, targets, NONE | {"tune": "f1"}, 0.5)
    assert decided.report["labels"]["yes"]["reached"]["f1"] == 1.0
    assert "tuned on 3 positive examples of 200" in decided.report["warnings"][0]


def test_temperature_at_its_bound_is_a_warning():
    logits = np.tile(np.array([[2.0], [-2.0]], np.float32), (20, 1))
    decided = decide("binary", ["no", "yes"], logits, logits > 0, NONE | {"calibrate": True}, 0.5)
    assert "reached its bound, 0.1" in decided.report["warnings"][0]


def test_multiclass_has_a_temperature_for_all_and_no_threshold():
    generator = np.random.default_rng(5)
    honest = generator.normal(0, 2, (4000, 3))
    targets = np.eye(3)[(honest + generator.gumbel(size=honest.shape)).argmax(axis=1)]
    logits = (honest * 2).astype(np.float32)
    settings = {"tune": "f1", "floor": None, "calibrate": True}
    decided = decide("multiclass", ["x", "y", "z"], logits, targets, settings, 0.5)
    assert decided.temperature == pytest.approx([2], rel=0.15)
    assert decided.thresholds is None
    assert decided.report["thresholds"] is None
    assert decided.report["ece"]["after"] < decided.report["ece"]["before"]
    assert "does nothing for labels.kind multiclass" in decided.report["warnings"][0]
    assert sum(label["positives"] for label in decided.report["labels"].values()) == 4000


@pytest.mark.parametrize("kind", ["binary", "multilabel", "multiclass"])
def test_report_is_json(kind):
    labels = 1 if kind == "binary" else 3
    logits, targets = overconfident(labels)
    if kind == "multiclass":
        targets = np.eye(3, dtype=np.float32)[logits.argmax(axis=1)]
    names = ["no", "yes"] if kind == "binary" else ["a", "b", "c"]
    report = decide(kind, names, logits, targets, NONE | {"calibrate": True}, 0.5).report
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_logits_that_are_no_numbers_are_refused():
    with pytest.raises(TrainingError, match="no number for 1 of 2"):
        decide("binary", ["no", "yes"], np.array([[np.nan], [0.0]]), np.array([[1.0], [0.0]]), NONE, 0.5)
