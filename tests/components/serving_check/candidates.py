"""Candidates that load in no time: a sound one, and ones that must not be served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_text as text_ops
from tfx.types import artifact_utils, standard_artifacts

from components.features import TEXT, TEXT_PAIR
from components.trainer.warmup import write_warmup_requests
from tests.components.pusher.tiny_model import LengthModel, PairModel, write_model

_TEXTS = [tf.TensorSpec([None], tf.string, name="text")]


class TrimmingModel(LengthModel):
    """Uses an operator of TensorFlow Text that TensorFlow Serving 2.16 does not link, and fails on an empty text."""

    @tf.function(input_signature=_TEXTS)
    def serve(self, text):
        tf.debugging.assert_greater(tf.strings.length(text), 0, "nothing to classify")
        words = tf.strings.split(text)
        counts: Any = text_ops.RoundRobinTrimmer(5).trim([words])[0].row_lengths()
        scores = tf.minimum(tf.cast(counts, tf.float32) / self.longest, 1.0)[:, None]
        return {"scores": scores, "predicted": tf.fill([tf.size(text)], "pos")}


def write_candidate(folder: Path, model: LengthModel, warm_up: bool = True) -> standard_artifacts.Model:
    """A Model as Trainer leaves it."""
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder)
    saved = write_model(folder / "Format-Serving", model)
    if warm_up:
        write_warmup_requests(str(saved), pair=isinstance(model, PairModel))
    return artifact


def write_examples(
    folder: Path, texts: Sequence[bytes], pairs: Sequence[bytes] | None = None
) -> standard_artifacts.Examples:
    """Raw Examples with a test split, as example_gen leaves them, of texts or of pairs of texts."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names(["train", "test"])
    for split in ("train", "test"):
        (folder / f"Split-{split}").mkdir(parents=True)
    path = folder / "Split-test" / "data_tfrecord-00000-of-00001.gz"
    with tf.io.TFRecordWriter(str(path), options="GZIP") as writer:
        for number, text in enumerate(texts):
            example = tf.train.Example()
            example.features.feature[TEXT].bytes_list.value.append(text)
            if pairs is not None:
                example.features.feature[TEXT_PAIR].bytes_list.value.append(pairs[number])
            writer.write(example.SerializeToString())
    return artifact
