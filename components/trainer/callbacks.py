"""What happens beside the training loop: progress, the stop on a loss that is no number."""

from __future__ import annotations

import math
import time
from typing import Any

import tf_keras as keras
from typing_extensions import override

from components import progress
from components.errors import TrainingError


class ReportProgress(keras.callbacks.Callback):
    """Reports examples done of all epochs' examples, the loss and examples per second of the epoch so far."""

    def __init__(self, examples_per_epoch: int, epochs: int, batch_size: int) -> None:
        super().__init__()
        self._per_epoch, self._total, self._batch_size = examples_per_epoch, examples_per_epoch * epochs, batch_size
        self._epoch, self._epoch_started = 0, 0.0

    @override
    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch, self._epoch_started = epoch, time.monotonic()

    @override
    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        in_epoch = min((batch + 1) * self._batch_size, self._per_epoch)
        rate = in_epoch / max(time.monotonic() - self._epoch_started, 1e-9)
        figures = {"loss": float((logs or {})["loss"]), "examples/s": rate}
        progress.report(progress.Progress(self._epoch * self._per_epoch + in_epoch, self._total, "examples", figures))


class StopOnNaN(keras.callbacks.Callback):
    """Raises TrainingError at the first loss that is not a finite number: what follows could only be thrown away."""

    @override
    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} at step {batch + 1} of the epoch; lower training.learning_rate or "
                "training.clip_norm, or set training.precision to float32"
            )


class MeasureRate(keras.callbacks.Callback):
    """Adds `examples_per_second` of training alone (validation left out) to every epoch's logs."""

    def __init__(self, examples_per_epoch: int) -> None:
        super().__init__()
        self._examples, self._started, self._seconds = examples_per_epoch, 0.0, 0.0

    @override
    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = time.monotonic()

    @override
    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._seconds = time.monotonic() - self._started

    @override
    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["examples_per_second"] = self._examples / max(self._seconds, 1e-9)
