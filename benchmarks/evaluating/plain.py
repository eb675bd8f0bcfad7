"""The other side of scoring: the same model on the same file in the same batches, and nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401 (registers the operators that the graph calls)
from sklearn import metrics

from components.evaluator.decisions import Decisions
from components.features import ID, TARGET
from components.signatures import SCORES, SERVING_EXAMPLES

BATCH = 32  # what Evaluator has: `components.evaluator.measure`


@dataclasses.dataclass(frozen=True)
class Scored:
    """Scores float32 [n, labels] in the order of the file, and what they are worth."""

    scores: np.ndarray
    accuracy: float
    auc: float


def score(file: Path, model: Path, decisions: Decisions) -> Scored:
    """Loads the model, scores the examples, and measures with scikit-learn.

    Args:
        file: a gzipped TFRecord file of raw Examples.
        model: the SavedModel's folder.
        decisions: how the model answers.
    """
    # Held on to, for a signature alone does not keep its variables; loaded as TFMA does, so that both can be timed.
    loaded: Any = tf.compat.v1.saved_model.load_v2(str(model))
    signature = loaded.signatures[SERVING_EXAMPLES]
    [name] = signature.structured_input_signature[1]
    parsed = {TARGET: tf.io.FixedLenFeature([len(decisions.scored)], tf.int64)}
    scores, targets = [], []
    for batch in _records(file).batch(BATCH).prefetch(tf.data.AUTOTUNE):
        scores.append(signature(**{name: batch})[SCORES].numpy())
        targets.append(tf.io.parse_example(batch, parsed)[TARGET].numpy())
    return _measured(np.concatenate(scores), np.concatenate(targets), decisions)


def ids(file: Path) -> list[str]:
    """The examples' ids, in the order of the file."""
    parsed = {ID: tf.io.FixedLenFeature([], tf.string)}
    batches = [tf.io.parse_example(batch, parsed)[ID].numpy() for batch in _records(file).batch(BATCH)]
    return [identity.decode() for batch in batches for identity in batch]


def _records(file: Path) -> tf.data.Dataset:
    return tf.data.TFRecordDataset([str(file)], compression_type="GZIP")


def _measured(scores: np.ndarray, targets: np.ndarray, decisions: Decisions) -> Scored:
    accuracy = metrics.accuracy_score(targets, decisions.decide(scores))
    return Scored(scores, float(accuracy), float(metrics.roc_auc_score(targets, scores)))
