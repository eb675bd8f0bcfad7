from __future__ import annotations

import struct

import pytest

from serving.client.tensors import booleans, floats, put_texts, rows, shape_of, strings
from serving.protos.messages import TensorProto


def tensor(shape, **fields):
    made = TensorProto(**fields)
    for size in shape:
        made.tensor_shape.dim.add(size=size)
    return made


def test_texts():
    made = TensorProto()
    put_texts(made, [b"a", b"\xff", b""])
    assert shape_of(made) == (3,)
    assert strings(made) == [b"a", b"\xff", b""]


def test_floats_stand_one_by_one_or_as_bytes():
    values = [0.5, -1.25, 0.10000000149011612]
    assert floats(tensor([3, 1], dtype=1, float_val=values)) == values
    assert floats(tensor([3, 1], dtype=1, tensor_content=struct.pack("<3f", *values))) == values


def test_booleans_stand_one_by_one_or_as_bytes():
    assert booleans(tensor([1, 3], dtype=10, bool_val=[True, False, True])) == [True, False, True]
    assert booleans(tensor([1, 3], dtype=10, tensor_content=b"\1\0\1")) == [True, False, True]


def test_what_repeats_the_last_value_may_be_left_out():
    assert floats(tensor([2, 2], dtype=1, float_val=[1, 2])) == [1, 2, 2, 2]
    assert floats(tensor([2], dtype=1)) == [0, 0]
    assert strings(tensor([3], dtype=7, string_val=[b"neg"])) == [b"neg"] * 3


def test_no_rows():
    assert floats(tensor([0, 1], dtype=1)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        tensor([1], dtype=2, double_val=[0.5]),
        tensor([1], dtype=1, float_val=[1, 2]),
        tensor([1], dtype=1, tensor_content=b"\0\0\0"),
        tensor([-1], dtype=1, float_val=[1]),
        tensor([1 << 40], dtype=1, float_val=[1]),
        tensor([1 << 40, 1 << 40, 0, -1], dtype=1),
    ],
    ids=["type", "too many", "half a value", "negative", "huge", "negative and huge"],
)
def test_a_tensor_that_is_not_what_it_says_is_refused(wrong):
    with pytest.raises(ValueError, match="came"):
        floats(wrong)


def test_rows():
    assert rows([1, 2, 3, 4], 2) == [(1, 2), (3, 4)]


def test_tensorflow_reads_and_writes_the_same():
    import tensorflow as tf

    made = TensorProto()
    put_texts(made, ["naïve".encode(), b"\xff"])
    stock = tf.make_tensor_proto([0.0])
    assert tf.make_ndarray(type(stock).FromString(made.SerializeToString())).tolist() == ["naïve".encode(), b"\xff"]
    for value in ([[0.25], [1e-30]], [[7.0], [7.0]]):
        stock = tf.make_tensor_proto(value)
        assert floats(TensorProto.FromString(stock.SerializeToString())) == tf.constant(value).numpy().ravel().tolist()
