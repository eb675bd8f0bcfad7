"""TensorBoard: scalars of training and validation, PR curves and hyper-parameters, as event files.

https://www.tensorflow.org/tensorboard/hyperparameter_tuning_with_hparams
https://github.com/tensorflow/tensorboard/tree/master/tensorboard/plugins/pr_curve
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.trainer.metrics import column_names
from components.trainer.tracking.flat import flatten
from components.trainer.tracking.tracker import VALIDATION

_THRESHOLDS = 201  # of a PR curve, from 0 to 1: TensorBoard's own count


class TensorBoard:
    """Writes `step/NAME` and `epoch/NAME` into the runs `train` and `validation`, so that charts show both in one.

    The x axis is the step everywhere. Hyper-parameters stand in `log_dir` itself, the run that holds these two.
    """

    def __init__(self, log_dir: str) -> None:
        self._log_dir = log_dir
        self._writers: dict[str, Any] = {}

    def start(self, record: Mapping[str, object]) -> None:
        """See Tracker: the record becomes hyper-parameters, by dotted key."""
        import tensorflow as tf
        from tensorboard.plugins.hparams import api

        folders = {"": self._log_dir} | {run: os.path.join(self._log_dir, run) for run in ("train", "validation")}
        self._writers = {run: tf.summary.create_file_writer(folder) for run, folder in folders.items()}
        with self._writers[""].as_default():
            api.hparams(flatten(record))
        self._writers[""].flush()

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        """See Tracker."""
        self._write("train", step, {f"step/{name}": value for name, value in figures.items()})

    def epoch(self, number: int, step: int, figures: Mapping[str, float]) -> None:
        """See Tracker."""
        for run, of_run in _by_run(figures).items():
            self._write(run, step, {f"epoch/{name}": value for name, value in of_run.items()})
            self._writers[run].flush()

    def curves(self, step: int, scores: np.ndarray, targets: np.ndarray, names: Sequence[str]) -> None:
        """See Tracker: a PR curve of each label, in the run `validation`."""
        import tensorflow as tf
        from tensorboard.plugins.pr_curve import summary

        with self._writers["validation"].as_default():
            for label, name in enumerate(column_names(names, scores.shape[1])):
                curve = summary.pb(name, targets[:, label] > 0.5, scores[:, label], num_thresholds=_THRESHOLDS)
                tf.summary.experimental.write_raw_pb(curve.SerializeToString(), step)
        self._writers["validation"].flush()

    def finish(self, record: Mapping[str, object], model_folder: str | None) -> None:
        """See Tracker."""
        import tensorflow as tf
        from tensorboard.plugins.hparams import api_pb2, summary

        with self._writers[""].as_default():
            end = summary.session_end_pb(api_pb2.STATUS_SUCCESS)
            tf.summary.experimental.write_raw_pb(end.SerializeToString(), step=0)
        for writer in self._writers.values():
            writer.close()

    def _write(self, run: str, step: int, figures: Mapping[str, float]) -> None:
        import tensorflow as tf

        with self._writers[run].as_default(step):
            for tag, value in figures.items():
                tf.summary.scalar(tag, value)


def _by_run(figures: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """The figures of each split under one name, so that they share a chart."""
    return {
        "train": {name: value for name, value in figures.items() if not name.startswith(VALIDATION)},
        "validation": {
            name.removeprefix(VALIDATION): value for name, value in figures.items() if name.startswith(VALIDATION)
        },
    }
