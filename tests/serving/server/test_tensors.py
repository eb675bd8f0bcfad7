import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.errors import ServingError
from serving.server.tensors import to_array, to_proto, type_name

BYTES = 1000


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.int32, tf.int64, tf.uint8, tf.int8, tf.bool, tf.uint64])
def test_numbers_survive_both_ways(dtype):
    values = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype.as_numpy_dtype)
    proto = to_proto(values, dtype)
    assert not proto.tensor_content, "TensorFlow Serving answers in the typed fields"
    np.testing.assert_array_equal(to_array(proto, BYTES), values)
    np.testing.assert_array_equal(to_array(tf.make_tensor_proto(values), BYTES), values)


def test_texts_survive_whatever_their_bytes():
    texts = np.array([b"\xff\x00", b"", "ä€😀".encode()], dtype=object)
    assert to_array(to_proto(texts, tf.string), BYTES).tolist() == texts.tolist()


def test_no_rows_keep_their_shape():
    proto = to_proto(np.zeros((0, 3), np.float32), tf.float32)
    assert to_array(proto, BYTES).shape == (0, 3)


def test_one_value_stands_for_all():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[2.5])
    proto.tensor_shape.dim.add().size = 3
    assert to_array(proto, BYTES).tolist() == [2.5, 2.5, 2.5]


def broken(**changes) -> tensor_pb2.TensorProto:
    proto = tf.make_tensor_proto([1.0, 2.0])
    proto.tensor_content = b""
    proto.float_val.extend([1.0, 2.0])
    for name, value in changes.items():
        if name == "sizes":
            del proto.tensor_shape.dim[:]
            for size in value:
                proto.tensor_shape.dim.add().size = size
        elif name == "unknown_rank":
            proto.tensor_shape.unknown_rank = value
        else:
            setattr(proto, name, value)
    return proto


@pytest.mark.parametrize(
    "proto",
    [
        broken(sizes=[-1]),
        broken(unknown_rank=True),
        broken(dtype=0),
        broken(dtype=types_pb2.DT_RESOURCE),
        broken(dtype=types_pb2.DT_VARIANT),
        broken(dtype=99),
        broken(tensor_content=b"123"),
    ],
    ids=["negative", "rank", "none", "resource", "variant", "unknown", "content"],
)
def test_what_does_not_go_together_is_refused(proto):
    with pytest.raises(ServingError, match="Tensor proto has"):
        to_array(proto, BYTES)


@pytest.mark.parametrize(
    ("dtype", "given", "count"),
    [
        (tf.float32, [], 2),
        (tf.float32, [1, 2, 3], 2),
        (tf.int64, [7], 3),
        (tf.string, [], 2),
        (tf.string, [b"x", b"y"], 4),
    ],
)
def test_values_that_are_missing_or_too_many_are_taken_as_tensorflow_takes_them(dtype, given, count):
    proto = to_proto(np.array(given, dtype=object if dtype == tf.string else dtype.as_numpy_dtype), dtype)
    proto.tensor_shape.dim[0].size = count
    expected = tf.io.parse_tensor(proto.SerializeToString(), dtype).numpy()
    assert to_array(proto, BYTES).tolist() == expected.tolist()


def test_one_long_text_cannot_stand_for_a_thousand():
    proto = to_proto(np.array([b"x" * 100], dtype=object), tf.string)
    proto.tensor_shape.dim[0].size = 1024
    with pytest.raises(ServingError, match="larger than the 1000 bytes"):
        to_array(proto, BYTES)


def test_a_small_message_cannot_ask_for_terabytes():
    with pytest.raises(ServingError, match="larger than the 1000 bytes"):
        to_array(broken(sizes=[1 << 20, 1 << 20]), BYTES)


def test_types_are_called_as_tensorflow_calls_them():
    assert [type_name(kind) for kind in (types_pb2.DT_STRING, types_pb2.DT_FLOAT)] == ["string", "float"]
