from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.trainer.calibration import (
    HIGHEST,
    CalibrationBins,
    at_bound,
    best_temperature,
    calibration_errors,
    log_losses,
    scores_of,
)


def drawn(generator, true_logits):
    """Labels that are positive as often as the logits say."""
    return (generator.random(true_logits.shape) < 1 / (1 + np.exp(-true_logits))).astype(np.float32)


def test_scores_are_the_graphs_in_float32():
    import tensorflow as tf

    logits = np.random.default_rng(0).normal(0, 8, (500, 3)).astype(np.float32)
    temperature = np.array([0.7, 1.0, 2.5], np.float32)
    ours = scores_of("multilabel", logits, temperature)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, tf.sigmoid(logits / temperature).numpy(), rtol=3e-6)
    shared = scores_of("multiclass", logits, temperature[:1])
    assert shared.dtype == np.float32
    np.testing.assert_allclose(shared, tf.nn.softmax(logits / temperature[:1]).numpy(), rtol=3e-6)


def test_scores_of_extreme_logits_are_numbers():
    scores = scores_of("binary", np.array([[-1e4], [1e4]], np.float32), np.ones(1, np.float32))
    assert scores.ravel().tolist() == [0.0, 1.0]


@pytest.mark.parametrize("true_temperature", [0.5, 1.7, 4.0])
def test_temperature_that_logits_were_sharpened_by_is_found(true_temperature):
    generator = np.random.default_rng(1)
    honest = generator.normal(0, 2, (20_000, 1))
    logits = honest * true_temperature
    targets = drawn(generator, honest)
    found = best_temperature(lambda value: log_losses("binary", logits, targets, np.array([value]))[0])
    assert found == pytest.approx(true_temperature, rel=0.06)
    before = calibration_errors("binary", scores_of("binary", logits, np.ones(1)), targets)[0]
    after = calibration_errors("binary", scores_of("binary", logits, np.array([found])), targets)[0]
    assert after < before / 2


def test_temperature_of_a_softmax_is_found():
    generator = np.random.default_rng(2)
    honest = generator.normal(0, 2, (20_000, 4))
    gumbel = honest + generator.gumbel(size=honest.shape)
    targets = np.eye(4)[gumbel.argmax(axis=1)]
    found = best_temperature(lambda value: log_losses("multiclass", honest * 2, targets, np.array([value]))[0])
    assert found == pytest.approx(2.0, rel=0.06)


@given(
    rows=st.lists(st.tuples(st.floats(-20, 20), st.booleans()), min_size=2, max_size=30),
)
@settings(deadline=None, max_examples=50)
def test_log_loss_never_rises(rows):
    logits = np.array([[logit] for logit, _ in rows], np.float32)
    targets = np.array([[label] for _, label in rows], np.float32)

    def loss(value):
        return log_losses("binary", logits, targets, np.array([value]))[0]

    found = best_temperature(loss)
    assert 0.1 - 1e-6 <= found <= HIGHEST
    assert loss(found) <= loss(1.0)
    # No other temperature would be much better.
    assert loss(found) <= min(loss(value) for value in np.geomspace(0.1, 10, 41)) * (1 + 1e-5) + 1e-6


def test_what_is_best_as_it_is_stays():
    assert best_temperature(lambda value: abs(np.log(value))) == 1.0
    assert best_temperature(lambda value: 0.7) == 1.0


def test_bounds_hold():
    # Always right: the surer the better. Always wrong: the less sure the better.
    logits, targets = np.array([[3.0], [-3.0]]), np.array([[1.0], [0.0]])
    low = best_temperature(lambda value: log_losses("binary", logits, targets, np.array([value]))[0])
    high = best_temperature(lambda value: log_losses("binary", logits, 1 - targets, np.array([value]))[0])
    assert low == pytest.approx(0.1, rel=1e-3)
    assert high == pytest.approx(10.0, rel=1e-3)
    assert at_bound(low)
    assert at_bound(high)
    assert not at_bound(1.0)


def test_log_loss_is_the_formulas():
    logits, targets = np.array([[0.0, 2.0], [1.0, -1.0]]), np.array([[1.0, 0.0], [0.0, 0.0]])
    p = 1 / (1 + np.exp(-logits))
    expected = -np.mean(targets * np.log(p) + (1 - targets) * np.log(1 - p), axis=0)
    np.testing.assert_allclose(log_losses("multilabel", logits, targets, np.ones(2)), expected)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.mean(np.log([softmax[0, 0], softmax[1, 1]]))
    one_hot = np.eye(2)
    assert log_losses("multiclass", logits, one_hot, np.ones(1)) == pytest.approx([expected])


def test_calibration_error_by_hand():
    # Two bins: (0, 0.5] holds 0.1 and 0.5, mean 0.3, right half the time; (0.5, 1] holds 0.9 and 0.7, mean 0.8, right.
    confidence, is_right = np.array([0.1, 0.5, 0.9, 0.7]), np.array([False, True, True, True])
    assert CalibrationBins(confidence, is_right, bins=2).error() == pytest.approx(0.5 * 0.2 + 0.5 * 0.2)


def test_calibration_error_at_the_ends():
    assert CalibrationBins(np.array([0.0, 1.0]), np.array([False, True])).error() == 0.0
    assert CalibrationBins(np.array([0.0, 1.0]), np.array([True, False])).error() == 1.0


def test_multiclass_error_is_of_the_likeliest():
    scores = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]])
    targets = np.array([[1, 0, 0], [1, 0, 0]])
    assert calibration_errors("multiclass", scores, targets) == pytest.approx([0.2])
