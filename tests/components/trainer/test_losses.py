from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.losses import Loss, label_weights

LOGITS = np.array([[2.0, -1.0, 0.5], [-3.0, 0.0, 1.0]], np.float32)
HELD = np.array([[1, 0, 1], [0, 1, 0]], np.float32)
ONE_OF_MANY = np.array([[1, 0, 0], [0, 0, 1]], np.float32)


def loss(job: Any, target: np.ndarray = HELD) -> Loss:
    return Loss(job, target)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(float)))


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits.astype(float))
    return raised / raised.sum(axis=1, keepdims=True)


def test_many_labels_cost_the_mean_of_their_cross_entropies(make_job):
    found = loss(make_job("multilabel"))(tf.constant(LOGITS), tf.constant(HELD))
    of_truth = np.where(HELD, sigmoid(LOGITS), 1 - sigmoid(LOGITS))
    assert np.allclose(found, -np.log(of_truth).mean(axis=1), atol=1e-6)


def test_one_of_many_costs_its_cross_entropy(make_job):
    found = loss(make_job("multiclass"))(tf.constant(LOGITS), tf.constant(ONE_OF_MANY))
    assert np.allclose(found, -np.log((softmax(LOGITS) * ONE_OF_MANY).sum(axis=1)), atol=1e-6)


def test_the_focal_loss_is_that_of_its_paper(make_job):
    found = loss(make_job("multilabel", loss="focal", focal_gamma=2.0))(tf.constant(LOGITS), tf.constant(HELD))
    of_truth = np.where(HELD, sigmoid(LOGITS), 1 - sigmoid(LOGITS))
    assert np.allclose(found, (-((1 - of_truth) ** 2) * np.log(of_truth)).mean(axis=1), atol=1e-6)
    found = loss(make_job("multiclass", loss="focal"))(tf.constant(LOGITS), tf.constant(ONE_OF_MANY))
    of_truth = (softmax(LOGITS) * ONE_OF_MANY).sum(axis=1)
    assert np.allclose(found, -((1 - of_truth) ** 2) * np.log(of_truth), atol=1e-6)


def test_smoothed_labels_are_less_than_certain(make_job):
    found = loss(make_job("multilabel", label_smoothing=0.2))(tf.constant(LOGITS), tf.constant(HELD))
    smoothed, scores = HELD * 0.8 + 0.1, sigmoid(LOGITS)
    assert np.allclose(
        found, -(smoothed * np.log(scores) + (1 - smoothed) * np.log(1 - scores)).mean(axis=1), atol=1e-6
    )
    found = loss(make_job("multiclass", label_smoothing=0.3))(tf.constant(LOGITS), tf.constant(ONE_OF_MANY))
    assert np.allclose(found, -((ONE_OF_MANY * 0.7 + 0.1) * np.log(softmax(LOGITS))).sum(axis=1), atol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "multilabel", "multiclass"])
def test_balanced_weights_give_every_class_the_same_sum(kind):
    random = np.random.default_rng(0)
    target = (
        np.eye(3)[random.choice(3, 500, p=[0.7, 0.2, 0.1])] if kind == "multiclass" else random.random([500, 3]) < 0.1
    )
    target = np.asarray(target, np.float32)[:, : 1 if kind == "binary" else 3]
    negative, positive = label_weights("balanced", kind, ["a", "b", "c"], target)
    held = (target * positive).sum(axis=0)
    if kind == "multiclass":
        assert np.allclose(held, 500 / 3)
    else:
        assert np.allclose(held, 250)
        assert np.allclose(((1 - target) * negative).sum(axis=0), 250)


def test_weights_by_name_are_of_either_class_or_of_the_label():
    weights = {"a": 1.0, "b": 3.0}
    target = np.zeros([2, 1], np.float32)
    assert [each.tolist() for each in label_weights(weights, "binary", ["a", "b"], target)] == [[1.0], [3.0]]
    target = np.zeros([2, 2], np.float32)
    assert [each.tolist() for each in label_weights(weights, "multilabel", ["b", "a"], target)] == [[1, 1], [3, 1]]


def test_a_weighted_class_weighs_more(make_job):
    job = make_job(class_weights={"neg": 1.0, "pos": 5.0})
    one, five = loss(job, HELD[:, :1])(tf.zeros([2, 1]), tf.constant([[0.0], [1.0]])).numpy()
    assert five == pytest.approx(5 * one)
