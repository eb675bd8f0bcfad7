"""The Trainer's run_fn: trains, decides, exports a model that takes text."""

from __future__ import annotations

import logging
import os
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components import strict_json
from components.encoders.fingerprint import check_unchanged
from components.features import MULTICLASS
from components.trainer import devices
from components.trainer.batches import in_their_order, make_batches, plan
from components.trainer.decisions import decide, scores_of
from components.trainer.export import TextClassifier, export
from components.trainer.files import HISTORY_FILE
from components.trainer.job import Job
from components.trainer.tracking import make_tracker
from components.trainer.train import Trained, train
from components.trainer.warmup import write_warmup_requests
from components.trainer.worker_process import run_as_worker

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
        run_as_worker(job, fn_args.serving_model_dir)
    else:
        train_and_export(job, fn_args.serving_model_dir)


def train_and_export(job: Job, folder: str) -> None:
    """A training from its job to a SavedModel in `folder` and the record in the job's log_dir."""
    is_chief = devices.is_chief_of(devices.choose(job.training))
    recording = job.settings["tracking"] if is_chief else {"tensorboard": False, "wandb": None}
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
    export(classifier, folder, job.origin)
    write_warmup_requests(folder, pair=job.settings["pair"])
    record = {
        **trained.record,
        "decisions": decided.report,
        "float32": _difference(job.labels["kind"], trained.logits, logits, decided),
    }
    tracker.finish(record, folder)
    _write_record({**record, "tracking_problems": tracker.problems}, job.log_dir)


def _exported_logits(classifier: TextClassifier, trained: Trained) -> np.ndarray:
    """The logits of the eval split by the graph that is exported, in float32, `[examples, labels]`."""
    planned = plan(trained.validation.lengths, trained.record["training"]["batch_size"])
    batches = make_batches(trained.validation, planned)
    return in_their_order(np.concatenate([classifier.logits(inputs).numpy() for inputs, _, _ in batches]), planned)


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
