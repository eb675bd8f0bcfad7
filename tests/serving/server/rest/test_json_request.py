from __future__ import annotations

import json

import grpc
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import model_pb2

from serving.server.errors import ServingError, not_found
from serving.server.rest.json_request import classification_request, predict_request, regression_request

SPEC = model_pb2.ModelSpec(name="m")
ROWS = 100


def infos(**dtypes):
    return {name: meta_graph_pb2.TensorInfo(dtype=types_pb2.DataType.Value(dtype)) for name, dtype in dtypes.items()}


TEXT = infos(text="DT_STRING")
PAIR = infos(text="DT_STRING", text_pair="DT_STRING")
FLOATS = infos(x="DT_FLOAT")


def read(document, inputs):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    request, layout = predict_request(body, SPEC, lambda spec: inputs, ROWS)
    return {name: tf.make_ndarray(tensor).tolist() for name, tensor in request.inputs.items()}, layout


def error_of(document, inputs):
    with pytest.raises(ServingError) as error:
        read(document, inputs)
    assert error.value.code is grpc.StatusCode.INVALID_ARGUMENT
    return error.value.message


@pytest.mark.parametrize(
    ("document", "inputs", "expected", "layout"),
    [
        ({"instances": ["a", "b"]}, TEXT, {"text": [b"a", b"b"]}, "row"),
        ({"instances": [{"text": "a"}, {"text": "b"}]}, TEXT, {"text": [b"a", b"b"]}, "row"),
        ({"instances": [{"b64": "/w=="}, "b"]}, TEXT, {"text": [b"\xff", b"b"]}, "row"),
        ({"instances": [{"text": {"b64": "/w=="}}]}, TEXT, {"text": [b"\xff"]}, "row"),
        ({"instances": [[1, 2], [3, 4]]}, FLOATS, {"x": [[1, 2], [3, 4]]}, "row"),
        ({"instances": [1, 2]}, FLOATS, {"x": [1, 2]}, "row"),
        (
            {"instances": [{"text": "a", "text_pair": "b"}, {"text_pair": "d", "text": "c"}]},
            PAIR,
            {"text": [b"a", b"c"], "text_pair": [b"b", b"d"]},
            "row",
        ),
        ({"inputs": ["a", "b"]}, TEXT, {"text": [b"a", b"b"]}, "column"),
        ({"inputs": {"text": ["a"]}}, TEXT, {"text": [b"a"]}, "column"),
        ({"inputs": {"text": ["a"], "not asked for": 1}}, TEXT, {"text": [b"a"]}, "column"),
        ({"inputs": {"text": ["a"], "text_pair": ["b"]}}, PAIR, {"text": [b"a"], "text_pair": [b"b"]}, "column"),
        ({"inputs": "a"}, TEXT, {"text": b"a"}, "column"),
        ({"inputs": {"b64": "/w=="}}, TEXT, {"text": b"\xff"}, "column"),
        ({"inputs": []}, TEXT, {"text": []}, "column"),
    ],
)
def test_reads_rows_and_columns(document, inputs, expected, layout):
    assert read(document, inputs) == (expected, layout)


def test_bytes_that_are_no_utf8_reach_the_model():
    assert read(b'{"instances": ["\xff\xfe"]}', TEXT)[0] == {"text": [b"\xff\xfe"]}


def test_the_signature_is_looked_up_by_the_name_in_the_body():
    asked = []

    def inputs_of(spec):
        asked.append((spec.name, spec.signature_name, spec.version_label))
        return TEXT

    spec = model_pb2.ModelSpec(name="m", version_label="stable")
    request, _ = predict_request(b'{"signature_name": "other", "instances": ["a"]}', spec, inputs_of, ROWS)
    assert asked == [("m", "other", "stable")]
    assert request.model_spec.signature_name == "other"
    assert not spec.signature_name


def test_an_unknown_model_comes_before_what_is_wrong_with_the_inputs():
    def inputs_of(spec):
        raise not_found("no such model")

    with pytest.raises(ServingError, match="no such model"):
        predict_request(b"{}", SPEC, inputs_of, ROWS)


