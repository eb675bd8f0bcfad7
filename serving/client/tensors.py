"""TensorProto to and from Python's own values, without numpy."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from typing import Any, TypeVar

DT_FLOAT, DT_STRING, DT_BOOL = 1, 7, 10
_MAX_VALUES = 1 << 22  # a tensor may claim more values than its message holds

Value = TypeVar("Value")


def put_texts(tensor: Any, texts: Sequence[bytes]) -> None:
    """Fills a TensorProto with strings [texts]."""
    tensor.dtype = DT_STRING
    tensor.tensor_shape.dim.add(size=len(texts))
    tensor.string_val.extend(texts)


def shape_of(tensor: Any) -> tuple[int, ...]:
    """The size of each dimension of a TensorProto."""
    return tuple(dim.size for dim in tensor.tensor_shape.dim)


def floats(tensor: Any) -> list[float]:
    """The float32 values of a TensorProto, row by row; raises ValueError for another type or number of them."""
    _expect(tensor, DT_FLOAT, "float")
    if not tensor.tensor_content:
        return _filled(tensor, tensor.float_val, 0.0)
    values = array("f")
    values.frombytes(_whole(tensor, values.itemsize))
    if sys.byteorder == "big":
        values.byteswap()  # the wire is little-endian
    return values.tolist()


def booleans(tensor: Any) -> list[bool]:
    """The boolean values of a TensorProto, row by row; raises ValueError for another type or number of them."""
    _expect(tensor, DT_BOOL, "bool")
    if not tensor.tensor_content:
        return _filled(tensor, tensor.bool_val, False)
    return [byte != 0 for byte in _whole(tensor, 1)]


def strings(tensor: Any) -> list[bytes]:
    """The strings of a TensorProto, row by row; raises ValueError for another type or number of them."""
    _expect(tensor, DT_STRING, "string")
    return _filled(tensor, tensor.string_val, b"")


def rows(values: Sequence[Value], columns: int) -> list[tuple[Value, ...]]:
    """Values, row by row, as rows [len(values) / columns, columns]."""
    return [tuple(values[start : start + columns]) for start in range(0, len(values), columns)]


def _expect(tensor: Any, dtype: int, name: str) -> None:
    if tensor.dtype != dtype:
        raise ValueError(f"a tensor of DataType {tensor.dtype} came where {name} was expected")


def _size_of(tensor: Any) -> int:
    shape = shape_of(tensor)
    if min(shape, default=0) < 0 or math.prod(shape) > _MAX_VALUES:
        raise ValueError(f"a tensor of shape {list(shape)} came")
    return math.prod(shape)


def _filled(tensor: Any, values: Sequence[Value], empty: Value) -> list[Value]:
    """The values; TensorFlow leaves out what only repeats the last one, and writes none where all are empty."""
    size = _size_of(tensor)
    if len(values) > size:
        raise ValueError(f"{len(values)} values came for a tensor of {size}")
    last = values[-1] if values else empty
    return [*values, *[last] * (size - len(values))]


def _whole(tensor: Any, itemsize: int) -> bytes:
    size = _size_of(tensor) * itemsize
    if len(tensor.tensor_content) != size:
        raise ValueError(f"{len(tensor.tensor_content)} bytes came for a tensor of {size}")
    return tensor.tensor_content
