from __future__ import annotations

import base64

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from serving.server.errors import ServingError
from serving.server.rest.json_tensors import TensorBuilder, decode_base64, is_base64


def tensor_of(value, dtype):
    builder = TensorBuilder(dtype)
    builder.add(value)
    return tf.make_ndarray(builder.proto())


def error_of(value, dtype):
    with pytest.raises(ServingError) as error:
        TensorBuilder(dtype).add(value)
    return error.value


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (types_pb2.DT_FLOAT, [[1, 2.5], [3, -4]]),
        (types_pb2.DT_DOUBLE, 0.1),
        (types_pb2.DT_INT32, [1, -(2**31)]),
        (types_pb2.DT_INT64, [2**63 - 1, -(2**63)]),
        (types_pb2.DT_UINT32, [2**32 - 1]),
        (types_pb2.DT_UINT64, [2**64 - 1]),
        (types_pb2.DT_BOOL, [[True], [False]]),
        (types_pb2.DT_INT8, [[[1]]]),
    ],
)
def test_numbers_and_lists_become_tensors(dtype, value):
    array = tensor_of(value, dtype)
    assert array.tolist() == value
    assert array.dtype == tf.dtypes.as_dtype(dtype).as_numpy_dtype


def test_strings_become_bytes():
    assert tensor_of(["ä", {"b64": base64.b64encode(b"\xff\x00").decode()}], types_pb2.DT_STRING).tolist() == [
        "ä".encode(),
        b"\xff\x00",
    ]


@pytest.mark.parametrize("value", [[], [[]], [[], []]])
def test_empty_lists_become_tensors_without_values(value):
    assert tensor_of(value, types_pb2.DT_FLOAT).tolist() == value


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (types_pb2.DT_STRING, ["a", "ä"], [b"a", "ä".encode()]),
        (types_pb2.DT_FLOAT, [1, 2.5], [1, 2.5]),
        (types_pb2.DT_BOOL, [True], [True]),
    ],
)
def test_scalars_are_added_all_at_once(dtype, values, expected):
    builder = TensorBuilder(dtype)
    assert builder.add_scalars(values)
    assert tf.make_ndarray(builder.proto(rows=len(values))).tolist() == expected


@pytest.mark.parametrize("values", [["a", 1], ["a", ["b"]], [{"b64": ""}], [None]])
def test_anything_else_is_not_added_at_all(values):
    builder = TensorBuilder(types_pb2.DT_STRING)
    assert not builder.add_scalars(values)
    assert builder.shape is None


def test_rows_are_put_together():
    builder = TensorBuilder(types_pb2.DT_FLOAT)
    builder.add([1, 2])
    builder.add([3, 4])
    assert tf.make_ndarray(builder.proto(rows=2)).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        ("DT_FLOAT", "x", 'JSON Value: "x" Type: String is not of expected type: float'),
        ("DT_FLOAT", True, "JSON Value: true Type: True is not of expected type: float"),
        ("DT_FLOAT", None, "JSON Value: null Type: Null is not of expected type: float"),
        ("DT_STRING", 5, "JSON Value: 5 Type: Number is not of expected type: string"),
        ("DT_INT32", 1.0, "JSON Value: 1.0 Type: Number is not of expected type: int32"),
        ("DT_INT32", 2**31, "JSON Value: 2147483648 Type: Number is not of expected type: int32"),
        ("DT_INT64", True, "JSON Value: true Type: True is not of expected type: int64"),
        ("DT_UINT32", -1, "JSON Value: -1 Type: Number is not of expected type: uint32"),
        ("DT_BOOL", 1, "JSON Value: 1 Type: Number is not of expected type: bool"),
        (
            "DT_FLOAT",
            {"b64": "AA=="},
            'JSON Value: {\n    "b64": "AA=="\n} Type: Object is not of expected type: float',
        ),
        ("DT_STRING", {"x": 1}, 'JSON Value: {\n    "x": 1\n} not formatted correctly for base64 data'),
        ("DT_STRING", {"b64": "?"}, "Unable to base64 decode"),
        ("DT_FLOAT", [[1], 2], "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ("DT_FLOAT", [1, [2]], "Encountered list at unexpected level: 1 expected < 1"),
        ("DT_FLOAT", [[1, 2], [3]], "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
    ],
)
def test_says_what_does_not_fit_in_tensorflow_servings_words(dtype, value, message):
    error = error_of(value, types_pb2.DataType.Value(dtype))
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.message == message


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ([1, 2, 3], "Expecting tensor size: 2 but got: 3"),
        ([[1, 2]], "Expecting shape [2] but got: [1,2]"),
    ],
)
def test_all_rows_have_one_shape(second, message):
    builder = TensorBuilder(types_pb2.DT_FLOAT)
    builder.add([1, 2])
    with pytest.raises(ServingError) as error:
        builder.add(second)
    assert error.value.message == message


def test_a_type_that_json_does_not_have_is_unimplemented():
    error = error_of(1.5, types_pb2.DT_HALF)
    assert error.code is grpc.StatusCode.UNIMPLEMENTED
    assert error.message == "Conversion of JSON Value: 1.5 to type: half"


def test_a_number_beyond_any_float_is_an_error():
    assert "too big" in error_of(10**400, types_pb2.DT_FLOAT).message


def test_a_number_beyond_float32_is_infinite():
    assert tensor_of(1e39, types_pb2.DT_FLOAT) == float("inf")


def test_lists_nested_beyond_any_tensor_are_an_error():
    value: object = 1
    for _ in range(400):
        value = [value]
    assert "levels" in error_of(value, types_pb2.DT_FLOAT).message


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"b64": ""}, True), ({"b64": 1}, False), ({"b64": "", "x": 1}, False), ({}, False), ("b64", False)],
)
def test_knows_what_stands_for_bytes(value, expected):
    assert is_base64(value) is expected


@pytest.mark.parametrize("text", ["/wA=", "/wA", "/w A\n="])
def test_base64_does_without_padding_and_has_room_for_space(text):
    assert decode_base64({"b64": text}) == b"\xff\x00"
