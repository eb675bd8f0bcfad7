"""JSON values as tensors, by the rules of TensorFlow Serving (tensorflow_serving/util/json_tensor.cc)."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import string
from collections.abc import Callable
from typing import Any

import grpc
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.errors import ServingError, invalid_argument
from serving.server.rest.json_text import shown, type_name

_BASE64_KEY = "b64"
_LARGEST_RANK = 254  # of a TensorFlow tensor

_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2**63), 2**63 - 1)
_UINT32 = (0, 2**32 - 1)
_UINT64 = (0, 2**64 - 1)


@dataclasses.dataclass(frozen=True)
class _Kind:
    """How values of a type are checked, converted and kept in a TensorProto."""

    field: str
    fits: Callable[[Any], bool]
    convert: Callable[[Any], Any] = lambda value: value


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(bounds: tuple[int, int]) -> Callable[[Any], bool]:
    low, high = bounds
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise invalid_argument("JSON Parse error: Number too big to be stored in double.") from error


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


_INT_VALUES = _Kind("int_val", _whole(_INT32))
_KINDS = {
    types_pb2.DT_FLOAT: _Kind("float_val", _number, _float),
    types_pb2.DT_DOUBLE: _Kind("double_val", _number, _float),
    types_pb2.DT_INT32: _INT_VALUES,
    types_pb2.DT_INT16: _INT_VALUES,
    types_pb2.DT_INT8: _INT_VALUES,
    types_pb2.DT_UINT8: _INT_VALUES,
    types_pb2.DT_INT64: _Kind("int64_val", _whole(_INT64)),
    types_pb2.DT_UINT32: _Kind("uint32_val", _whole(_UINT32)),
    types_pb2.DT_UINT64: _Kind("uint64_val", _whole(_UINT64)),
    types_pb2.DT_BOOL: _Kind("bool_val", lambda value: isinstance(value, bool)),
    types_pb2.DT_STRING: _Kind("string_val", _is_string, _bytes),
}


class TensorBuilder:
    """A tensor that grows by one JSON value at a time.

    Attributes:
        shape: of the first value.
    """

    def __init__(self, dtype: Any) -> None:
        """Args:
        dtype: DataType of the elements.
        """
        self._dtype = dtype
        self._values: list[Any] = []
        self._size = 0
        self.shape: list[int] | None = None

    def add(self, value: Any) -> None:
        """Adds a value: a scalar, or lists of lists of scalars.

        Raises:
            ServingError: INVALID_ARGUMENT or UNIMPLEMENTED; it is ragged, of another type, or of another shape than
                those that were added before.
        """
        shape = _dense_shape(value)
        if len(shape) > _LARGEST_RANK:
            raise invalid_argument(f"Encountered lists of {len(shape)} levels; a tensor has at most {_LARGEST_RANK}")
        before = len(self._values)
        self._fill(value, shape, 0)
        size = len(self._values) - before
        if self.shape is None:
            self.shape, self._size = shape, size
        elif size != self._size:
            raise invalid_argument(f"Expecting tensor size: {self._size} but got: {size}")
        elif shape != self.shape:
            raise invalid_argument(f"Expecting shape {_bracketed(self.shape)} but got: {_bracketed(shape)}")

    def add_scalars(self, values: list[Any]) -> bool:
        """Adds all values at once where each is a scalar of the type; else nothing, and says so. Quicker than `add`."""
        kind = _KINDS.get(self._dtype)
        if kind is None or not all(map(kind.fits, values)):
            return False
        self._values.extend(map(kind.convert, values))
        self.shape, self._size = [], 1
        return True

    def proto(self, rows: int | None = None) -> tensor_pb2.TensorProto:
        """The tensor: of all that was added, one a row, or of the only value that was.

        Args:
            rows: how many values were added, None for one that is the whole tensor.
        """
        tensor = tensor_pb2.TensorProto(dtype=self._dtype)
        for size in ([] if rows is None else [rows]) + (self.shape or []):
            tensor.tensor_shape.dim.add().size = size
        kind = _KINDS.get(self._dtype)
        if kind:
            getattr(tensor, kind.field).extend(self._values)
        return tensor

    def _fill(self, value: Any, shape: list[int], level: int) -> None:
        if not isinstance(value, list):
            if level != len(shape):
                raise invalid_argument(
                    f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                    f"Expected at level: {len(shape)}"
                )
            self._values.append(_element(value, self._dtype))
            return
        if level >= len(shape):
            raise invalid_argument(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
        if len(value) != shape[level]:
            raise invalid_argument(
                f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
            )
        for inner in value:
            self._fill(inner, shape, level + 1)


def is_base64(value: Any) -> bool:
    """Whether the value stands for bytes: an object whose only member is `b64`, a string."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(_BASE64_KEY), str)


def decode_base64(value: Any) -> bytes:
    """The bytes that a `{"b64": ...}` object stands for.

    Raises:
        ServingError: INVALID_ARGUMENT; it is none, or not in base64.
    """
    if not is_base64(value):
        raise invalid_argument(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    text = _bytes(value[_BASE64_KEY]).translate(None, string.whitespace.encode())
    try:
        # As absl::Base64Unescape, which does without padding.
        return base64.b64decode(text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4), validate=True)
    except binascii.Error as error:
        raise invalid_argument("Unable to base64 decode") from error


def _element(value: Any, dtype: Any) -> Any:
    if isinstance(value, dict):
        if dtype != types_pb2.DT_STRING:
            raise _type_error(value, dtype)
        return decode_base64(value)
    kind = _KINDS.get(dtype)
    if kind is None:
        raise _unimplemented(value, dtype)
    if not kind.fits(value):
        raise _type_error(value, dtype)
    return kind.convert(value)


def dtype_name(dtype: Any) -> str:
    """A DataType's name as TensorFlow writes it: `float`, `string`."""
    return types_pb2.DataType.Name(dtype).removeprefix("DT_").lower()


def _type_error(value: Any, dtype: Any) -> ServingError:
    return invalid_argument(
        f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected type: {dtype_name(dtype)}"
    )


def _unimplemented(value: Any, dtype: Any) -> ServingError:
    text = f"Conversion of JSON Value: {shown(value)} to type: {dtype_name(dtype)}"
    return ServingError(grpc.StatusCode.UNIMPLEMENTED, text)


def _bracketed(shape: list[int]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


def _dense_shape(value: Any) -> list[int]:
    """The shape as the first elements have it."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape
