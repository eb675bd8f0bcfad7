from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.errors import ServingError
from serving.server.rest import json_response
from serving.server.tensors import to_proto


def response_of(**outputs):
    response = predict_pb2.PredictResponse()
    for name, value in outputs.items():
        array = np.array(value, object) if isinstance(value, list) else np.asarray(value)
        dtype = tf.string if array.dtype == object else tf.dtypes.as_dtype(array.dtype)
        response.outputs[name].CopyFrom(to_proto(array, dtype))
    return response


def body_of(layout, **outputs):
    return json_response.predict_body(response_of(**outputs), layout)


def test_one_output_is_a_plain_value_a_row():
    scores = np.array([[0.5], [0.25]], np.float32)
    assert body_of("row", scores=scores) == b'{\n    "predictions": [[0.5], [0.25]\n    ]\n}'


def test_several_outputs_are_an_object_a_row():
    body = body_of("row", scores=np.array([[0.5], [1]], np.float32), predicted=[b"yes", b"no"])
    assert body.decode() == (
        '{\n    "predictions": [\n        {\n            "predicted": "yes",\n            "scores": [0.5]\n        },\n'
        '        {\n            "predicted": "no",\n            "scores": [1.0]\n        }\n    ]\n}'
    )


def test_columns_have_a_value_a_line():
    scores = np.array([[0.5], [0.25]], np.float32)
    expected = (
        '{\n    "outputs": [\n        [\n            0.5\n        ],\n        [\n            0.25\n        ]\n    ]\n}'
    )
    assert body_of("column", scores=scores).decode() == expected


def test_several_columns_are_an_object():
    body = body_of("column", scores=np.array([0.5], np.float32), predicted=[b"yes"])
    assert json.loads(body) == {"outputs": {"scores": [0.5], "predicted": ["yes"]}}


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([1, -2], np.int32), [1, -2]),
        (np.array([2**63 - 1], np.int64), [2**63 - 1]),
        (np.array([255], np.uint8), [255]),
        (np.array([2**32 - 1], np.uint32), [2**32 - 1]),
        (np.array([2**64 - 1], np.uint64), [2**64 - 1]),
        (np.array([True, False]), [True, False]),
        (np.array([0.1]), [0.1]),
        (np.array([[[1.5]], [[2.5]]], np.float32), [[[1.5]], [[2.5]]]),
        (np.zeros((2, 0), np.float32), [[], []]),
    ],
)
@pytest.mark.parametrize(("layout", "key"), [("row", "predictions"), ("column", "outputs")])
def test_writes_every_type_and_shape(array, expected, layout, key):
    assert json.loads(body_of(layout, y=array)) == {key: expected}


def test_no_rows_are_an_empty_list():
    assert json.loads(body_of("row", y=np.zeros((0, 3), np.float32))) == {"predictions": []}


def test_outputs_named_bytes_are_base64():
    assert json.loads(body_of("row", image_bytes=[b"\xff\x00"])) == {"predictions": [{"b64": "/wA="}]}
    assert json.loads(body_of("column", image_bytes=[b"\xff\x00"])) == {"outputs": [{"b64": "/wA="}]}


def test_strings_that_are_no_utf8_are_written_as_they_are():
    assert b'"\xff\xfe"' in body_of("row", predicted=[b"\xff\xfe"])


def test_strings_are_escaped():
    assert json.loads(body_of("row", predicted=['"\n\x01ä'.encode()])) == {"predictions": ['"\n\x01ä']}


def test_numbers_that_json_does_not_have_stand_bare():
    body = body_of("row", scores=np.array([np.nan, np.inf, -np.inf], np.float32))
    assert body == b'{\n    "predictions": [NaN, Infinity, -Infinity\n    ]\n}'


@pytest.mark.parametrize(
    ("layout", "outputs", "message"),
    [
        ("row", {"y": np.float32(1)}, "Tensor name: y has no shape information "),
        (
            "row",
            {"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32)},
            "Tensor name: b has inconsistent batch size: 3 expecting: 2",
        ),
        ("row", {"y": np.zeros(2, np.float16)}, "Failed to write JSON value for tensor type: half"),
        ("row", {}, "Cannot convert empty tensor map to JSON"),
    ],
)
def test_says_which_outputs_json_cannot_hold(layout, outputs, message):
    with pytest.raises(ServingError) as error:
        body_of(layout, **outputs)
    assert error.value.message == message


def test_a_scalar_is_a_column():
    assert json.loads(body_of("column", y=np.float32(0.5))) == {"outputs": 0.5}


def test_classifications_are_lists_of_label_and_score():
    response = classification_pb2.ClassificationResponse()
    for labels in (("a", "b"), ("c",)):
        classes = response.result.classifications.add().classes
        for label in labels:
            classes.add(label=label, score=0.5)
    body = json_response.classification_body(response)
    assert body == b'{\n    "results": [[["a", 0.5], ["b", 0.5]], [["c", 0.5]]\n    ]\n}'


def test_regressions_are_a_list_of_numbers():
    response = regression_pb2.RegressionResponse()
    response.result.regressions.add(value=1.5)
    response.result.regressions.add(value=2)
    assert json_response.regression_body(response) == b'{\n    "results": [1.5, 2.0]\n}'


def test_status_has_every_field():
    response = get_model_status_pb2.GetModelStatusResponse()
    response.model_version_status.add(version=3, state=30).status.SetInParent()
    assert json_response.status_body(response).decode() == (
        '{\n "model_version_status": [\n  {\n   "version": "3",\n   "state": "AVAILABLE",\n   "status": {\n'
        '    "error_code": "OK",\n    "error_message": ""\n   }\n  }\n ]\n}\n'
    )


def test_metadata_has_model_and_signatures():
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signature = signatures.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    signature.inputs["text"].name = "text:0"
    signature.inputs["text"].dtype = 7
    signature.inputs["text"].tensor_shape.dim.add().size = -1
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = "m"
    response.model_spec.version.value = 3
    response.metadata["signature_def"].Pack(signatures)
    body = json_response.metadata_body(response)
    document = json.loads(body)
    assert document["model_spec"] == {"name": "m", "signature_name": "", "version": "3"}
    found = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert found["method_name"] == "tensorflow/serving/predict"
    assert found["outputs"] == {}
    assert found["inputs"]["text"] == {
        "name": "text:0",
        "dtype": "DT_STRING",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
    }
    assert body.startswith(b'{\n"model_spec":{\n "name": "m",')


def test_an_error_is_an_object_with_its_text():
    assert json_response.error_body('no "x"\n') == b'{\n    "error": "no \\"x\\"\\n"\n}'
