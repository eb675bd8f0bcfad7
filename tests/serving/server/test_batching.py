from typing import Any, cast

import numpy as np
import pytest
import tensorflow as tf

from serving.server.batching import can_be_batched, length_class, takes_texts

TEXT = tf.TensorSpec([None], tf.string)
ROWS = tf.TensorSpec([None, 1], tf.float32)


def texts(*lengths):
    return {"text": np.array([b"x" * length for length in lengths], dtype=object)}


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ([TEXT], [ROWS], True),
        ([tf.TensorSpec([None, 3], tf.float32)], [ROWS], True),
        ([tf.TensorSpec([None, None], tf.int64)], [ROWS], False),  # rows of different lengths
        ([tf.TensorSpec([4], tf.string)], [ROWS], False),
        ([tf.TensorSpec([], tf.string)], [ROWS], False),
        ([tf.TensorSpec(tf.TensorShape(cast(Any, None)), tf.string)], [ROWS], False),
        ([TEXT], [tf.TensorSpec([], tf.float32)], False),  # one output for the whole batch
        ([], [ROWS], False),
    ],
)
def test_only_rows_can_be_put_together(inputs, outputs, expected):
    assert can_be_batched(inputs, outputs) is expected


def test_texts_are_strings_of_rank_one():
    assert takes_texts([TEXT, TEXT])
    assert not takes_texts([TEXT, ROWS])
    assert not takes_texts([tf.TensorSpec([None, 2], tf.string)])
    assert not takes_texts([])


@pytest.mark.parametrize(
    ("lengths", "expected"), [((0,), 0), ((10,), 0), ((11,), 1), ((20,), 1), ((21,), 2), ((3, 15, 2), 1), ((), 0)]
)
def test_the_longest_text_decides_the_class(lengths, expected):
    assert length_class(texts(*lengths), (10, 20)) == expected


def test_without_bounds_there_is_one_class():
    assert length_class({"x": np.zeros((2, 3))}, ()) == 0
