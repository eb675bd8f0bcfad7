from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.errors import TrainingError
from components.trainer.dataset import make_batches, pad, read_examples
from tests.components.trainer.conftest import write_transformed


def rows(count: int, seed: int = 0) -> list[tuple[list[int], float]]:
    """`count` examples of random length, each with ids of its own: the number of the example, repeated."""
    random = np.random.default_rng(seed)
    return [([number + 1] * int(random.integers(2, 40)), float(number % 2)) for number in range(count)]


@pytest.fixture
def examples(tmp_path, transform_output):
    return read_examples([write_transformed(tmp_path / "train.gz", rows(150))], transform_output, "train")


def seen(batches) -> list[int]:
    """Which examples came, in order."""
    return [int(row[0]) for inputs, _ in batches for row in inputs["input_word_ids"].numpy()]


def test_a_split_is_counted(examples):
    assert examples.count == 150


@pytest.mark.parametrize("seed", [None, 7])
def test_every_example_comes_once_an_epoch_in_full_batches_but_the_last(examples, seed):
    batches = list(make_batches(examples, 32, seed))
    assert sorted(len(target) for _, target in batches) == [22, 32, 32, 32, 32]
    assert sorted(seen(batches)) == list(range(1, 151))


def test_targets_stay_with_their_texts(examples):
    for inputs, target in make_batches(examples, 32, 7):
        assert ((inputs["input_word_ids"][:, 0].numpy() - 1) % 2 == target[:, 0].numpy()).all()


def test_the_order_is_new_every_epoch_and_the_same_for_the_same_seed(tmp_path, transform_output):
    pattern = [write_transformed(tmp_path / "train.gz", rows(150))]

    def two_epochs(seed):
        batches = make_batches(read_examples(pattern, transform_output, "train"), 32, seed)
        return seen(batches), seen(batches)

    first, second = two_epochs(7)
    assert first != second
    assert (first, second) == two_epochs(7)
    assert first != two_epochs(8)[0]


def test_batches_hold_texts_of_like_length_padded_to_a_multiple_of_eight(examples):
    real = padded = 0
    for inputs, _ in make_batches(examples, 32, 7):
        lengths = inputs["input_mask"].numpy().sum(axis=1)
        width = inputs["input_word_ids"].shape[1]
        assert width == -(-lengths.max() // 8) * 8
        real, padded = real + lengths.sum(), padded + width * len(lengths)
    assert real / padded > 0.68  # 0.5 in a random order


def test_validation_comes_in_the_same_order_every_time(examples):
    assert seen(make_batches(examples, 32)) == seen(make_batches(examples, 32))


def test_the_mask_comes_from_lengths_so_that_pad_may_stand_in_a_text():
    inputs = pad(tf.ragged.constant([[2, 0, 0, 3], [2, 3]], dtype=tf.int64))
    assert inputs["input_word_ids"].numpy().tolist() == [[2, 0, 0, 3, 0, 0, 0, 0], [2, 3, 0, 0, 0, 0, 0, 0]]
    assert inputs["input_mask"].numpy().tolist() == [[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0]]
    assert not inputs["input_type_ids"].numpy().any()
    assert {tensor.dtype for tensor in inputs.values()} == {tf.int32}


def test_no_rows_are_padded_to_no_rows():
    inputs = pad(tf.ragged.constant([], ragged_rank=1, dtype=tf.int64))
    assert inputs["input_word_ids"].shape == (0, 8)


@pytest.mark.parametrize(
    ("targets", "says"), [([], "eval split has no example"), ([1.0, 1.0], "one class"), ([0.0], "one class")]
)
def test_a_split_that_teaches_nothing_is_refused(tmp_path, transform_output, targets, says):
    pattern = write_transformed(tmp_path / "eval.gz", [([2, 5, 3], target) for target in targets])
    with pytest.raises(TrainingError, match=says):
        read_examples([pattern], transform_output, "eval")
