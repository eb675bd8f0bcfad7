from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.batches import Share, StaticShape, in_their_order, make_batches, pad, plan
from components.trainer.dataset import Examples


def numbered(count: int, longest: int = 40) -> Examples:
    """Examples of random length, each with ids of its own: the number of the example, repeated."""
    lengths = np.random.default_rng(0).integers(2, longest, count)
    ragged: Any = tf.RaggedTensor
    ids = ragged.from_row_lengths(np.repeat(np.arange(count), lengths).astype(np.int32), lengths)
    return Examples(ids, None, np.arange(count, dtype=np.float32)[:, None])


def rows_of(batches) -> list[list[int]]:
    """Which examples came, by element, those without weight left out."""
    return [
        [int(row[0]) for row, weight in zip(inputs["input_word_ids"].numpy(), weights.numpy(), strict=True) if weight]
        for inputs, _, weights in batches
    ]


@pytest.mark.parametrize("by_length", [True, False])
@pytest.mark.parametrize("order", [None, (7, 0)])
def test_every_example_stands_once_in_full_batches_but_one(by_length, order):
    batches = plan(numbered(150).lengths, 32, by_length, order)
    assert sorted(map(len, batches)) == [22, 32, 32, 32, 32]
    assert sorted(np.concatenate(batches)) == list(range(150))


def test_the_order_is_new_every_epoch_and_the_same_for_the_same_seed():
    lengths = numbered(150).lengths

    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate(plan(lengths, 32, order=(seed, epoch))).tolist()

    assert order(7, 0) == order(7, 0)
    assert len({tuple(order(*each)) for each in ((7, 0), (7, 1), (8, 0))}) == 3


def test_without_lengths_and_without_an_order_examples_stay_where_they_are():
    assert np.concatenate(plan(numbered(50).lengths, 8, by_length=False)).tolist() == list(range(50))


def test_texts_of_like_length_stand_together_padded_to_a_multiple_of_eight():
    examples, real, padded = numbered(150), 0, 0
    for inputs, _, _ in make_batches(examples, plan(examples.lengths, 32, order=(7, 0))):
        lengths = inputs["input_mask"].numpy().sum(axis=1)
        width = inputs["input_word_ids"].shape[1]
        assert width == -(-lengths.max() // 8) * 8
        real, padded = real + lengths.sum(), padded + width * len(lengths)
    assert real / padded > 0.68  # 0.5 in a random order


def test_targets_stay_with_their_texts_and_weights_add_up_to_one():
    examples = numbered(70)
    for inputs, target, weights in make_batches(examples, plan(examples.lengths, 32, order=(7, 0))):
        assert (inputs["input_word_ids"][:, 0].numpy() == target[:, 0].numpy()).all()
        assert weights.numpy().sum() == pytest.approx(1.0)


def test_type_ids_are_padded_beside_the_word_ids():
    ids = tf.ragged.constant([[2, 9, 3, 8, 3], [2, 3, 3]], dtype=tf.int32)
    types = tf.ragged.constant([[0, 0, 0, 1, 1], [0, 0, 1]], dtype=tf.int32)
    [(inputs, _, _)] = make_batches(Examples(ids, types, np.zeros([2, 1], np.float32)), [np.array([1, 0])])
    assert inputs["input_type_ids"].numpy().tolist() == [[0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize("devices", [2, 3])
@pytest.mark.parametrize("static", [None, 40])
def test_devices_share_the_batches_that_one_would_have(devices, static):
    examples = numbered(70)
    planned = plan(examples.lengths, 32, order=(7, 0))
    alone = rows_of(make_batches(examples, planned))
    shared = rows_of(make_batches(examples, planned, Share(0, devices, devices), static and StaticShape(static, 32)))
    assert len(shared) == devices * len(alone)
    together = [list(itertools.chain(*shared[start : start + devices])) for start in range(0, len(shared), devices)]
    assert [sorted(batch) for batch in together] == [sorted(batch) for batch in alone]
    assert max(abs(len(one) - len(other)) for one, other in itertools.pairwise(shared[:devices])) <= 1


def test_workers_take_their_devices_part():
    examples = numbered(64)
    planned = plan(examples.lengths, 32)
    parts = [rows_of(make_batches(examples, planned, Share(first, 1, 2))) for first in (0, 1)]
    alone = rows_of(make_batches(examples, planned))
    assert [sorted(one + other) for one, other in zip(*parts, strict=True)] == [sorted(batch) for batch in alone]


def test_devices_share_long_texts_and_short_ones():
    examples = numbered(64)
    for batch in zip(*[iter(make_batches(examples, plan(examples.lengths, 32), Share(0, 2, 2)))] * 2, strict=True):
        one, other = (inputs["input_mask"].numpy().sum() for inputs, _, _ in batch)
        assert abs(one - other) < 0.1 * (one + other)


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_what_devices_computed_comes_back_in_the_examples_order(devices):
    examples = numbered(70)
    share, planned = Share(0, devices, devices), plan(examples.lengths, 32, order=(7, 0))
    for static in (None, StaticShape(40, 32)):
        elements = make_batches(examples, planned, share, static)
        computed = np.concatenate([target.numpy()[weights.numpy() > 0] for _, target, weights in elements])
        assert in_their_order(computed, planned, share)[:, 0].tolist() == list(range(70))


def test_what_is_left_of_an_epoch_has_the_shape_of_all():
    examples = numbered(33)
    planned = plan(examples.lengths, 32, by_length=False)
    left = make_batches(examples, planned[1:], static=StaticShape(40, 32))
    spec: Any = left.element_spec
    assert spec[1].shape == (32, 1)


def test_a_device_may_have_no_row_of_the_last_batch():
    examples = numbered(33)
    elements = list(make_batches(examples, plan(examples.lengths, 32, by_length=False), Share(0, 2, 2)))
    assert [len(target) for _, target, _ in elements] == [16, 16, 1, 0]
    assert elements[3][0]["input_word_ids"].shape == (0, 8)


def test_static_shapes_are_the_same_for_every_device_and_batch():
    examples = numbered(37)
    batches = make_batches(examples, plan(examples.lengths, 16), Share(0, 3, 3), StaticShape(40, 16))
    spec: Any = batches.element_spec
    assert spec[0]["input_word_ids"].shape == (6, 40)
    shapes = {(*inputs["input_word_ids"].shape, *target.shape, *weights.shape) for inputs, target, weights in batches}
    assert shapes == {(6, 40, 6, 1, 6)}


def test_the_mask_comes_from_lengths_so_that_pad_may_stand_in_a_text():
    inputs = pad(tf.ragged.constant([[2, 0, 0, 3], [2, 3]], dtype=tf.int64))
    assert inputs["input_word_ids"].numpy().tolist() == [[2, 0, 0, 3, 0, 0, 0, 0], [2, 3, 0, 0, 0, 0, 0, 0]]
    assert inputs["input_mask"].numpy().tolist() == [[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0]]
    assert not inputs["input_type_ids"].numpy().any()
    assert {tensor.dtype for tensor in inputs.values()} == {tf.int32}


def test_no_rows_are_padded_to_no_rows():
    inputs = pad(tf.ragged.constant([], ragged_rank=1, dtype=tf.int64))
    assert inputs["input_word_ids"].shape == (0, 8)
