"""What is asked over REST, and what TensorFlow Serving answers."""

from __future__ import annotations

import dataclasses
from typing import Any

HANDLER = "model_servers/http_rest_api_handler.cc"
PATHS = "model_servers/http_rest_api_util.cc"
SERVER = "model_servers/http_server.cc"
JSON = "util/json_tensor.cc"
CORE = "model_servers/server_core.cc, core/manager.h"
CLASSIFIER = "servables/tensorflow/classifier.cc"
REGRESSOR = "servables/tensorflow/regressor.cc"
STATUS = "model_servers/get_model_status_impl.cc"
SESSION = "tensorflow/core/common_runtime/direct_session.cc"

_UNTOLD = object()


@dataclasses.dataclass(frozen=True)
class Call:
    """A request and its answer.

    Attributes:
        source: file that the answer was read off.
        path: of the URL, from its beginning.
        body: bytes, or what is sent as JSON; None asks with GET, else with POST.
        status: of HTTP.
        answer: the JSON document; or an error's text, or its beginning, where it is a string.
        exactly: the whole body, byte for byte.
        method: of HTTP, where it is neither GET nor POST.
        begins: `answer` is the beginning of the error's text.
        ours: our server alone answers so.
    """

    source: str
    path: str
    body: Any = None
    status: int = 200
    answer: Any = _UNTOLD
    exactly: bytes | None = None
    method: str = ""
    begins: bool = False
    ours: bool = False

    @property
    def tells(self) -> bool:
        """Whether the answer is known."""
        return self.answer is not _UNTOLD


def _error(source: str, path: str, body: Any, answer: str, status: int = 400, **further: Any) -> Call:
    return Call(source, path, body, status, answer, **further)


_PREDICT = "/v1/models/text/versions/1:predict"
_A = {"instances": ["a"]}
_SHORT = {"scores": [0.5], "predicted": "short"}

