"""The loss of each example: cross-entropy or focal loss, with weights of the labels and smoothed targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.features import BINARY, MULTICLASS
from components.trainer.job import Job


class Loss:
    """Logits and targets, float32 `[rows, labels]` each, to the loss of each row, float32 `[rows]`.

    binary and multilabel: the mean over labels of sigmoid cross-entropy; multiclass: softmax cross-entropy.
    """

    def __init__(self, job: Job, target: np.ndarray) -> None:
        """`target` is that of all training examples, float32 `[examples, labels]`, for balanced weights."""
        training, self._kind = job.training, job.labels["kind"]
        self._gamma = training["focal_gamma"] if training["loss"] == "focal" else 0.0
        self._smoothing = training["label_smoothing"]
        weights = label_weights(training["class_weights"], self._kind, job.labels["names"], target)
        self._negative, self._positive = (tf.constant(each, tf.float32) for each in weights)

    def __call__(self, logits: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """The loss of each row."""
        return self._of_one_of_many(logits, target) if self._kind == MULTICLASS else self._of_each(logits, target)

    def _of_each(self, logits: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        # Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7, for two classes.
        smoothed = target * (1.0 - self._smoothing) + 0.5 * self._smoothing
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=smoothed, logits=logits)
        scores = tf.sigmoid(logits)
        losses *= self._focus(target * scores + (1.0 - target) * (1.0 - scores))
        return tf.reduce_mean(losses * (target * self._positive + (1.0 - target) * self._negative), axis=1)

    def _of_one_of_many(self, logits: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        labels = tf.cast(tf.shape(target)[1], tf.float32)
        smoothed = target * (1.0 - self._smoothing) + self._smoothing / labels
        losses = tf.nn.softmax_cross_entropy_with_logits(labels=smoothed, logits=logits)
        losses *= self._focus(tf.reduce_sum(target * tf.nn.softmax(logits), axis=1))
        return losses * tf.reduce_sum(target * self._positive, axis=1)

    def _focus(self, of_truth: tf.Tensor) -> Any:
        """Lin et al. 2017, "Focal Loss for Dense Object Detection", section 3.2: less weight on what is known well."""
        return (1.0 - of_truth) ** self._gamma if self._gamma else 1.0


def label_weights(
    setting: str | Mapping[str, float], kind: str, names: Sequence[str], target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The weights of each label where it does not hold and where it does, `[labels]` each.

    `balanced` gives every class the same sum of weights, and the mean example a weight of one, as scikit-learn does:
    examples / (classes · examples of the class). By name: of binary, the weight of either class; of multiclass, that
    of each; of multilabel, that of a label where it holds.
    """
    ones = np.ones(target.shape[1])
    if setting == "none":
        return ones, ones
    held, count = target.sum(axis=0), len(target)
    if kind == MULTICLASS:
        return ones, count / (len(names) * held) if isinstance(setting, str) else _by_name(setting, names)
    if isinstance(setting, str):
        return count / (2 * (count - held)), count / (2 * held)
    weights = _by_name(setting, names)
    return (weights[:1], weights[1:]) if kind == BINARY else (ones, weights)


def _by_name(setting: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    return np.array([setting[name] for name in names], float)
