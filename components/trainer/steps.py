"""A step of the optimizer, and scoring, on whatever devices there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.trainer.devices import is_default

Inputs = dict[str, tf.Tensor]
Element = tuple[Inputs, tf.Tensor, tf.Tensor]
RowLoss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Steps:
    """What a strategy's devices compute of batches, each of which comes as one element a device (see `batches`)."""

    def __init__(self, strategy: tf.distribute.Strategy, model: keras.Model, loss: RowLoss) -> None:
        self._strategy, self._model, self._loss = strategy, model, loss
        self._functions: dict[str, Any] = {}

    def prepare(self, optimizer: Any, variables: Sequence[Any], rows: int | None = None, scaled: bool = False) -> None:
        """Says what trains the model.

        Args:
            optimizer: ours, or Keras' LossScaleOptimizer around it.
            variables: those that are trained.
            rows: how many examples a device computes at once, None for all that it is given.
            scaled: whether the loss is scaled, for float16.
        """
        self._optimizer, self._variables, self._rows, self._scaled = optimizer, list(variables), rows, scaled

    def train(self, batches: tf.data.Dataset) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
        """A step for every batch: its loss, and the logits and targets of this process' part of it."""
        step = self._function("train", self._train_on_all, batches)
        for element in self._distributed(batches):
            loss, logits = step(element)
            counts = self._joined(element[2]) > 0
            yield float(loss), self._joined(logits)[counts], self._joined(element[1])[counts]

    def score(self, batches: tf.data.Dataset) -> np.ndarray:
        """The logits of every row that weighs something, in the order of the elements, float32 `[rows, labels]`."""
        score = self._function("score", self._score_on_all, batches)
        scored = ((self._joined(score(element)), self._joined(element[2])) for element in self._distributed(batches))
        return np.concatenate([logits[weights > 0] for logits, weights in scored])

    def mean_loss(self, logits: np.ndarray, target: np.ndarray) -> float:
        """The loss of scored rows, `[rows, labels]` each."""
        return float(tf.reduce_mean(self._loss(tf.constant(logits), tf.constant(target))))

    @property
    def learning_rate(self) -> float:
        """Of the step that was done last."""
        return float(self._optimizer.learning_rate.numpy())

    def _distributed(self, batches: tf.data.Dataset) -> Any:
        if is_default(self._strategy):
            return batches
        return self._strategy.distribute_datasets_from_function(lambda _: batches)

    def _function(self, name: str, function: Callable[[Element], Any], batches: tf.data.Dataset) -> Any:
        """It as a graph, which is traced once for all shapes."""
        if name not in self._functions:
            signature = [self._distributed(batches).element_spec]
            self._functions[name] = tf.function(function, input_signature=signature, autograph=False)
        return self._functions[name]

    def _joined(self, value: Any) -> np.ndarray:
        """The rows of every device of this process."""
        return np.concatenate([each.numpy() for each in self._strategy.experimental_local_results(value)])

    def _train_on_all(self, element: Element) -> tuple[tf.Tensor, Any]:
        loss, logits = self._strategy.run(self._train_on_one, args=element)
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None), logits

    def _score_on_all(self, element: Element) -> Any:
        return self._strategy.run(lambda inputs, *_: self._model(inputs, training=False), args=element)

    def _train_on_one(self, inputs: Inputs, target: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """This device's part of a step: its part of the batch's loss, and its logits."""
        if self._rows is None:
            loss, logits, gradients = self._part(inputs, target, weights)
        else:
            loss, logits, gradients = self._in_parts(self._rows, inputs, target, weights)
        if self._scaled:
            gradients = self._optimizer.get_unscaled_gradients(gradients)
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))
        return loss, logits

    def _part(
        self, inputs: Inputs, target: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            logits = self._model(inputs, training=True)
            loss = tf.reduce_sum(self._loss(logits, target) * weights)
            scaled = self._optimizer.get_scaled_loss(loss) if self._scaled else loss
        # An encoder's pooler counts for nothing where tokens are averaged.
        gradients = tape.gradient(scaled, self._variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return loss, logits, [_dense(each, of) for each, of in zip(gradients, self._variables, strict=True)]

    def _in_parts(
        self, rows: int, inputs: Inputs, target: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """The same sums, `rows` examples at a time: activations of no more are ever held."""
        count = tf.shape(target)[0]

        def add(start: tf.Tensor, loss: tf.Tensor, logits: tf.Tensor, gradients: list[tf.Tensor]) -> Any:
            end = tf.minimum(start + rows, count)
            taken = {name: value[start:end] for name, value in inputs.items()}
            more = self._part(taken, target[start:end], weights[start:end])
            summed = [known + new for known, new in zip(gradients, more[2], strict=True)]
            return end, loss + more[0], tf.concat([logits, more[1]], axis=0), summed

        nothing = [tf.zeros(variable.shape, variable.dtype) for variable in self._variables]
        first = (tf.constant(0), tf.constant(0.0), tf.zeros([0, target.shape[1]]), nothing)
        shapes = (
            tf.TensorShape([]),
            tf.TensorShape([]),
            tf.TensorShape([None, target.shape[1]]),
            [each.shape for each in nothing],
        )
        _, loss, logits, gradients = tf.while_loop(
            lambda start, *_: start < count, add, first, shape_invariants=shapes, parallel_iterations=1
        )
        return loss, logits, gradients


def rows_at_once(batch_size: int, devices: int, parts: int) -> int | None:
    """How many examples a device computes at once where its share of a batch is computed in parts; None for one."""
    return None if parts == 1 else math.ceil(math.ceil(batch_size / devices) / parts)


def _dense(gradient: Any, variable: Any) -> tf.Tensor:
    """A table's gradient arrives as the rows that the batch has."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, variable.shape[0])