PREDICTIONS = {
    "rows": Call(
        JSON,
        _PREDICT,
        {"instances": ["a", "abc"]},
        answer={"predictions": [_SHORT, {"scores": [0.75], "predicted": "short"}]},
    ),
    "rows with names": Call(JSON, _PREDICT, {"instances": [{"text": "a"}]}, answer={"predictions": [_SHORT]}),
    "columns": Call(JSON, _PREDICT, {"inputs": ["a"]}, answer={"outputs": {"scores": [[0.5]], "predicted": ["short"]}}),
    "columns with names": Call(
        JSON, _PREDICT, {"inputs": {"text": ["a"]}}, answer={"outputs": {"scores": [[0.5]], "predicted": ["short"]}}
    ),
    "columns with a name too many": Call(
        JSON,
        _PREDICT,
        {"inputs": {"text": ["a"], "x": 1}},
        answer={"outputs": {"scores": [[0.5]], "predicted": ["short"]}},
    ),
    "signature": Call(JSON, _PREDICT, {"signature_name": "serving_default", **_A}, answer={"predictions": [_SHORT]}),
    "empty signature": Call(JSON, _PREDICT, {"signature_name": "", **_A}, answer={"predictions": [_SHORT]}),
    "unknown keys": Call(JSON, _PREDICT, {"x": 1, **_A}, answer={"predictions": [_SHORT]}),
    "base64": Call(
        JSON,
        _PREDICT,
        {"instances": [{"b64": "/w=="}, {"b64": "/w"}, "a"]},
        answer={"predictions": [_SHORT, _SHORT, _SHORT]},
    ),
    "base64 with a name": Call(
        JSON, _PREDICT, {"instances": [{"text": {"b64": "/w=="}}]}, answer={"predictions": [_SHORT]}
    ),
    "bytes that are no UTF-8": Call(JSON, _PREDICT, b'{"instances": ["\xff"]}', answer={"predictions": [_SHORT]}),
    "text after the document": Call(JSON, _PREDICT, b'{"instances": ["a"]} x', answer={"predictions": [_SHORT]}),
    "byte order mark": Call(JSON, _PREDICT, b'\xef\xbb\xbf{"instances": ["a"]}', answer={"predictions": [_SHORT]}),
    "upper case": Call(PATHS, "/V1/MODELS/text/VERSIONS/1:predict", _A, answer={"predictions": [_SHORT]}),
    "escapes in the URL": Call(
        PATHS, "/v1/models/te%78t/labels/%73table:predict", _A, answer={"predictions": [_SHORT]}
    ),
    "label": Call(PATHS, "/v1/models/text/labels/stable:predict", _A, answer={"predictions": [_SHORT]}),
    "latest": Call(
        PATHS, "/v1/models/latest:predict", _A, answer={"predictions": [{"scores": [0.25], "predicted": "short"}]}
    ),
    "pair": Call(
        JSON,
        "/v1/models/pair:predict",
        {"instances": [{"text": "a", "text_pair": "a"}, {"text_pair": "b", "text": "a"}]},
        answer={"predictions": [True, False]},
    ),
    "one output of rank 2, exactly": Call(
        JSON,
        "/v1/models/floats:predict",
        {"instances": [[1, 2], [0.5, 0]]},
        exactly=b'{\n    "predictions": [[3.0], [0.5]\n    ]\n}',
    ),
    "one output of rank 1, exactly": Call(
        JSON,
        "/v1/models/pair:predict",
        {"instances": [{"text": "a", "text_pair": "a"}]},
        exactly=b'{\n    "predictions": [true\n    ]\n}',
    ),
    "columns, exactly": Call(
        JSON,
        "/v1/models/floats:predict",
        {"inputs": [[1, 2]]},
        exactly=b'{\n    "outputs": [\n        [\n            3.0\n        ]\n    ]\n}',
    ),
    "digits": Call(
        JSON,
        "/v1/models/floats:predict",
        {"instances": [[1 / 3, 0], [1e6, 0], [1e-5, 0], [16777216, 0], [0.1, 0.2], [1e39, 0]]},
        exactly=b'{\n    "predictions": [[0.333333343], [1e+06], [1e-05], [16777216.0], [0.3], [Infinity]\n    ]\n}',
    ),
    "not a number": Call(
        JSON,
        "/v1/models/floats:predict",
        {"signature_name": "special", "instances": [1, 0, -1]},
        exactly=b'{\n    "predictions": [Infinity, NaN, -Infinity\n    ]\n}',
    ),
    "numbers that JSON does not have": Call(
        JSON,
        "/v1/models/floats:predict",
        b'{"instances": [[NaN, 1], [Infinity, 1], [-Infinity, 1]]}',
        exactly=b'{\n    "predictions": [[NaN], [Infinity], [-Infinity]\n    ]\n}',
    ),
    "no rows": Call(
        SESSION,
        "/v1/models/text:predict",
        {"inputs": []},
        answer={"outputs": {"scores": [], "predicted": []}},
    ),
    "every type": Call(
        JSON,
        "/v1/models/floats:predict",
        {"signature_name": "types", "instances": [3]},
        answer={
            "predictions": [
                {
                    "float": 3.0,
                    "double": 1.0,
                    "int32": 3,
                    "int64": 3,
                    "uint8": 3,
                    "bool": True,
                    "text": "3.000000",
                    "raw_bytes": {"b64": "My4wMDAwMDA="},
                }
            ]
        },
    ),
    "scalar output": Call(
        JSON,
        "/v1/models/floats:predict",
        {"signature_name": "scalar", "inputs": [1, 2]},
        exactly=b'{\n    "outputs": 3.0\n}',
    ),
    "classify": Call(
        JSON,
        "/v1/models/examples:classify",
        {"examples": [{"x": 0.75}, {}]},
        exactly=b'{\n    "results": [[["yes", 0.75], ["no", 0.25]], [["yes", 0.5], ["no", 0.5]]\n    ]\n}',
    ),
    "classify with context": Call(
        JSON,
        "/v1/models/examples:classify",
        {"context": {"x": 0.25}, "examples": [{}, {"x": [0.75]}]},
        answer={"results": [[["yes", 0.25], ["no", 0.75]], [["yes", 0.75], ["no", 0.25]]]},
    ),
    "regress": Call(
        JSON,
        "/v1/models/examples:regress",
        {"signature_name": "regress", "examples": [{"x": 0.75}, {}]},
        exactly=b'{\n    "results": [2.5, 2.0]\n}',
    ),
}

