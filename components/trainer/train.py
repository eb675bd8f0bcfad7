"""A training from its job to the best epoch's weights: planned, measured, and able to go on where it was killed."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras as keras

from components import progress
from components.encoders.resolve import resolve_encoder
from components.encoders.seeded import seeded_encoder
from components.errors import SettingsError
from components.features import EVAL, TRAIN
from components.fingerprint import code_digest
from components.precision import computing_in, resolve_precision
from components.trainer import devices
from components.trainer.batches import StaticShape, in_their_order, make_batches, plan
from components.trainer.checkpoints import Checkpoints
from components.trainer.dataset import Examples, check_labels, read_examples
from components.trainer.decisions import scores_of
from components.trainer.drawing import write_model_description
from components.trainer.job import Job
from components.trainer.losses import Loss
from components.trainer.metrics import improves, measure
from components.trainer.model import build_classifier, trained
from components.trainer.optimizer import build_optimizer
from components.trainer.steps import Steps, rows_at_once
from components.trainer.tracking import Tracker
from components.trainer.warm_start import load_served_weights

OnEpoch = Callable[[int, Mapping[str, float]], None]
# What computes the weights beside our own code.
_BUILT_ON = ("tensorflow", "tf-keras", "tensorflow-hub", "numpy")
# A batch of the eval split holds no activations for gradients.
_SCORED_AT_ONCE = 2
_NO_LOGITS = np.zeros((0, 0), np.float32)
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        model: with the best epoch's weights; float32 logits `[batch, labels]`.
        validation: the eval split.
        logits: of the eval split by those weights, `[examples, labels]`, in the precision that was trained in; none
            where this process is not the chief.
        record: what there is to tell: figures of every epoch, the best one, sizes, devices, where it was resumed.
        is_chief: whether this process is the one that exports.
    """

    model: keras.Model
    validation: Examples
    logits: np.ndarray
    record: dict[str, Any]
    is_chief: bool


def ignore(_: int, __: Mapping[str, float]) -> None:
    """Lets every epoch pass."""


def train(job: Job, tracker: Tracker, on_epoch: OnEpoch = ignore) -> Trained:
    """Trains, and gives the best epoch's model.

    Args:
        job: what is trained on what.
        tracker: what it is recorded with; started here, and to be finished by the caller.
        on_epoch: called after every epoch with its number from 1 and its figures; what it raises ends the training.

    Raises:
        TrainingError: a split is empty or of one class, the loss is no number, or no checkpoint can be written.
        EncoderError: the encoder cannot be found, fetched or used.
    """
    # First of all: several workers can be joined only by a process that has computed nothing yet.
    strategy = devices.make_strategy(devices.choose(job.training), job.training["tpu"])
    precision = resolve_precision(job.training["precision"], devices.kind_of(strategy))
    keras.utils.set_random_seed(job.training["seed"])
    try:
        with _checkpoints_folder(job) as folder, computing_in(precision):
            training = _Training(job, strategy, precision, folder, tracker)
            training.run(on_epoch)
            return training.best()
    except tf.errors.ResourceExhaustedError as error:
        raise SettingsError(
            f"there is not enough memory for a batch ({error.message.splitlines()[0]}); raise training.accumulate, or "
            "lower training.batch_size or encoder.max_tokens"
        ) from error


@contextlib.contextmanager
def _checkpoints_folder(job: Job) -> Iterator[str]:
    given = job.settings.get("checkpoints")
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        yield folder


