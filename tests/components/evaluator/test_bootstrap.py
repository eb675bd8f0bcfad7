from __future__ import annotations

import numpy as np
import pytest

from components.evaluator.bootstrap import resample
from tests.components.evaluator.answers import metrics_of, predictions_of

GENERATOR = np.random.default_rng(11)


def scores_of(targets: np.ndarray, strength: float, generator=GENERATOR) -> np.ndarray:
    return np.clip(0.5 + strength * (targets - 0.5) + generator.normal(0, 0.25, targets.shape), 0, 1)


def resampled(predictions, wanted, draws=400, **settings):
    return resample(predictions, wanted, draws, 0.95, **settings)


@pytest.fixture(scope="module")
def two_models():
    """Some 1,000 rows of two bands; the served model is the candidate with a little noise."""
    targets = np.arange(1000) % 2
    own = scores_of(targets, 0.3)
    served = np.clip(own + GENERATOR.normal(0, 0.02, own.shape), 0, 1)
    bands = [("length_band=long",) if row % 5 == 0 else ("length_band=short",) for row in range(1000)]
    return predictions_of(targets, {"candidate": own, "served": served}, bands)


def test_the_interval_of_a_share_is_that_of_its_standard_error(two_models):
    accuracy = metrics_of(two_models, "candidate")["overall"]["accuracy"]
    interval = resampled(two_models, {"candidate": {"overall": ["accuracy"]}}, 2000).interval("overall", "accuracy")
    assert interval is not None
    error = np.sqrt(accuracy * (1 - accuracy) / 1000)
    assert interval == pytest.approx((accuracy - 1.96 * error, accuracy + 1.96 * error), abs=0.005)


def test_intervals_cover_as_often_as_they_say():
    generator, covered = np.random.default_rng(2), 0
    for _ in range(120):
        targets = generator.integers(0, 2, 150)
        scores = np.where(generator.random(150) < 0.8, targets, 1 - targets)  # right in 80 of 100
        predictions = predictions_of(targets, {"candidate": scores})
        found = resampled(predictions, {"candidate": {"overall": ["accuracy"]}}, 200).interval("overall", "accuracy")
        assert found is not None
        covered += found[0] <= 0.8 <= found[1]
    assert 0.88 <= covered / 120 <= 0.99


def test_a_difference_of_the_same_rows_is_known_better_than_either_model(two_models):
    whole = {"overall": ["auc"]}
    found = resampled(two_models, {"candidate": whole, "served": whole})
    own, difference = found.interval("overall", "auc"), found.difference("served", "overall", "auc")
    assert own is not None
    assert difference is not None
    assert difference[1] - difference[0] < (own[1] - own[0]) / 3
    assert (
        difference[0]
        <= metrics_of(two_models, "candidate")["overall"]["auc"] - metrics_of(two_models, "served")["overall"]["auc"]
        <= difference[1]
    )


def test_fewer_rows_have_wider_intervals_and_equal_arguments_equal_ones(two_models):
    wanted = {"candidate": {"overall": ["f1"], "length_band=long": ["f1"], "length_band=none": ["f1"]}}
    found, again = resampled(two_models, wanted), resampled(two_models, wanted)
    assert found.intervals() == again.intervals()
    assert set(found.intervals()) == {"overall", "length_band=long"}
    whole, band = (found.intervals()[name]["f1"] for name in ("overall", "length_band=long"))
    assert band[1] - band[0] > 1.5 * (whole[1] - whole[0])


def test_what_most_draws_leave_undefined_has_no_interval():
    targets = np.zeros(200, int)
    targets[0] = 1  # in a third of the draws it is not there
    found = resampled(
        predictions_of(targets, {"candidate": np.linspace(0, 1, 200)}), {"candidate": {"overall": ["auc"]}}
    )
    assert found.interval("overall", "auc") is None
    assert found.interval("overall", "accuracy", model="served") is None
    assert found.difference("served", "overall", "auc") is None


def test_several_labels_have_an_interval_each():
    from components.evaluator.decisions import Decisions

    targets = (np.random.default_rng(3).random((300, 2)) < 0.4).astype(int)
    decisions = Decisions("multilabel", ("a", "b"), (0.5, 0.5))
    predictions = predictions_of(targets, {"candidate": scores_of(targets, 0.3)}, decisions=decisions)
    found = resampled(predictions, {"candidate": {"overall": ["auc", "f1"]}}, 100).intervals()["overall"]
    assert {"auc", "auc/a", "auc/b", "f1", "f1/b", "f1_micro"} <= set(found)
    assert "auc_micro" not in found
    micro = resampled(predictions, {"candidate": {"overall": ["auc_micro"]}}, 100).intervals()["overall"]
    assert "auc_micro" in micro


def test_progress_is_told():
    told = []
    predictions = predictions_of(np.arange(20) % 2, {"candidate": np.linspace(0, 1, 20)})
    resampled(predictions, {"candidate": {"overall": ["accuracy"]}}, 5, advance=told.append)
    assert told == [1, 2, 3, 4, 5]


def test_the_interval_of_a_calibration_error_holds_it_though_every_draw_lies_above():
    generator = np.random.default_rng(9)
    scores = generator.random(2000)
    targets = (generator.random(2000) < scores).astype(int)  # calibrated, but for chance
    predictions = predictions_of(targets, {"candidate": scores, "served": scores * 0.98})
    whole = {"overall": ["ece"]}
    found = resampled(predictions, {"candidate": whole, "served": whole})
    error = metrics_of(predictions, "candidate")["overall"]["ece"]
    assert found.draws["candidate", "overall", "ece"].mean() > error * 1.2
    low, high = found.interval("overall", "ece") or (1.0, 0.0)
    assert 0 <= low < error < high
    difference = error - metrics_of(predictions, "served")["overall"]["ece"]
    low, high = found.difference("served", "overall", "ece") or (1.0, 0.0)
    assert low < difference < high
