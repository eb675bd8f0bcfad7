"""Which examples stand in which batch, and the batches themselves: padded to their longest text, of texts alike.

An epoch's batches are planned before it begins, from the seed and the epoch alone: a training that was killed goes on
with the batch that would have come, and any number of devices share the very batches that one would have had.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from components.features import INPUT_MASK, INPUT_TYPE_IDS, INPUT_WORD_IDS
from components.trainer.dataset import Examples

_WINDOW_BATCHES = 64  # texts are sorted by length within so many batches: little padding, and still a random order
_LENGTH_MULTIPLE = 8  # fewer distinct shapes, so that oneDNN meets its compiled kernels again

Encoded = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class StaticShape:
    """One shape for every batch: of so many tokens, and of `batch_size` examples on all devices together."""

    tokens: int
    batch_size: int


@dataclasses.dataclass(frozen=True)
class Share:
    """Which part of every batch is computed here: by `devices` of `of` in all, from device `first` on."""

    first: int = 0
    devices: int = 1
    of: int = 1


def plan(
    lengths: np.ndarray, batch_size: int, by_length: bool = True, order: tuple[int, int] | None = None
) -> list[np.ndarray]:
    """The examples of each batch, by their numbers; ceil(examples / batch_size) batches.

    Args:
        lengths: tokens of each example, `[examples]`.
        batch_size: examples in a batch; one batch may have fewer.
        by_length: whether texts of like length stand together.
        order: seed and epoch of a random order; None keeps that of the examples, but for their lengths.
    """
    random = None if order is None else np.random.default_rng(order)
    numbers = np.arange(len(lengths)) if random is None else random.permutation(len(lengths))
    if by_length:
        numbers = _sorted_in_windows(numbers, lengths, batch_size * _WINDOW_BATCHES)
    batches = np.split(numbers, range(batch_size, len(numbers), batch_size))
    return batches if random is None else [batches[place] for place in random.permutation(len(batches))]


def make_batches(
    examples: Examples, planned: list[np.ndarray], share: Share = Share(), static: StaticShape | None = None
) -> tf.data.Dataset:
    """The planned batches as (encoder inputs, target, weights), one element for each device of the share in turn.

    Encoder inputs are int32 `[rows, tokens]` each, `tokens` being the rows' longest text rounded up to a multiple of
    eight, or those of `static`; target is float32 `[rows, labels]`; weights are float32 `[rows]`, of which those of a
    whole batch, on all devices, add up to one. A device may have no row of the last batch. With `static` every device
    has as many rows of every batch, those that are missing being another's with a weight of 0.
    """
    fixed_rows = None if static is None else math.ceil(static.batch_size / share.of)
    tokens = None if static is None else static.tokens
    parts = [part for batch in planned for part in _parts(batch, share, fixed_rows)]
    ragged: Any = tf.RaggedTensor
    numbers = ragged.from_row_lengths(_joined([rows for rows, _ in parts], np.int64), _lengths(parts))
    weights = ragged.from_row_lengths(_joined([each for _, each in parts], np.float32), _lengths(parts))

    def gather(rows: tf.Tensor, weight: tf.Tensor) -> tuple[Encoded, tf.Tensor, tf.Tensor]:
        types = None if examples.type_ids is None else tf.gather(examples.type_ids, rows)
        inputs, target = pad(tf.gather(examples.word_ids, rows), types, tokens), tf.gather(examples.target, rows)
        for each in (*inputs.values(), target, weight):
            each.set_shape([fixed_rows, *each.shape[1:]])
        return inputs, target, weight

    dataset = tf.data.Dataset.from_tensor_slices((numbers, weights))
    return dataset.map(gather, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def in_their_order(rows: np.ndarray, planned: list[np.ndarray], share: Share = Share()) -> np.ndarray:
    """What was computed of every planned example, `[examples, …]`, in the examples' own order.

    Args:
        rows: in the order in which the devices of `share`, all that there are, yield them.
        planned: all examples.
        share: of the batches that were made.
    """
    numbers = [batch[device :: share.of] for batch in planned for device in range(share.of)]
    ordered = np.empty_like(rows)
    ordered[np.concatenate(numbers)] = rows
    return ordered


def encoder_inputs(word_ids: tf.Tensor, mask: tf.Tensor, type_ids: tf.Tensor | None = None) -> Encoded:
    """The three int32 `[rows, tokens]` inputs of TF Hub's text encoders; a single text's type ids are zeros."""
    return {
        INPUT_WORD_IDS: word_ids,
        INPUT_MASK: mask,
        INPUT_TYPE_IDS: tf.zeros_like(word_ids) if type_ids is None else type_ids,
    }


def pad(ids: tf.RaggedTensor, type_ids: tf.RaggedTensor | None = None, tokens: int | None = None) -> Encoded:
    """The encoder's inputs for int ids `[rows, (tokens)]`: ids padded with 0, their mask, and type ids.

    The mask comes from the lengths, not from `ids != 0`: [PAD] may stand in a text.
    """
    lengths = tf.cast(ids.row_lengths(), tf.int32)
    width: int | tf.Tensor = _rounded(tf.reduce_max(lengths, axis=0)) if tokens is None else tokens
    mask = tf.sequence_mask(lengths, width, dtype=tf.int32)
    types = None if type_ids is None else _dense(type_ids, width)
    return encoder_inputs(_dense(ids, width), mask, types)


def _parts(batch: np.ndarray, share: Share, rows: int | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and weights of each device of the share, filled up to `rows` where that is given.

    Rows are dealt out in turn: they lie by length, and no device shall have all the long ones.
    """
    for device in range(share.first, share.first + share.devices):
        numbers = batch[device :: share.of]
        weights = np.full(len(numbers), 1 / len(batch), np.float32)
        missing = 0 if rows is None else rows - len(numbers)
        yield np.pad(numbers, (0, missing), constant_values=batch[0]), np.pad(weights, (0, missing))


def _lengths(parts: list[tuple[np.ndarray, np.ndarray]]) -> list[int]:
    return [len(rows) for rows, _ in parts]


def _joined(arrays: list[np.ndarray], kind: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.zeros(0, kind), *arrays]).astype(kind)


def _dense(ids: tf.RaggedTensor, width: int | tf.Tensor) -> tf.Tensor:
    return tf.cast(ids, tf.int32).to_tensor(default_value=0, shape=tf.stack([-1, width]))


def _rounded(longest: tf.Tensor) -> tf.Tensor:
    # The longest of no text at all is the least integer there is.
    return (tf.maximum(longest, 1) + _LENGTH_MULTIPLE - 1) // _LENGTH_MULTIPLE * _LENGTH_MULTIPLE


def _sorted_in_windows(numbers: np.ndarray, lengths: np.ndarray, window: int) -> np.ndarray:
    windows = np.split(numbers, range(window, len(numbers), window))
    return np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in windows])
