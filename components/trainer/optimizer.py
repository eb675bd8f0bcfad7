"""AdamW as BERT is fine-tuned with: linear warm-up, linear decay, no weight decay on biases and LayerNorm."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras
from typing_extensions import override

# Devlin et al. 2019 and its code: biases and LayerNorm's gain and shift are not decayed. Names of our converted
# encoders and of TF Hub's.
UNDECAYED = ("bias", "layer_norm", "LayerNorm")


class WarmUpLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to `peak` over `warmup_steps`, then falls linearly to 0 at `total_steps`.

    The first step trains too, at peak / (warmup_steps + 1).
    Devlin et al. 2019, "BERT", appendix A.2.
    """

    def __init__(self, peak: float, total_steps: int, warmup_steps: int) -> None:
        self.peak, self.total_steps, self.warmup_steps = peak, total_steps, warmup_steps

    @override
    def __call__(self, step: Any) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        rise = (step + 1.0) / (self.warmup_steps + 1.0)
        fall = (self.total_steps - step) / max(1.0, float(self.total_steps - self.warmup_steps))
        return self.peak * tf.clip_by_value(tf.minimum(rise, fall), 0.0, 1.0)

    @override
    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "total_steps": self.total_steps, "warmup_steps": self.warmup_steps}


def build_optimizer(training: dict[str, Any], total_steps: int) -> keras.optimizers.AdamW:
    """The optimizer for `total_steps` steps of the training section's settings."""
    schedule = WarmUpLinearDecay(
        training["learning_rate"], total_steps, round(total_steps * training["warmup_fraction"])
    )
    optimizer = keras.optimizers.AdamW(
        learning_rate=schedule,  # pyright: ignore[reportArgumentType]  (annotated float, documented to take a schedule)
        weight_decay=training["weight_decay"],
        global_clipnorm=training["clip_norm"],
    )
    optimizer.exclude_from_weight_decay(var_names=list(UNDECAYED))
    return optimizer
