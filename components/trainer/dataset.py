"""From transformed Examples to batches: each padded to its own longest text, its texts of like length."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from components.errors import TrainingError
from components.features import INPUT_MASK, INPUT_TYPE_IDS, INPUT_WORD_IDS, TARGET

_PARSE_BATCH = 1024
_WINDOW_BATCHES = 64  # texts are sorted by length within so many batches: little padding, and still a random order
_LENGTH_MULTIPLE = 8  # fewer distinct shapes, so that oneDNN meets its compiled kernels again

Encoded = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Examples:
    """A split: tokens int32 `[tokens]` and target float32 `[labels]` of every example, and how many there are."""

    dataset: tf.data.Dataset
    count: int


def read_examples(patterns: Sequence[str], transform_output: tft.TFTransformOutput, split: str) -> Examples:
    """Reads a split of transformed Examples, and keeps it in memory once it has been read.

    Raises:
        TrainingError: the split is empty, or all of its examples are of one class.
    """
    features = {name: transform_output.transformed_feature_spec()[name] for name in (INPUT_WORD_IDS, TARGET)}

    def parse(serialized: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        parsed: dict[str, Any] = tf.io.parse_example(serialized, features)
        ids = tf.RaggedTensor.from_sparse(parsed[INPUT_WORD_IDS])
        return tf.cast(ids, tf.int32), parsed[TARGET]

    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_PARSE_BATCH)
    dataset = records.map(parse, num_parallel_calls=tf.data.AUTOTUNE).unbatch().cache()
    return _counted(dataset, split)


def make_batches(examples: Examples, batch_size: int, shuffle_seed: int | None = None) -> tf.data.Dataset:
    """Batches of (encoder inputs, target), in a new random order every epoch where a seed is given.

    Encoder inputs are int32 `[batch, tokens]` each, `tokens` being that batch's longest text rounded up to a multiple
    of eight; target is float32 `[batch, labels]`. There are ceil(count / batch_size) batches.
    """
    dataset = examples.dataset
    if shuffle_seed is not None:
        dataset = dataset.shuffle(examples.count, seed=shuffle_seed)
    dataset = dataset.ragged_batch(batch_size * _WINDOW_BATCHES).map(_sort_by_length).unbatch()
    dataset = dataset.ragged_batch(batch_size)
    if shuffle_seed is not None:
        dataset = dataset.shuffle(_WINDOW_BATCHES, seed=shuffle_seed)
    padded = dataset.map(lambda ids, target: (pad(ids), target), num_parallel_calls=tf.data.AUTOTUNE)
    return padded.prefetch(tf.data.AUTOTUNE)


def pad(ids: tf.RaggedTensor) -> Encoded:
    """The encoder's inputs for int ids `[batch, (tokens)]`: ids padded with 0, their mask, and zeros as type ids.

    The mask comes from the lengths, not from `ids != 0`: [PAD] may stand in a text.
    """
    lengths = tf.cast(ids.row_lengths(), tf.int32)
    word_ids = tf.cast(ids, tf.int32).to_tensor(default_value=0)
    width = tf.shape(word_ids)[1]
    tokens = tf.maximum((width + _LENGTH_MULTIPLE - 1) // _LENGTH_MULTIPLE, 1) * _LENGTH_MULTIPLE
    word_ids = tf.pad(word_ids, tf.stack([[0, 0], [0, tokens - width]]))
    return encoder_inputs(word_ids, tf.sequence_mask(lengths, tokens, dtype=tf.int32))


def encoder_inputs(word_ids: tf.Tensor, mask: tf.Tensor) -> Encoded:
    """The three int32 `[batch, tokens]` inputs of TF Hub's text encoders, for single texts."""
    return {INPUT_WORD_IDS: word_ids, INPUT_MASK: mask, INPUT_TYPE_IDS: tf.zeros_like(word_ids)}


def _sort_by_length(ids: tf.RaggedTensor, target: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
    order = tf.argsort(ids.row_lengths(), stable=True)
    return tf.gather(ids, order), tf.gather(target, order)


def _counted(dataset: tf.data.Dataset, split: str) -> Examples:
    count, positives = 0, None
    for target in dataset.map(lambda _, target: target).batch(_PARSE_BATCH).as_numpy_iterator():
        count += len(target)
        positives = target.sum(axis=0) + (0 if positives is None else positives)
    if positives is None:
        raise TrainingError(f"the {split} split has no example; give it data, or more weight in data.splits")
    if any(value in (0, count) for value in positives):
        raise TrainingError(
            f"all {count} examples of the {split} split are of one class: there is nothing to learn or to measure; "
            "give it data of both classes, or raise data.sample.fraction"
        )
    return Examples(dataset, count)
