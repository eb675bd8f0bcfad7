"""Adam and its kin as BERT is fine-tuned with: warm-up, decay, a learning rate for each layer.

TensorFlow's fused operator does Adam's step in one pass over a variable, where tf_keras' optimizers take several: on
short texts the step of the word table weighs as much as the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras
from typing_extensions import override

from components.trainer.model import learning_rate_scales

# Devlin et al. 2019 and its code: biases and LayerNorm's gain and shift are not decayed. Names of our converted
# encoders and of TF Hub's.
UNDECAYED = ("bias", "layer_norm", "LayerNorm")
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to `peak` over `warmup_steps`, then falls linearly to 0 at `total_steps`, or stays.

    The first step trains too, at peak / (warmup_steps + 1).
    Devlin et al. 2019, "BERT", appendix A.2.
    """

    def __init__(self, peak: float, total_steps: int, warmup_steps: int, falls: bool = True) -> None:
        self.peak, self.total_steps, self.warmup_steps, self.falls = peak, total_steps, warmup_steps, falls

    @override
    def __call__(self, step: Any) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        rise = (step + 1.0) / (self.warmup_steps + 1.0)
        fall = (self.total_steps - step) / max(1.0, float(self.total_steps - self.warmup_steps)) if self.falls else 1.0
        return self.peak * tf.clip_by_value(tf.minimum(rise, fall), 0.0, 1.0)

    @override
    def get_config(self) -> dict[str, Any]:
        names = ("peak", "total_steps", "warmup_steps", "falls")
        return {name: getattr(self, name) for name in names}


class Adam(keras.optimizers.Optimizer):
    """Adam (Kingma and Ba 2015) with weight decay beside the gradient (Loshchilov and Hutter 2019, "AdamW").

    A variable's weight decay, like its step, is scaled by the learning rate. Gradients are dense.
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        scales: Sequence[float] | None = None,
    ) -> None:
        """
        Args:
            learning_rate: a number or a schedule.
            weight_decay: of all variables but biases and LayerNorms.
            clip_norm: the global norm that gradients are scaled down to.
            scales: what the learning rate is multiplied by for each of the variables, in their order; 1 where left out.
        """
        super().__init__(name=type(self).__name__, global_clipnorm=clip_norm, jit_compile=False)
        self._learning_rate = self._build_learning_rate(learning_rate)
        self._decay, self._scales = weight_decay, scales

    @override
    def build(self, var_list: list[Any]) -> None:
        super().build(var_list)
        if getattr(self, "_built", False):
            return
        self._first = [self.add_variable_from_reference(variable, "m") for variable in var_list]
        self._second = [self.add_variable_from_reference(variable, "v") for variable in var_list]
        self._built = True

    @override
    def update_step(self, gradient: tf.Tensor, variable: Any) -> None:
        """One variable's step."""
        place = self._index_dict[self._var_key(variable)]
        rate = tf.cast(self.learning_rate, variable.dtype) * (1.0 if self._scales is None else self._scales[place])
        if self._decay and not any(name in variable.name for name in UNDECAYED):
            variable.assign_sub(variable * (rate * self._decay))
        step = tf.cast(self.iterations + 1, variable.dtype)
        self._move(variable, self._first[place], self._second[place], gradient, rate, step)

    def _move(self, variable: Any, first: Any, second: Any, gradient: tf.Tensor, rate: Any, step: tf.Tensor) -> None:
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=first.handle,
            v=second.handle,
            beta1_power=tf.pow(BETA_1, step),
            beta2_power=tf.pow(BETA_2, step),
            lr=rate,
            beta1=BETA_1,
            beta2=BETA_2,
            epsilon=EPSILON,
            grad=gradient,
        )

    @override
    def get_config(self) -> dict[str, Any]:
        rate = self._serialize_hyperparameter(self._learning_rate)
        return {"learning_rate": rate, "weight_decay": self._decay, "clip_norm": self.global_clipnorm}


class RectifiedAdam(Adam):
    """RAdam: Adam whose step is rectified while its variance is not known well (Liu et al. 2020, algorithm 2)."""

    @override
    def _move(self, variable: Any, first: Any, second: Any, gradient: tf.Tensor, rate: Any, step: tf.Tensor) -> None:
        longest = 2.0 / (1.0 - BETA_2) - 1.0
        power = tf.pow(BETA_2, step)
        length = longest - 2.0 * step * power / (1.0 - power)
        first.assign(BETA_1 * first + (1.0 - BETA_1) * gradient)
        second.assign(BETA_2 * second + (1.0 - BETA_2) * tf.square(gradient))
        moment = first / (1.0 - tf.pow(BETA_1, step))
        known = length > 4.0
        safe = tf.where(known, length, longest)
        rectified = tf.sqrt((safe - 4.0) * (safe - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * safe)) / (
            tf.sqrt(second / (1.0 - power)) + EPSILON
        )
        variable.assign_sub(rate * moment * tf.where(known, rectified, tf.ones_like(rectified)))


def build_optimizer(training: dict[str, Any], total_steps: int, variables: Sequence[Any]) -> Adam:
    """The optimizer of the training section's settings, for `total_steps` steps of `variables`.

    Raises:
        SettingsError: training.layer_decay does not go with the encoder.
    """
    schedule = Schedule(
        training["learning_rate"],
        total_steps,
        round(total_steps * training["warmup_fraction"]),
        falls=training["schedule"] == "linear",
    )
    kind = RectifiedAdam if training["optimizer"] == "radam" else Adam
    return kind(
        schedule,
        weight_decay=0.0 if training["optimizer"] == "adam" else training["weight_decay"],
        clip_norm=training["clip_norm"],
        scales=learning_rate_scales(variables, training["layer_decay"]),
    )
