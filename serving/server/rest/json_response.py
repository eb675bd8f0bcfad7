"""Messages as the bodies that TensorFlow Serving answers REST requests with."""

from __future__ import annotations

import base64
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.errors import invalid_argument
from serving.server.rest.json_request import Format
from serving.server.rest.json_tensors import dtype_name
from serving.server.rest.json_text import Writer, decimals, quoted

_BYTES_SUFFIX = "_bytes"  # outputs so named are bytes, other strings text
_SIGNATURE_DEF = "signature_def"
_DECIMAL_FIELDS = {types_pb2.DT_FLOAT: "float_val", types_pb2.DT_DOUBLE: "double_val"}
_WHOLE_FIELDS = {
    types_pb2.DT_INT32: "int_val",
    types_pb2.DT_INT16: "int_val",
    types_pb2.DT_INT8: "int_val",
    types_pb2.DT_UINT8: "int_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_UINT32: "uint32_val",
    types_pb2.DT_UINT64: "uint64_val",
}
# The option that prints fields which have their default value changed its name in protobuf 5.26.
_PRINT_DEFAULTS: dict[str, Any] = {
    name: True
    for name in ("always_print_fields_with_no_presence", "including_default_value_fields")
    if name in inspect.signature(json_format.MessageToJson).parameters
}

# Values to write: JSON text, or the object that stands for bytes.
_Values = Iterator[str | dict[str, str]]


def predict_body(response: predict_pb2.PredictResponse, layout: Format) -> bytes:
    """The answer to `:predict`: `predictions` of rows, `outputs` of columns.

    Args:
        response: whose tensors have their values in the typed fields.
        layout: the request's format.

    Raises:
        ServingError: INVALID_ARGUMENT; the outputs are not rows, or of a type that JSON does not have.
    """
    if not response.outputs:
        raise invalid_argument("Cannot convert empty tensor map to JSON")
    outputs = {name: response.outputs[name] for name in sorted(response.outputs)}
    return _encoded(_rows(outputs) if layout == "row" else _columns(outputs))


def classification_body(response: classification_pb2.ClassificationResponse) -> bytes:
    """The answer to `:classify`: for each example a list of [label, score]."""
    writer = Writer()
    writer.open("{")
    writer.key("results")
    writer.open("[")
    for classifications in response.result.classifications:
        writer.single_line_arrays = True
        writer.open("[")
        scores = decimals(each.score for each in classifications.classes)
        for each, score in zip(classifications.classes, scores, strict=True):
            writer.open("[")
            writer.string(each.label)
            writer.raw(score)
            writer.close()
        writer.close()
        writer.single_line_arrays = False
    writer.close()
    writer.close()
    return _encoded(writer)


def regression_body(response: regression_pb2.RegressionResponse) -> bytes:
    """The answer to `:regress`: a number an example."""
    writer = Writer(single_line_arrays=True)
    writer.open("{")
    writer.key("results")
    writer.open("[")
    for value in decimals(each.value for each in response.result.regressions):
        writer.raw(value)
    writer.close()
    writer.close()
    return _encoded(writer)


def status_body(response: get_model_status_pb2.GetModelStatusResponse) -> bytes:
    """The states of a model's versions."""
    return f"{_proto_json(response)}\n".encode()


