from __future__ import annotations

import pytest

from components import progress
from components.errors import TrainingError
from components.trainer.callbacks import MeasureRate, ReportProgress, StopOnNaN


def test_progress_counts_examples_over_all_epochs_and_a_last_short_batch():
    heard: list[progress.Progress] = []
    callback = ReportProgress(examples_per_epoch=5, epochs=2, batch_size=2)
    with progress.listening(heard.append):
        for epoch in range(2):
            callback.on_epoch_begin(epoch)
            for batch in range(3):
                callback.on_train_batch_end(batch, {"loss": 0.5})
    assert [(report.done, report.total) for report in heard] == [(2, 10), (4, 10), (5, 10), (7, 10), (9, 10), (10, 10)]
    assert all(report.figures["loss"] == 0.5 and report.figures["examples/s"] > 0 for report in heard)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_training_with_a_remedy(loss):
    with pytest.raises(TrainingError, match=r"step 4 of the epoch; lower training.learning_rate"):
        StopOnNaN().on_train_batch_end(3, {"loss": loss})


def test_a_finite_loss_does_not():
    StopOnNaN().on_train_batch_end(3, {"loss": 123.0})
    with pytest.raises(KeyError):
        StopOnNaN().on_train_batch_end(3, {})


def test_the_rate_is_added_to_the_epochs_logs():
    callback, logs = MeasureRate(examples_per_epoch=100), {"loss": 1.0}
    callback.on_epoch_begin(0)
    callback.on_train_batch_end(0, {})
    callback.on_epoch_end(0, logs)
    assert logs["examples_per_second"] > 0
