"""TensorProto to NumPy and back, as TensorFlow Serving writes them: values in the typed fields."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.errors import invalid_argument

# The field that holds the values of a type. https://www.tensorflow.org/api_docs/python/tf/make_tensor_proto
_FIELDS = {
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
    tf.string: "string_val",
    **dict.fromkeys((tf.int8, tf.uint8, tf.int16, tf.uint16, tf.int32), "int_val"),
}
_DTYPES = {dtype.as_datatype_enum: dtype for dtype in _FIELDS}

_POINTER_BYTES = 8


def to_array(proto: tensor_pb2.TensorProto, max_bytes: int) -> np.ndarray:
    """The tensor's values; strings as an object array of bytes.

    Args:
        proto: of any shape. As in TensorFlow, the last value stands for those that are missing, zero or an empty text
            where there is none at all, and values beyond the shape are passed over (tensor.cc, FromProtoField).
        max_bytes: what the values may take at most: a few bytes of request can name a shape of terabytes.

    Raises:
        ServingError: INVALID_ARGUMENT; type, shape and values do not go together.
    """
    sizes = [dimension.size for dimension in proto.tensor_shape.dim]
    dtype = _DTYPES.get(proto.dtype)
    if dtype is None:
        raise invalid_argument(f"Tensor proto has invalid dtype: {proto.dtype}")
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in sizes):
        raise invalid_argument(f"Tensor proto has invalid shape: {sizes}")
    count = math.prod(sizes)
    if _size(proto, dtype, count) > max_bytes:
        raise invalid_argument(f"Tensor proto of shape {sizes} is larger than the {max_bytes} bytes that are taken")
    if proto.tensor_content and (dtype == tf.string or len(proto.tensor_content) != count * dtype.size):
        raise invalid_argument(f"Tensor proto has {len(proto.tensor_content)} bytes of content for {count} values")
    return _filled(proto, dtype, count).reshape(sizes)


def to_proto(values: np.ndarray, dtype: tf.DType) -> tensor_pb2.TensorProto:
    """The array as a TensorProto of this type, with its values in the typed field."""
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in values.shape:
        proto.tensor_shape.dim.add().size = size
    field = _FIELDS.get(dtype)
    if field is None:
        return tf.make_tensor_proto(values, dtype)
    getattr(proto, field).extend(values.ravel().tolist())
    return proto


def type_name(dtype: Any) -> str:
    """A DataType's name as TensorFlow writes it in messages: `string`, `float`."""
    return types_pb2.DataType.Name(dtype).removeprefix("DT_").lower()


def _size(proto: tensor_pb2.TensorProto, dtype: tf.DType, count: int) -> int:
    """Bytes of the values, each that stands for several counted as often."""
    if dtype != tf.string:
        return count * max(dtype.size or 0, 1)
    texts = proto.string_val
    missing = max(count - len(texts), 0)
    return sum(map(len, texts)) + missing * (_POINTER_BYTES + (len(texts[-1]) if texts else 0))


def _filled(proto: tensor_pb2.TensorProto, dtype: tf.DType, count: int) -> np.ndarray:
    """The `count` values, flat."""
    numpy_type = object if dtype == tf.string else dtype.as_numpy_dtype
    if proto.tensor_content:
        return np.frombuffer(proto.tensor_content, dtype=numpy_type).copy()
    given = list(getattr(proto, _FIELDS[dtype])[:count])
    last = given[-1] if given else (b"" if dtype == tf.string else 0)
    values = np.empty(count, dtype=numpy_type)
    values[: len(given)] = given
    values[len(given) :] = last
    return values