class _Training:
    """A training on its way."""

    def __init__(
        self, job: Job, strategy: tf.distribute.Strategy, precision: str, folder: str, tracker: Tracker
    ) -> None:
        self._job, self._settings, self._strategy, self._tracker = job, job.training, strategy, tracker
        self._read()
        self._plan_steps()
        self._build(precision)
        chief = devices.is_chief(strategy)
        fingerprint = job.fingerprint(
            self._train.digest(),
            self._validation.digest(),
            code_digest(__name__, _BUILT_ON),
            precision,
            devices.describe(strategy),
        )
        self._checkpoints = Checkpoints(folder, job.settings.get("name", "training"), fingerprint, writes=chief)
        self._checkpoints.make_room()
        self._progress = self._checkpoints.restore(self._state)
        devices.check_agreement(strategy, fingerprint, self._progress.step)
        self._record = {"fingerprint": fingerprint, **self._describe(precision, chief)}

    def run(self, on_epoch: OnEpoch) -> None:
        """Every epoch that is still to come; those that were done before are told again."""
        self._tracker.start(self._record)
        self._draw()
        for epoch, figures in enumerate(_by_epoch(self._progress.figures), start=1):
            self._tracker.epoch(epoch, epoch * self._steps_per_epoch, figures)
            on_epoch(epoch, figures)
        while self._progress.epoch < self._settings["epochs"] and not self._is_out_of_patience():
            figures = self._run_epoch()
            on_epoch(self._progress.epoch, figures)

    def best(self) -> Trained:
        """The model with the best epoch's weights."""
        done, is_chief = self._progress, self._record["is_chief"]
        # Only who writes checkpoints can know that they are whole, and nobody else exports.
        logits = self._checkpoints.restore_best(self._weights, done.best_epoch) if is_chief else _NO_LOGITS
        if is_chief:
            self._tracker.curves(done.step, self._scores(logits), self._validation.target, self._job.labels["names"])
        _LOG.info("best epoch %d: %s", done.best_epoch, done.figures)
        record = {**self._record, "epochs": done.figures, "best_epoch": done.best_epoch, "steps": done.step}
        return Trained(self._model, self._validation, logits, record, is_chief)

    def _draw(self) -> None:
        if not self._job.log_dir or not self._record["is_chief"]:
            return
        try:
            write_model_description(self._model, self._job.log_dir, self._trained)
        except Exception as error:  # noqa: BLE001  a picture is worth no training
            _LOG.warning("no description of the model can be written: %s: %s", type(error).__name__, error)

    # ------------------------------------------------------------ before the first step

    def _read(self) -> None:
        job, labels = self._job, self._job.labels
        transform_output = tft.TFTransformOutput(job.transform_output)
        self._train = read_examples(job.train_files, transform_output, TRAIN)
        self._validation = read_examples(job.eval_files, transform_output, EVAL)
        check_labels(self._train, TRAIN, labels["kind"], labels["names"], to_learn=True)
        check_labels(self._validation, EVAL, labels["kind"], labels["names"], to_learn=False)
        self._share = devices.share_of(self._strategy)
        self._everything = devices.share_of(self._strategy, everything=True)
        self._is_static = self._settings["static_shapes"] or devices.needs_static_shapes(self._strategy)

    def _plan_steps(self) -> None:
        self._steps_per_epoch = -(-self._train.count // self._settings["batch_size"])
        self._total_steps = self._steps_per_epoch * self._settings["epochs"]

    def _build(self, precision: str) -> None:
        job, settings = self._job, self._settings
        encoder = job.settings["encoder"]
        loss = Loss(job, self._train.target)
        with self._strategy.scope():
            with seeded_encoder(resolve_encoder(encoder["handle"]), settings["seed"]) as path:
                self._model = build_classifier(str(path), encoder["pooling"], settings, job.outputs)
            self._warm_start = self._begin_warm()
            wanted = trained(self._model, settings["frozen_layers"])
            optimizer = build_optimizer(settings, self._total_steps, wanted)
            optimizer.build(wanted)
            scaled = precision == "float16"
            scaling: Any = keras.mixed_precision.LossScaleOptimizer
            stepper = scaling(optimizer) if scaled else optimizer
        self._steps = Steps(self._strategy, self._model, loss)
        rows = rows_at_once(settings["batch_size"], self._strategy.num_replicas_in_sync, settings["accumulate"])
        self._steps.prepare(stepper, wanted, rows, scaled)
        self._state = tf.train.Checkpoint(model=self._model, optimizer=stepper)
        self._weights = tf.train.Checkpoint(model=self._model)
        self._trained = wanted

    def _begin_warm(self) -> dict[str, Any] | None:
        folder = self._job.base_model
        return None if folder is None else load_served_weights(self._model, folder, self._job.origin)

    def _describe(self, precision: str, is_chief: bool) -> dict[str, Any]:
        settings = self._job.settings
        return {
            "encoder": settings["encoder"],
            "labels": settings["labels"],
            "training": self._settings,
            "decisions": settings.get("decisions"),
            "examples": {TRAIN: self._train.count, EVAL: self._validation.count},
            "steps_per_epoch": self._steps_per_epoch,
            "parameters": self._model.count_params(),
            "trained_parameters": sum(variable.shape.num_elements() for variable in self._trained),
            "precision": precision,
            "devices": devices.describe(self._strategy),
            "warm_start": self._warm_start,
            "resumed_at_step": self._progress.step or None,
            "is_chief": is_chief,
        }

    # ------------------------------------------------------------ an epoch

    def _run_epoch(self) -> dict[str, float]:
        done, epoch = self._progress, self._progress.epoch
        planned = plan(
            self._train.lengths,
            self._settings["batch_size"],
            self._settings["group_by_length"],
            order=(self._settings["seed"], epoch),
        )
        self._rewind_dropout()
        began, first = time.monotonic(), done.in_epoch
        for loss, logits, target in self._steps.train(self._batches(planned[first:])):
            self._count(loss, logits, target)
            rate = (done.in_epoch - first) * self._settings["batch_size"] / max(time.monotonic() - began, 1e-9)
            self._report(loss, rate)
            if done.in_epoch % self._settings["checkpoint_steps"] == 0 and done.in_epoch < len(planned):
                self._checkpoints.save(self._state, done)
                self._rewind_dropout()
        rows = sum(map(len, planned[first:]))
        seconds = max(time.monotonic() - began, 1e-9)
        return self._end_epoch({"examples_per_second": rows / seconds if rows else math.nan})

    def _batches(self, planned: list[np.ndarray]) -> tf.data.Dataset:
        return make_batches(self._train, planned, self._share, self._static(self._settings["batch_size"]))

    def _static(self, batch_size: int) -> StaticShape | None:
        return StaticShape(self._job.settings["encoder"]["max_tokens"], batch_size) if self._is_static else None

    def _rewind_dropout(self) -> None:
        """Puts the random operators of all graphs, those inside the encoder too, to their beginning.

        Their state is no variable that a checkpoint could hold: so it is made the same wherever a training goes on.
        """
        tf.random.set_seed(self._settings["seed"])

    def _count(self, loss: float, logits: np.ndarray, target: np.ndarray) -> None:
        done = self._progress
        done.step, done.in_epoch = done.step + 1, done.in_epoch + 1
        if not math.isfinite(loss):
            raise SettingsError(
                f"the loss became {loss} at step {done.in_epoch} of epoch {done.epoch + 1}; lower "
                "training.learning_rate or training.clip_norm, or set training.precision to float32"
            )
        done.losses.append(loss)
        done.logits_seen.append(logits)
        done.targets_seen.append(target)

    def _report(self, loss: float, rate: float) -> None:
        done, size = self._progress, self._settings["batch_size"]
        examples = done.epoch * self._train.count + min(done.in_epoch * size, self._train.count)
        figures = {"loss": loss, "examples/s": rate}
        total = self._train.count * self._settings["epochs"]
        progress.report(progress.Progress(examples, total, "examples", figures))
        self._tracker.step(done.step, {**figures, "learning_rate": self._steps.learning_rate})

    def _end_epoch(self, more: dict[str, float]) -> dict[str, float]:
        """Measures, keeps the weights if they are the best, and keeps where the training is."""
        done, logits = self._progress, self._score_validation()
        figures = {
            **self._measure(np.concatenate(done.logits_seen), np.concatenate(done.targets_seen)),
            "loss": float(np.mean(done.losses)),
            **{f"val_{name}": value for name, value in self._measure_validation(logits).items()},
            **more,
        }
        done.epoch, done.in_epoch = done.epoch + 1, 0
        done.losses, done.logits_seen, done.targets_seen = [], [], []
        for name, value in figures.items():
            done.figures.setdefault(name, []).append(value)
        value = figures[f"val_{self._settings['select_by']}"]
        if done.best_epoch == 0 or improves(self._settings["select_by"], value, done.best):
            done.best_epoch, done.best = done.epoch, value
            self._checkpoints.save_best(self._weights, done.epoch, logits)
        self._checkpoints.save(self._state, done)
        self._checkpoints.forget_best(but=done.best_epoch)
        self._tracker.epoch(done.epoch, done.step, figures)
        return figures

    def _score_validation(self) -> np.ndarray:
        """The logits of the eval split, in its own order, float32 `[examples, labels]`."""
        size = self._settings["batch_size"] * _SCORED_AT_ONCE
        planned = plan(self._validation.lengths, size)
        batches = make_batches(self._validation, planned, self._everything, self._static(size))
        return in_their_order(self._steps.score(batches), planned, self._everything)

    def _measure_validation(self, logits: np.ndarray) -> dict[str, float]:
        return {
            **self._measure(logits, self._validation.target),
            "loss": self._steps.mean_loss(logits, self._validation.target),
        }

    def _measure(self, logits: np.ndarray, target: np.ndarray) -> dict[str, float]:
        labels = self._job.labels
        thresholds = np.full(self._job.outputs, labels["threshold"], np.float32)
        return measure(
            labels["kind"], self._scores(logits), target, thresholds, labels["names"], self._settings["at_recall"]
        )

    def _scores(self, logits: np.ndarray) -> np.ndarray:
        """As probabilities, not calibrated."""
        kind = self._job.labels["kind"]
        return scores_of(kind, logits, np.ones(1 if kind == "multiclass" else self._job.outputs, np.float32))

    def _is_out_of_patience(self) -> bool:
        patience = self._settings["patience"]
        return patience is not None and self._progress.epoch - self._progress.best_epoch >= patience


def _by_epoch(figures: Mapping[str, list[float]]) -> list[dict[str, float]]:
    """Figures of every epoch, by name."""
    return [dict(zip(figures, values, strict=True)) for values in zip(*figures.values(), strict=True)]
