"""Models that answer what a text says, so that every score is known; and Examples for them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import tensorflow as tf
from tfx.types import standard_artifacts

GOOD, BETTER, SPOILT = range(3)
"""Which word of a text is the score, by model."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One example: its target, one or of each label, its length band, the scores that the models give it, and what its
    text says beside them.
    """

    target: int | tuple[int, ...]
    band: str
    scores: tuple[float, ...]
    said: str = ""


class WordModel(tf.Module):
    """Reads its score off a text: the word at `position`."""

    def __init__(self, position: int, threshold: float = 0.5) -> None:
        super().__init__()
        self.position = tf.Variable(tf.constant(position), trainable=False)
        self._threshold = threshold

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(self, examples):
        texts = tf.io.parse_example(examples, {"text": tf.io.FixedLenFeature([], tf.string)})["text"]
        scores = tf.strings.to_number(tf.strings.split(texts).to_tensor()[:, self.position])[:, None]
        return {"scores": scores, "predicted": tf.where(scores[:, 0] >= self._threshold, "pos", "neg")}


class FailingModel(WordModel):
    """Has the signature, and fails when it is called."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(self, examples):
        with tf.control_dependencies([tf.debugging.assert_less(tf.size(examples) + self.position, 0, "out of order")]):
            return {"scores": tf.ones([tf.size(examples), 1])}


class TwoLabelModel(WordModel):
    """Scores two labels."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(self, examples):
        return {"scores": tf.ones([tf.size(examples), 2]) * tf.cast(self.position, tf.float32)}


class ManyLabelModel(tf.Module):
    """Reads the scores of `labels` labels off a text: its words from `first` on."""

    def __init__(self, labels: int, first: int = 0) -> None:
        super().__init__()
        self.first = tf.Variable(tf.constant(first), trainable=False)
        self._labels = labels

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(self, examples):
        texts = tf.io.parse_example(examples, {"text": tf.io.FixedLenFeature([], tf.string)})["text"]
        words = tf.strings.split(texts).to_tensor()[:, self.first : self.first + self._labels]
        return {"scores": tf.ensure_shape(tf.strings.to_number(words), [None, self._labels])}


def write_decisions(model: standard_artifacts.Model, kind: str, names: Sequence[str], thresholds) -> None:
    """What a trained model brings beside its SavedModel."""
    file = Path(model.uri) / "Format-Serving" / "assets.extra" / "decisions.json"
    file.parent.mkdir(exist_ok=True)
    content = {"kind": kind, "names": list(names), "thresholds": thresholds, "temperature": [1.0], "tuned_for": "f1"}
    file.write_text(json.dumps(content))


def write_model(
    folder: Path, model: WordModel | ManyLabelModel, signature: str = "serving_examples"
) -> standard_artifacts.Model:
    """A Model artifact in `folder` with the model under the signature."""
    tf.saved_model.save(model, str(folder / "Format-Serving"), signatures={signature: model.serving_examples})
    artifact = standard_artifacts.Model()
    artifact.uri = str(folder)
    return artifact


def write_examples(folder: Path, rows: Iterable[Row]) -> standard_artifacts.Examples:
    """Raw Examples, as example_gen writes them, in two files of a split `test`."""
    split = folder / "Split-test"
    split.mkdir(parents=True)
    serialized = [_example(index, row) for index, row in enumerate(rows)]
    for shard in range(2):
        path = str(split / f"data_tfrecord-{shard:05}-of-00002.gz")
        with tf.io.TFRecordWriter(path, options="GZIP") as writer:
            for example in serialized[shard::2]:
                writer.write(example)
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = '["test"]'
    artifact.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    return artifact


def _example(index: int, row: Row) -> bytes:
    example = tf.train.Example()
    features = example.features.feature
    features["text"].bytes_list.value.append(" ".join([*map(str, row.scores), row.said]).encode())
    targets = row.target if isinstance(row.target, tuple) else (row.target,)
    held = [f"l{number}" for number, holds in enumerate(targets) if holds]
    labels = held if isinstance(row.target, tuple) else ["pos" if row.target else "neg"]
    features["label"].bytes_list.value.extend(label.encode() for label in labels)
    features["target"].int64_list.value.extend(targets)
    features["id"].bytes_list.value.append(f"{index:032x}".encode())
    features["words"].int64_list.value.append(len(row.scores))
    features["length_band"].bytes_list.value.append(row.band.encode())
    return example.SerializeToString()
