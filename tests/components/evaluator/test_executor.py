"""The whole step, on models whose every score is known."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from sklearn import metrics as sklearn_metrics
from tfx.types import standard_artifacts

from components.model_folder import model_digest
from tests.components.evaluator import models
from tests.components.evaluator.conftest import BFLOAT16
from tests.components.evaluator.models import BETTER, GOOD, SPOILT

FLOORS = {"min_examples": 300, "metrics": {"accuracy": {"at_least": 0.6}, "auc": {"at_least": 0.6}}}
COMPARED = {"metrics": {"accuracy": {"at_least": 0.6, "max_drop": 0.01}}}


def _scores(rows, position):
    return np.array([row.scores[position] for row in rows], np.float32)


def _targets(rows):
    return np.array([row.target for row in rows])


@pytest.fixture(scope="module")
def first_run(evaluate, model):
    return evaluate(model(GOOD), {**FLOORS, "slices": {"length_band=300+": {"accuracy": {"at_least": 0.6}}}})


@pytest.fixture(scope="module")
def worse_than_served(evaluate, model):
    served = standard_artifacts.Model()
    served.uri, served.id = model(BETTER).uri, 4
    served.set_string_custom_property("version", "17")
    served.set_string_custom_property("digest", model_digest(f"{served.uri}/Format-Serving"))
    return evaluate(model(GOOD), COMPARED, served)


def test_a_good_first_model_is_blessed_as_tfx_blesses(first_run, model):
    assert first_run.verdict["blessed"]
    assert first_run.verdict["reasons"] == []
    assert first_run.verdict["baseline_metrics"] is None
    assert first_run.verdict["baseline_version"] == ""
    assert first_run.blessing.get_int_custom_property("blessed") == 1
    assert first_run.blessing.get_string_custom_property("current_model") == model(GOOD).uri
    assert first_run.blessing.has_custom_property("current_model_id")
    assert not first_run.blessing.has_custom_property("baseline_model_id")
    assert (first_run.folder.parent / "blessing" / "BLESSED").is_file()
    assert not (first_run.folder.parent / "blessing" / "NOT_BLESSED").exists()


def test_thresholded_metrics_are_scikit_learns_to_the_last_bit(first_run, rows):
    targets, predicted = _targets(rows), _scores(rows, GOOD) >= np.float32(0.5)
    overall = first_run.verdict["metrics"]["overall"]
    assert overall["accuracy"] == sklearn_metrics.accuracy_score(targets, predicted)
    assert overall["precision"] == sklearn_metrics.precision_score(targets, predicted)
    assert overall["recall"] == sklearn_metrics.recall_score(targets, predicted)
    assert sklearn_metrics.confusion_matrix(targets, predicted).ravel().tolist() == [
        overall["true_negatives"],
        overall["false_positives"],
        overall["false_negatives"],
        overall["true_positives"],
    ]
    assert overall["example_count"] == len(rows)


def test_areas_and_loss_agree_with_scikit_learn(first_run, rows):
    targets, scores = _targets(rows), _scores(rows, GOOD).astype(np.float64)
    overall = first_run.verdict["metrics"]["overall"]
    assert overall["auc"] == pytest.approx(sklearn_metrics.roc_auc_score(targets, scores), abs=1e-12)
    assert overall["auc_pr"] == pytest.approx(sklearn_metrics.average_precision_score(targets, scores), abs=1e-12)
    # Keras cuts scores off at 1e-7, as we do here.
    assert overall["log_loss"] == pytest.approx(
        sklearn_metrics.log_loss(targets, np.clip(scores, 1e-7, 1 - 1e-7)), rel=1e-12
    )


def test_a_slice_is_measured_on_its_own_rows(first_run, rows):
    band = [row for row in rows if row.band == "300+"]
    measured = first_run.verdict["metrics"]["length_band=300+"]
    assert measured["example_count"] == len(band)
    assert measured["accuracy"] == sklearn_metrics.accuracy_score(_targets(band), _scores(band, GOOD) >= 0.5)
    assert list(first_run.verdict["metrics"]) == [
        "overall", "label=neg", "label=pos", "length_band=0-99", "length_band=100-299", "length_band=300+"
    ]  # fmt: skip


def test_tfma_can_read_what_was_written(first_run, worse_than_served):
    alone = tfma.load_eval_result(str(first_run.folder))
    metrics = alone.get_metrics_for_slice()
    assert metrics is not None
    assert metrics["auc"]["doubleValue"] == first_run.verdict["metrics"]["overall"]["auc"]
    served = tfma.load_eval_result(str(worse_than_served.folder), model_name="served")
    metrics = served.get_metrics_for_slice()
    assert metrics is not None
    assert metrics["auc"]["doubleValue"] == worse_than_served.verdict["baseline_metrics"]["overall"]["auc"]


def test_a_model_below_the_served_one_is_not_blessed(worse_than_served, rows):
    verdict = worse_than_served.verdict
    targets = _targets(rows)
    own, served = (
        sklearn_metrics.accuracy_score(targets, _scores(rows, position) >= 0.5) for position in (GOOD, BETTER)
    )
    assert verdict["reasons"] == [
        f"accuracy {own:.4f} fell {served - own:.4f} below the served model's {served:.4f} (at most 0.0100; overall)"
    ]
    [check] = [check for check in verdict["checks"] if check["kind"] == "max_drop"]
    assert (check["value"], check["baseline"], check["drop"]) == (own, served, served - own)
    assert verdict["baseline_version"] == "17"
    assert verdict["baseline_metrics"]["overall"]["accuracy"] == served
    blessing = worse_than_served.blessing
    assert blessing.get_int_custom_property("blessed") == 0
    assert blessing.get_int_custom_property("baseline_model_id") == 4
    assert (worse_than_served.folder.parent / "blessing" / "NOT_BLESSED").is_file()
    assert not (worse_than_served.folder.parent / "blessing" / "BLESSED").exists()


def test_what_has_no_number_is_refused_in_a_sentence_each(evaluate, model):
    gates = {
        "metrics": {"accuracy": {"at_least": 0.6}},
        "slices": {
            "label=neg": {"accuracy": {"at_least": 0.5}, "auc": {"at_least": 0.0}},
            "source=web": {"accuracy": {"at_least": 0.0}},
        },
    }
    verdict = evaluate(model(SPOILT), gates).verdict
    assert verdict["reasons"] == [
        "3 of 300 scores are no probabilities (not a number, or not in 0..1)",
        "accuracy is not a number (overall)",
        "auc is not a number (label=neg)",
        "no example was evaluated in source=web",
    ]
    assert verdict["metrics"]["overall"]["invalid_scores"] == 3
    assert verdict["metrics"]["overall"]["accuracy"] is None
    assert verdict["metrics"]["length_band=0-99"]["accuracy"] > 0.5
    assert verdict["metrics"]["length_band=300+"]["accuracy"] is None


@pytest.fixture(scope="module")
def other_settings(evaluate, model):
    """Another threshold, while training left bfloat16 switched on."""
    tf.config.optimizer.set_experimental_options({BFLOAT16: True})
    try:
        return evaluate(model(GOOD), FLOORS, threshold=0.3)
    finally:
        tf.config.optimizer.set_experimental_options({BFLOAT16: False})


def test_a_threshold_that_is_no_float32_counts_equal_scores_as_positive(other_settings, rows):
    predicted = _scores(rows, GOOD) >= np.float32(0.3)
    assert (_scores(rows, GOOD) == np.float32(0.3)).sum() >= 5
    accuracy = sklearn_metrics.accuracy_score(_targets(rows), predicted)
    assert other_settings.verdict["metrics"]["overall"]["accuracy"] == accuracy


def test_bfloat16_in_training_changes_no_score(other_settings, first_run):
    assert other_settings.bfloat16 is False
    for name in ("auc", "auc_pr", "log_loss", "example_count"):
        assert other_settings.verdict["metrics"]["overall"][name] == first_run.verdict["metrics"]["overall"][name]


def test_a_served_model_that_fails_is_a_reason_and_the_candidate_is_measured(evaluate, model, as_served, tmp_path):
    verdict = evaluate(model(GOOD), COMPARED, as_served(models.write_model(tmp_path, models.FailingModel(0)))).verdict
    assert not verdict["blessed"]
    [reason] = verdict["reasons"]
    assert reason.startswith(
        "the served model (version 17) cannot be compared with: "
        "scoring it failed with InvalidArgumentError: assertion failed: [out of order]"
    )
    assert verdict["metrics"]["overall"]["accuracy"] > 0.6
    assert verdict["baseline_metrics"] is None