def metadata_body(response: get_model_metadata_pb2.GetModelMetadataResponse) -> bytes:
    """Name, version and signatures of a model."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata[_SIGNATURE_DEF].Unpack(signatures)
    spec = f'"model_spec":{_proto_json(response.model_spec)}\n'
    metadata = f'"metadata": {{"{_SIGNATURE_DEF}": {_proto_json(signatures)}\n}}\n'
    return f"{{\n{spec},\n{metadata}}}\n".encode()


def error_body(message: str) -> bytes:
    """The answer to whatever failed."""
    writer = Writer()
    writer.open("{")
    writer.key("error")
    writer.string(message)
    writer.close()
    return _encoded(writer)


def _rows(outputs: Mapping[str, tensor_pb2.TensorProto]) -> Writer:
    rows = _common_rows(outputs)
    values = {name: _values(name, tensor) for name, tensor in outputs.items()}
    shapes = {name: _shape(tensor)[1:] for name, tensor in outputs.items()}
    named = len(outputs) > 1
    writer = Writer()
    writer.open("{")
    writer.key("predictions")
    writer.open("[")
    for _ in range(rows):
        if named:
            writer.open("{")
        # The layout of arrays within a row, not of the array of rows; TensorFlow Serving's answers look so, too.
        writer.single_line_arrays = True
        for name in outputs:
            if named:
                writer.key(name)
            _write(writer, shapes[name], values[name])
        writer.single_line_arrays = False
        if named:
            writer.close()
    writer.close()
    writer.close()
    return writer


def _columns(outputs: Mapping[str, tensor_pb2.TensorProto]) -> Writer:
    named = len(outputs) > 1
    writer = Writer()
    writer.open("{")
    writer.key("outputs")
    if named:
        writer.open("{")
    for name, tensor in outputs.items():
        if named:
            writer.key(name)
        _write(writer, _shape(tensor), _values(name, tensor))
    if named:
        writer.close()
    writer.close()
    return writer


def _common_rows(outputs: Mapping[str, tensor_pb2.TensorProto]) -> int:
    rows = None
    for name, tensor in outputs.items():
        shape = _shape(tensor)
        if not shape:
            raise invalid_argument(f"Tensor name: {name} has no shape information ")
        if rows not in (None, shape[0]):
            raise invalid_argument(f"Tensor name: {name} has inconsistent batch size: {shape[0]} expecting: {rows}")
        rows = shape[0]
    return rows or 0


def _shape(tensor: tensor_pb2.TensorProto) -> list[int]:
    return [dimension.size for dimension in tensor.tensor_shape.dim]


def _values(name: str, tensor: tensor_pb2.TensorProto) -> _Values:
    """Each value in JSON, in the order of the tensor; none where there is none."""
    if not math.prod(_shape(tensor)):
        return iter(())
    if tensor.dtype in _DECIMAL_FIELDS:
        numbers = getattr(tensor, _DECIMAL_FIELDS[tensor.dtype])
        return iter(decimals(numbers, double=tensor.dtype == types_pb2.DT_DOUBLE))
    if tensor.dtype in _WHOLE_FIELDS:
        return (str(value) for value in getattr(tensor, _WHOLE_FIELDS[tensor.dtype]))
    if tensor.dtype == types_pb2.DT_BOOL:
        return ("true" if value else "false" for value in tensor.bool_val)
    if tensor.dtype == types_pb2.DT_STRING:
        return _strings(name, tensor)
    raise invalid_argument(f"Failed to write JSON value for tensor type: {dtype_name(tensor.dtype)}")


def _strings(name: str, tensor: tensor_pb2.TensorProto) -> _Values:
    if name.endswith(_BYTES_SUFFIX):
        return ({"b64": base64.b64encode(value).decode()} for value in tensor.string_val)
    return (quoted(value.decode("utf-8", "surrogateescape")) for value in tensor.string_val)


def _write(writer: Writer, shape: list[int], values: _Values) -> None:
    """Writes the next values as nested arrays of this shape; a scalar where it has no dimensions."""
    if not shape:
        value = next(values)
        if isinstance(value, str):
            writer.raw(value)
        else:
            writer.value(value)
        return
    writer.open("[")
    for _ in range(shape[0]):
        _write(writer, shape[1:], values)
    writer.close()


def _encoded(writer: Writer) -> bytes:
    return writer.text().encode("utf-8", "surrogateescape")


def _proto_json(message: Message) -> str:
    return json_format.MessageToJson(message, preserving_proto_field_name=True, indent=1, **_PRINT_DEFAULTS)