_MISSING = "Missing a comma or ] after an array element."
_FIRST = "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "

REFUSALS = {
    "unknown model": _error(CORE, "/v1/models/x:predict", _A, "Servable not found for request: Latest(x)", 404),
    "unknown version": _error(
        CORE, "/v1/models/text/versions/7:predict", _A, "Servable not found for request: Specific(text, 7)", 404
    ),
    "unknown label": _error(CORE, "/v1/models/text/labels/x:predict", _A, "Unrecognized servable version label: x"),
    "unknown signature": _error(
        HANDLER,
        _PREDICT,
        {"signature_name": "x", **_A},
        'Serving signature name: "x" not found in signature def',
    ),
    "JSON comes before the model": _error(
        JSON, "/v1/models/x:predict", b"{", "JSON Parse error: Missing a name for object member. at offset: 1"
    ),
    "the model comes before the inputs": _error(
        JSON, "/v1/models/x:predict", {}, "Servable not found for request: Latest(x)", 404
    ),
    "empty body": _error(JSON, _PREDICT, b"", "JSON Parse error: The document is empty"),
    "blank body": _error(JSON, _PREDICT, b"  ", "JSON Parse error: The document is empty. at offset: 2"),
    "no JSON": _error(JSON, _PREDICT, b"nonsense", "JSON Parse error: Invalid value. at offset: 1"),
    "cut JSON": _error(JSON, _PREDICT, b'{"instances": ["a"', f"JSON Parse error: {_MISSING} at offset: 18"),
    "missing comma": _error(JSON, _PREDICT, b'{"instances": ["a" "b"]}', f"JSON Parse error: {_MISSING} at offset: 19"),
    "missing colon": _error(
        JSON,
        _PREDICT,
        b'{"instances" ["a"]}',
        "JSON Parse error: Missing a colon after a name of object member. at offset: 13",
    ),
    "missing quotation mark": _error(
        JSON,
        _PREDICT,
        b'{"instances": ["a]}',
        "JSON Parse error: Missing a closing quotation mark in string. at offset: 19",
    ),
    "wrong escape": _error(
        JSON,
        _PREDICT,
        b'{"instances": ["\\x"]}',
        "JSON Parse error: Invalid escape character in string. at offset: 16",
    ),
    "no object": _error(JSON, _PREDICT, ["a"], 'JSON Value: ["a"] Is not object'),
    "no inputs": _error(JSON, _PREDICT, {}, "Missing 'inputs' or 'instances' key"),
    "both formats": _error(
        JSON,
        _PREDICT,
        {"instances": ["a"], "inputs": ["a"]},
        'JSON Value: {\n    "instances": ["a"],\n    "inputs": ["a"]\n} Not formatted correctly expecting only one of '
        "'inputs' or 'instances' keys to exist ",
    ),
    "no list of instances": _error(
        JSON,
        _PREDICT,
        {"instances": "a"},
        'JSON Value: {\n    "instances": "a"\n} Expecting \'instances\' to be an list/array',
    ),
    "no instances": _error(
        JSON, _PREDICT, {"instances": []}, "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"
    ),
    "signature that is no string": _error(
        JSON,
        _PREDICT,
        {"signature_name": 5},
        'JSON Value: {\n    "signature_name": 5\n} not formatted correctly. '
        "'signature_name' key must be a string value.",
    ),
    "number for a string": _error(
        JSON, _PREDICT, {"instances": [5]}, f"{_FIRST}JSON Value: 5 Type: Number is not of expected type: string"
    ),
    "null": _error(
        JSON, _PREDICT, {"instances": [None]}, f"{_FIRST}JSON Value: null Type: Null is not of expected type: string"
    ),
    "string for a number": _error(
        JSON,
        "/v1/models/floats:predict",
        {"instances": [["a", 1]]},
        f'{_FIRST}JSON Value: "a" Type: String is not of expected type: float',
    ),
    "no base64": _error(JSON, _PREDICT, {"instances": [{"b64": "?"}]}, f"{_FIRST}Unable to base64 decode"),
    "rows of different sizes": _error(
        JSON,
        "/v1/models/floats:predict",
        {"instances": [[1, 2], [3]]},
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting "
        "tensor size: 2 but got: 1",
    ),
    "rows of different shapes": _error(
        JSON,
        "/v1/models/floats:predict",
        {"instances": [[1, 2], [[3, 4]]]},
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [2] but got: [1,2]",
    ),
    "ragged column": _error(
        JSON,
        "/v1/models/floats:predict",
        {"inputs": [[1, 2], [3]]},
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    ),
    "plain rows for a pair": _error(
        JSON,
        "/v1/models/pair:predict",
        _A,
        "instances is a plain list, but expecting list of objects as multiple input tensors "
        "required as per tensorinfo_map",
    ),
    "plain column for a pair": _error(
        JSON,
        "/v1/models/pair:predict",
        {"inputs": ["a"]},
        "inputs is a plain value/list, but expecting an object as multiple input tensors "
        "required as per tensorinfo_map",
    ),
    "half a pair": _error(
        JSON,
        "/v1/models/pair:predict",
        {"inputs": {"text": ["a"]}},
        "Missing named input: text_pair in 'inputs' object.",
    ),
    "half a pair in a row": _error(
        JSON,
        "/v1/models/pair:predict",
        {"instances": [{"text": "a"}]},
        'Failed to process element: 0 of \'instances\' list. JSON object: {\n    "text": "a"\n} keys must be equal to: '
        "text,text_pair",
    ),
    "another name in a row": _error(
        JSON,
        _PREDICT,
        {"instances": [{"x": "a"}]},
        "Failed to process element: 0 key: x of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have "
        "named input: x",
    ),
    "object among values": _error(
        JSON,
        _PREDICT,
        {"instances": ["a", {"text": "a"}]},
        "Expecting value/list but got object at item 1 of input list",
    ),
    "value among objects": _error(
        JSON, _PREDICT, {"instances": [{"text": "a"}, "a"]}, "Expecting object but got list at item 1 of input list"
    ),
    "scalar output of rows": _error(
        JSON,
        "/v1/models/floats:predict",
        {"signature_name": "scalar", "instances": [1]},
        "Tensor name: sum has no shape information ",
    ),
    "another rank": _error(SESSION, "/v1/models/floats:predict", {"instances": [1, 2]}, "", begins=True),
    "classify without examples": _error(
        JSON,
        "/v1/models/examples:classify",
        {},
        "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
    ),
    "regress without examples": _error(
        JSON,
        "/v1/models/examples:regress",
        {},
        "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
    ),
    "classify no examples": _error(
        JSON,
        "/v1/models/examples:classify",
        {"examples": []},
        "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array",
    ),
    "example that is no object": _error(
        JSON,
        "/v1/models/examples:classify",
        {"examples": [1]},
        "Example must be JSON object but got JSON Number",
    ),
    "feature of two types": _error(
        JSON,
        "/v1/models/examples:classify",
        {"examples": [{"x": [1.5, "a"]}]},
        "Unexpected element type in feature: x expecting type: float",
    ),
    "feature that is null": _error(
        JSON,
        "/v1/models/examples:classify",
        {"examples": [{"x": None}]},
        "Feature: x has element with unexpected JSON type: Null",
    ),
    "classify with a signature to predict": _error(
        CLASSIFIER,
        "/v1/models/text:classify",
        {"examples": [{}]},
        "No classification inputs found in SignatureDef: ",
        begins=True,
    ),
    "regress with a signature to classify": _error(
        REGRESSOR, "/v1/models/examples:regress", {"examples": [{}]}, "Expected one output Tensor."
    ),
    "unknown method": _error(HANDLER, "/v1/models/text:explain", _A, "Malformed request: POST /v1/models/text:explain"),
    "method in upper case": _error(
        HANDLER, "/v1/models/text:PREDICT", _A, "Malformed request: POST /v1/models/text:PREDICT"
    ),
    "query string": _error(
        HANDLER, "/v1/models/text:predict?x=1", _A, "Malformed request: POST /v1/models/text:predict?x=1"
    ),
    "predict with GET": _error(
        HANDLER, "/v1/models/text:predict", None, "Malformed request: GET /v1/models/text:predict"
    ),
    "status with POST": _error(HANDLER, "/v1/models/text", _A, "Malformed request: POST /v1/models/text"),
    "PUT": _error(HANDLER, _PREDICT, _A, f"Malformed request: PUT {_PREDICT}", method="PUT"),
    "DELETE": _error(HANDLER, "/v1/models/text", None, "Malformed request: DELETE /v1/models/text", method="DELETE"),
    "version that is no number": _error(
        HANDLER, "/v1/models/text/versions/x", None, "Malformed request: GET /v1/models/text/versions/x"
    ),
    "version and label": _error(
        HANDLER,
        "/v1/models/text/versions/1/labels/stable",
        None,
        "Malformed request: GET /v1/models/text/versions/1/labels/stable",
    ),
    "version beyond int64": Call(PATHS, "/v1/models/text/versions/9223372036854775808", status=400, exactly=b""),
    "no model": _error(HANDLER, "/v1/models", None, "Missing model name in request."),
    "status of an unknown model": _error(STATUS, "/v1/models/x", None, "Could not find any versions of model x", 404),
    "status of an unknown version": _error(
        STATUS, "/v1/models/text/versions/7", None, "Could not find version 7 of model text", 404
    ),
    "status with a query string": _error(
        PATHS, "/v1/models/text?x=1", None, "Could not find any versions of model text?x=1", 404
    ),
    "metadata of an unknown model": _error(
        CORE, "/v1/models/x/metadata", None, "Servable not found for request: Latest(x)", 404
    ),
    "metadata of an unknown label": _error(
        CORE, "/v1/models/text/labels/x/metadata", None, "Unrecognized servable version label: x"
    ),
    "error, exactly": Call(
        JSON,
        _PREDICT,
        {},
        400,
        exactly=b"{\n    \"error\": \"Missing 'inputs' or 'instances' key\"\n}",
    ),
    "another path": Call(SERVER, "/v2/models/text", status=404),
    "root": Call(SERVER, "/", status=404),
    "too many rows": _error("", _PREDICT, {"instances": ["a"] * 101}, "", 429, begins=True, ours=True),
    "too large": _error("", _PREDICT, {"instances": ["a" * 1_000_001]}, "", 413, begins=True, ours=True),
}


def _version(number: int) -> dict[str, Any]:
    return {"version": str(number), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


STATES = {
    "status": Call(STATUS, "/v1/models/text", answer={"model_version_status": [_version(2), _version(1)]}),
    "status of a version": Call(STATUS, "/v1/models/text/versions/1", answer={"model_version_status": [_version(1)]}),
    "status of a label": Call(
        STATUS, "/v1/models/text/labels/stable", answer={"model_version_status": [_version(2), _version(1)]}
    ),
    "status of an unknown label": Call(
        STATUS, "/v1/models/text/labels/x", answer={"model_version_status": [_version(2), _version(1)]}
    ),
    "status, upper case": Call(PATHS, "/V1/MODELS/latest/METADATA", answer={"model_version_status": [_version(3)]}),
}