@pytest.mark.parametrize(
    ("document", "inputs", "message"),
    [
        ({}, TEXT, "Missing 'inputs' or 'instances' key"),
        ({"instances": []}, TEXT, "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"),
        ({"instances": {}}, TEXT, "JSON Value: {\n    \"instances\": {}\n} Expecting 'instances' to be an list/array"),
        (
            {"instances": ["a"], "inputs": ["a"]},
            TEXT,
            (
                'JSON Value: {\n    "instances": ["a"],\n    "inputs": ["a"]\n} Not formatted '
                "correctly expecting only one of "
                "'inputs' or 'instances' keys to exist "
            ),
        ),
        (
            {"signature_name": 1, "instances": ["a"]},
            TEXT,
            (
                'JSON Value: {\n    "signature_name": 1,\n    "instances": ["a"]\n} not formatted correctly. '
                "'signature_name' key must be a string value."
            ),
        ),
        ({"instances": ["a"]}, {}, "Failed to get input map for signature: DEFAULT"),
        (
            {"instances": ["a"]},
            PAIR,
            (
                "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
                "tensorinfo_map"
            ),
        ),
        (
            {"inputs": ["a"]},
            PAIR,
            (
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            ),
        ),
        ({"inputs": {"text": ["a"]}}, PAIR, "Missing named input: text_pair in 'inputs' object."),
        (
            {"instances": ["a", 5]},
            TEXT,
            (
                "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON "
                "Value: 5 Type: Number is not "
                "of expected type: string"
            ),
        ),
        (
            {"instances": [{"text": 5}]},
            TEXT,
            (
                "Failed to process element: 0 key: text of 'instances' list. Error: INVALID_ARGUMENT: "
                "JSON Value: 5 Type: "
                "Number is not of expected type: string"
            ),
        ),
        (
            {"instances": [{"text": "a", "other": "b"}]},
            TEXT,
            (
                "Failed to process element: 0 key: other of 'instances' list. Error: "
                "INVALID_ARGUMENT: JSON object: does not "
                "have named input: other"
            ),
        ),
        (
            {"instances": [{"text": "a"}]},
            PAIR,
            (
                "Failed to process element: 0 of 'instances' list. JSON object: {\n    \"text\": "
                '"a"\n} keys must be equal '
                "to: text,text_pair"
            ),
        ),
        ({"instances": ["a", {"text": "b"}]}, TEXT, "Expecting value/list but got object at item 1 of input list"),
        ({"instances": [{"text": "b"}, "a"]}, TEXT, "Expecting object but got list at item 1 of input list"),
        (
            {"instances": [[1, 2], [3]]},
            FLOATS,
            (
                "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting "
                "tensor size: 2 but got: 1"
            ),
        ),
        ({"inputs": {"text": 5}}, TEXT, "JSON Value: 5 Type: Number is not of expected type: string"),
    ],
)
def test_says_what_is_wrong_in_tensorflow_servings_words(document, inputs, message):
    assert error_of(document, inputs) == message


def test_examples_become_tf_examples():
    body = json.dumps(
        {
            "signature_name": "s",
            "examples": [
                {
                    "text": "ä",
                    "bytes": {"b64": "/w=="},
                    "numbers": [1, 2],
                    "floats": [1.5, 2.5],
                    "flag": True,
                    "none": [],
                }
            ],
        }
    ).encode()
    request = classification_request(body, SPEC, ROWS)
    (example,) = request.input.example_list.examples
    features = example.features.feature
    assert features["text"].bytes_list.value == ["ä".encode()]
    assert features["bytes"].bytes_list.value == [b"\xff"]
    assert features["numbers"].int64_list.value == [1, 2]
    assert features["floats"].float_list.value == [1.5, 2.5]
    assert features["flag"].int64_list.value == [1]
    assert features["none"].WhichOneof("kind") is None
    assert (request.model_spec.name, request.model_spec.signature_name) == ("m", "s")


def test_a_context_stands_beside_the_examples():
    request = regression_request(b'{"context": {"a": 1}, "examples": [{"b": 2}, {"b": 3}]}', SPEC, ROWS)
    given = request.input.example_list_with_context
    assert given.context.features.feature["a"].int64_list.value == [1]
    assert [example.features.feature["b"].int64_list.value[0] for example in given.examples] == [2, 3]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "JSON Value: {} When method is classify, key 'examples' is expected and was not found"),
        (
            {"examples": {}},
            "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array",
        ),
        ({"examples": []}, "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array"),
        ({"examples": ["a"]}, "Example must be JSON object but got JSON String"),
        ({"examples": [{"a": None}]}, "Feature: a has element with unexpected JSON type: Null"),
        ({"examples": [{"a": [[1]]}]}, "Feature: a has element with unexpected JSON type: Array"),
        ({"examples": [{"a": {"x": 1}}]}, "Feature: a has element with unexpected JSON type: Object"),
        ({"examples": [{"a": [1, "x"]}]}, "Unexpected element type in feature: a expecting type: int64"),
        ({"examples": [{"a": ["x", 1]}]}, "Unexpected element type in feature: a expecting type: bytes"),
        ({"examples": [{"a": [1.5, 1]}]}, "Unexpected element type in feature: a expecting type: float"),
        ({"examples": [{"a": 2**63}]}, "Feature: a has uint64_t element. Only int64_t is supported."),
    ],
)
def test_says_what_is_wrong_with_examples(document, message):
    with pytest.raises(ServingError) as error:
        classification_request(json.dumps(document).encode(), SPEC, ROWS)
    assert error.value.message == message


def test_a_number_that_no_float_can_hold_is_refused():
    with pytest.raises(ServingError, match="has a number that no float can hold"):
        classification_request(b'{"examples": [{"a": ' + b"1" * 400 + b"}]}", SPEC, ROWS)


@pytest.mark.parametrize("document", [{"instances": [1] * 101}, {"inputs": [1] * 101}, {"inputs": {"x": [1] * 101}}])
def test_rows_are_counted_before_they_are_read(document):
    with pytest.raises(ServingError, match="has 101 rows, and this server takes 100"):
        predict_request(json.dumps(document).encode(), SPEC, lambda spec: FLOATS, ROWS)
