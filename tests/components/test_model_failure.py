from __future__ import annotations

import pytest
import tensorflow as tf

from components.errors import causes
from components.model_failure import cause_of


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


def _three_deep():
    try:
        try:
            raise KeyError("inner")
        except KeyError:
            raise TypeError("middle")  # noqa: B904 (the implicit context is what is tested)
    except TypeError as error:
        raise ValueError("outer") from error


def test_causes_come_outermost_first_whether_said_or_implied():
    with pytest.raises(ValueError, match="outer") as raised:
        _three_deep()
    assert [type(cause) for cause in causes(raised.value)] == [ValueError, TypeError, KeyError]


def _from_none():
    try:
        raise KeyError("hidden")
    except KeyError:
        raise ValueError("all there is to say") from None


def test_a_suppressed_context_is_no_cause():
    with pytest.raises(ValueError, match="all there is") as raised:
        _from_none()
    assert raised.value.__context__ is not None
    assert list(causes(raised.value)) == [raised.value]


def test_a_circle_of_causes_ends():
    first, second = ValueError(), TypeError()
    first.__cause__, second.__context__ = second, first
    assert list(causes(first)) == [first, second]


def test_an_operators_error_that_was_hidden_stays_so():
    error = ValueError("our own words")
    error.__context__ = tf.errors.InternalError(None, None, "the inside")
    assert cause_of(error) == "InternalError: the inside"
    error.__suppress_context__ = True
    assert cause_of(error) == "ValueError: our own words"
