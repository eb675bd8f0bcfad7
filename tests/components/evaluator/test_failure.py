from __future__ import annotations

import pytest
import tensorflow as tf

from components.evaluator.failure import cause_of


@tf.function
def _out_of_order(value):
    with tf.control_dependencies([tf.debugging.assert_less(value, 0, "out of order")]):
        return tf.identity(value)


def _called_as_tfma_does(value):
    try:
        try:
            raise TypeError("too many positional arguments")
        except TypeError:
            _out_of_order(value)
    except tf.errors.InvalidArgumentError as error:
        raise ValueError("Fail to call signature func\nthe inputs are: a private text") from error


def test_the_operators_own_message_is_found_and_no_text_of_the_batch():
    with pytest.raises(ValueError, match="private") as raised:
        _called_as_tfma_does(tf.constant(1))
    cause = cause_of(raised.value)
    assert cause.startswith("InvalidArgumentError: assertion failed: [out of order]")
    assert "private" not in cause


def test_any_other_error_is_named_with_its_first_line():
    assert cause_of(ValueError("no such split\nmore")) == "ValueError: no such split"


def test_an_error_without_a_message_is_named():
    assert cause_of(MemoryError()) == "MemoryError"


def test_a_long_message_is_cut_short():
    assert len(cause_of(ValueError("x" * 10_000))) < 400
