"""The Trainer's run_fn: trains, decides, exports a model that takes text."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components import strict_json
from components.encoders.fingerprint import check_unchanged
from components.errors import TrainingError
from components.features import MULTICLASS
from components.trainer import devices
from components.trainer.batches import make_batches, plan
from components.trainer.decisions import decide, scores_of
from components.trainer.export import TextClassifier, export
from components.trainer.files import HISTORY_FILE, JOB_FILE
from components.trainer.job import Job
from components.trainer.tracking import make_tracker
from components.trainer.train import Trained, train
from components.trainer.warmup import write_warmup_requests

_LOG = logging.getLogger(__name__)


def run_fn(fn_args: FnArgs) -> None:
    """Trains on `train`, picks the best epoch on `eval`, exports it to TFX's serving folder.

    The epoch is picked in the precision that is trained in; what is exported computes in float32, and thresholds and
    temperature are worked out with it. TensorBoard's logs and what there is to tell of the training (`HISTORY_FILE`)
    go to `fn_args.model_run_dir`.

    Args:
        fn_args: TFX's; `custom_config` holds the settings of a `Job`, `base_model` the served model, if there is one
            and training.warm_start is set.

    Raises:
        TrainingError: see `train.train`.
        EncoderError: the encoder cannot be found, fetched or used, or changed while the run went on.
    """
    settings: dict[str, Any] = fn_args.custom_config
    check_unchanged(settings["encoder"])
    job = Job(
        settings=settings,
        train_files=list(fn_args.train_files),
        eval_files=list(fn_args.eval_files),
        transform_output=fn_args.transform_output,
        log_dir=fn_args.model_run_dir,
        base_model=_served(fn_args.base_model) if settings["training"]["warm_start"] else None,
    )
    if devices.choose(job.training) == devices.MULTI_WORKER:
        _run_as_worker(job, fn_args.serving_model_dir)
    else:
        train_and_export(job, fn_args.serving_model_dir)


def train_and_export(job: Job, folder: str) -> None:
    """A training from its job to a SavedModel in `folder` and the record in the job's log_dir."""
    recording = job.settings["tracking"] if devices.worker_number() == 0 else {"tensorboard": False, "wandb": None}
    tracker = make_tracker(recording, job.log_dir, job.settings.get("name", "training"))
    trained = train(job, tracker)
    if not trained.is_chief:
        return
    transform_output = tft.TFTransformOutput(job.transform_output)
    classifier = TextClassifier(trained.model, transform_output, job.labels, job.settings["pair"])
    logits = _exported_logits(classifier, trained)
    decided = decide(
        job.labels["kind"],
        job.labels["names"],
        logits,
        trained.validation.target,
        job.settings["decisions"],
        job.labels["threshold"],
    )
    classifier.settle(decided)
    export(classifier, folder)
    write_warmup_requests(folder, pair=job.settings["pair"])
    record = {
        **trained.record,
        "decisions": decided.report,
        "float32": _difference(job.labels["kind"], trained.logits, logits, decided),
    }
    tracker.finish(record, folder)
    _write_record({**record, "tracking_problems": tracker.problems}, job.log_dir)
    trained.checkpoints.delete()


def _exported_logits(classifier: TextClassifier, trained: Trained) -> np.ndarray:
    """The logits of the eval split by the graph that is exported, in float32, `[examples, labels]`."""
    planned = plan(trained.validation.lengths, trained.record["training"]["batch_size"])
    batches = make_batches(trained.validation, planned)
    scored = np.concatenate([classifier.logits(inputs).numpy() for inputs, _, _ in batches])
    logits = np.empty_like(scored)
    logits[np.concatenate(planned)] = scored
    return logits


def _difference(kind: str, trained: np.ndarray, exported: np.ndarray, decided: Any) -> dict[str, Any]:
    """How far scores and answers in the precision that was trained in are from those of the exported model."""
    ours, theirs = (scores_of(kind, logits, decided.temperature) for logits in (trained, exported))
    answers = [
        scores.argmax(axis=1)[:, None] if kind == MULTICLASS else scores >= decided.thresholds
        for scores in (ours, theirs)
    ]
    flips = int((answers[0] != answers[1]).any(axis=1).sum())
    largest = float(np.abs(ours - theirs).max())
    _LOG.info("float32 differs by %.2g at most in score, and in %d of %d answers", largest, flips, len(ours))
    return {"largest_difference": largest, "flips": flips, "examples": len(ours)}


def _write_record(record: dict[str, Any], folder: str) -> None:
    """Keeps the metrics of every epoch, which one was exported, and what was decided, for the report."""
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, HISTORY_FILE), "w") as file:
        file.write(strict_json.dumps(record))


def _served(folder: str | None) -> str | None:
    """The served model's folder, None where nothing is served yet."""
    return folder if folder and tf.io.gfile.exists(os.path.join(folder, "saved_model.pb")) else None


def _run_as_worker(job: Job, folder: str) -> None:
    """Trains in a process of its own: workers can be joined only before anything was computed, and TFX has by now.

    The other workers run the same command (`components.trainer.worker`) with a TF_CONFIG of their own.
    """
    path = os.path.join(job.log_dir, JOB_FILE)
    tf.io.gfile.makedirs(job.log_dir)
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(job.to_json())
    command = [sys.executable, "-m", "components.trainer.worker", path, folder]
    _LOG.info("training as worker %d: %s", devices.worker_number(), " ".join(command))
    ended = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if ended.returncode:
        last = next(iter(reversed(ended.stderr.strip().splitlines())), f"exit code {ended.returncode}")
        _LOG.error("the worker's error output: %s", ended.stderr)
        raise TrainingError(last.removeprefix("error: "))
