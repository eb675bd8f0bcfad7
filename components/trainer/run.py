"""What TFX's Trainer calls: reads the splits, fine-tunes, exports the best epoch."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops of Transform's graph
import tensorflow_transform as tft
import tf_keras as keras
from tfx.components.trainer.fn_args_utils import FnArgs

from components.encoders.fingerprint import check_unchanged
from components.encoders.resolve import resolve_encoder
from components.features import EVAL, TRAIN
from components.precision import computing_in, resolve_precision
from components.trainer.callbacks import MeasureRate, ReportProgress, StopOnNaN
from components.trainer.dataset import Examples, make_batches, read_examples
from components.trainer.export import TextClassifier, export
from components.trainer.model import build_classifier
from components.trainer.optimizer import build_optimizer
from components.trainer.warmup import write_warmup_requests

HISTORY_FILE = "history.json"
# Fine-tuned scores crowd at 0 and 1, where the 200 even thresholds of the default hardly tell two epochs apart.
_AUC_THRESHOLDS = 10_000
_LOG = logging.getLogger(__name__)


def run_fn(fn_args: FnArgs) -> None:
    """Trains on `train`, picks the epoch with the best AUC on `eval`, exports it to TFX's serving folder.

    The epoch is picked in the precision that is trained in; what is exported computes in float32. TensorBoard's logs
    and the history of all epochs (`HISTORY_FILE`) go to `fn_args.model_run_dir`.

    Args:
        fn_args: TFX's; `custom_config` holds the encoder, training and labels sections of the configuration.

    Raises:
        TrainingError: a split is empty or of one class, or the loss is no number.
        EncoderError: the encoder cannot be found, fetched or used, or changed while the run went on.
    """
    settings = fn_args.custom_config
    training = settings["training"]
    check_unchanged(settings["encoder"])
    keras.utils.set_random_seed(training["seed"])
    transform_output = tft.TFTransformOutput(fn_args.transform_output)
    train = read_examples(fn_args.train_files, transform_output, TRAIN)
    validation = read_examples(fn_args.eval_files, transform_output, EVAL)
    model = _build_model(settings, _steps(train, training))
    history = _fit(model, train, validation, training, fn_args.model_run_dir)
    _write_history(history, training, fn_args.model_run_dir)
    labels = settings["labels"]
    export(TextClassifier(model, transform_output, labels["names"], labels["threshold"]), fn_args.serving_model_dir)
    write_warmup_requests(fn_args.serving_model_dir)


def _steps(train: Examples, training: dict[str, Any]) -> int:
    return -(-train.count // training["batch_size"]) * training["epochs"]


def _build_model(settings: dict[str, Any], total_steps: int) -> keras.Model:
    encoder, training, labels = settings["encoder"], settings["training"], settings["labels"]
    path = str(resolve_encoder(encoder["handle"]))
    model = build_classifier(path, encoder["pooling"], training["dropout"], labels=1)
    threshold = labels["threshold"]
    model.compile(
        optimizer=build_optimizer(training, total_steps),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.BinaryAccuracy(name="accuracy", threshold=float(np.log(threshold / (1 - threshold)))),
            keras.metrics.AUC(name="auc", num_thresholds=_AUC_THRESHOLDS, from_logits=True),
        ],
    )
    return model


def _fit(
    model: keras.Model, train: Examples, validation: Examples, training: dict[str, Any], log_dir: str
) -> dict[str, list[float]]:
    """Trains all epochs, then restores the weights of the one with the best validation AUC."""
    batch_size, epochs = training["batch_size"], training["epochs"]
    precision = resolve_precision(training["precision"])
    _LOG.info("training on %d examples, %d for validation, in %s", train.count, validation.count, precision)
    with computing_in(precision), tempfile.TemporaryDirectory() as folder:
        best = os.path.join(folder, "best.weights.h5")
        callbacks = [
            StopOnNaN(),
            MeasureRate(train.count),
            ReportProgress(train.count, epochs, batch_size),
            keras.callbacks.ModelCheckpoint(
                best, monitor="val_auc", mode="max", save_best_only=True, save_weights_only=True
            ),
            keras.callbacks.TensorBoard(log_dir, write_graph=False),
        ]
        history = model.fit(
            make_batches(train, batch_size, training["seed"]),
            validation_data=make_batches(validation, batch_size),
            epochs=epochs,
            callbacks=callbacks,
            verbose=0,  # pyright: ignore[reportArgumentType]  (annotated str)
        )
        model.load_weights(best)
    return history.history  # pyright: ignore[reportAttributeAccessIssue]  (annotated None)


def _write_history(history: dict[str, list[float]], training: dict[str, Any], folder: str) -> None:
    """Keeps the metrics of every epoch and which one was exported, for the report."""
    best_epoch = int(np.argmax(history["val_auc"])) + 1
    record = {
        "epochs": {name: [float(value) for value in values] for name, values in history.items()},
        "best_epoch": best_epoch,
        "precision": resolve_precision(training["precision"]),
    }
    _LOG.info("best epoch %d: %s", best_epoch, record["epochs"])
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, HISTORY_FILE), "w") as file:
        file.write(json.dumps(record, indent=2))
