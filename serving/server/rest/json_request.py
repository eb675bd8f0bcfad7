"""The body of a REST request as the message that gRPC would have brought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from tensorflow.core.example import example_pb2, feature_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import classification_pb2, input_pb2, model_pb2, predict_pb2, regression_pb2

from serving.server.bounds import check_rows
from serving.server.errors import ServingError, invalid_argument
from serving.server.rest.json_tensors import TensorBuilder, decode_base64, is_base64
from serving.server.rest.json_text import parse, shown, type_name

_SIGNATURE, _INSTANCES, _INPUTS, _CONTEXT, _EXAMPLES = "signature_name", "instances", "inputs", "context", "examples"
_LARGEST_INT64, _SMALLEST_INT64, _LARGEST_UINT64 = 2**63 - 1, -(2**63), 2**64 - 1

# `row` has an element an example, `column` a tensor an input; the answer has the request's format.
Format = Literal["row", "column"]
Inputs = Mapping[str, meta_graph_pb2.TensorInfo]
Lookup = Callable[[model_pb2.ModelSpec], Inputs]
ExamplesRequest = TypeVar("ExamplesRequest", classification_pb2.ClassificationRequest, regression_pb2.RegressionRequest)


def predict_request(
    body: bytes, spec: model_pb2.ModelSpec, inputs_of: Lookup, most_rows: int
) -> tuple[predict_pb2.PredictRequest, Format]:
    """What `:predict` asks for.

    Args:
        body: JSON with `instances` or `inputs`, and maybe `signature_name`.
        spec: of the URL.
        inputs_of: the inputs of the signature that a spec names.
        most_rows: that are taken; looked at before any of them is.

    Raises:
        ServingError: the body is malformed, has too many rows, or does not fit the signature; or what
            `inputs_of` raises.
    """
    document = parse(body)
    request = predict_pb2.PredictRequest(model_spec=spec)
    _read_signature_name(document, request.model_spec)
    inputs = inputs_of(request.model_spec)
    if not inputs:
        raise invalid_argument(
            f"Failed to get input map for signature: {request.model_spec.signature_name or 'DEFAULT'}"
        )
    if _INSTANCES in document:
        instances = _checked_instances(document)
        check_rows(len(instances), most_rows)
        _read_rows(instances, inputs, request)
        return request, "row"
    if _INPUTS in document:
        _check_columns(document[_INPUTS], most_rows)
        _read_columns(document[_INPUTS], inputs, request)
        return request, "column"
    raise invalid_argument("Missing 'inputs' or 'instances' key")


def classification_request(
    body: bytes, spec: model_pb2.ModelSpec, most_rows: int
) -> classification_pb2.ClassificationRequest:
    """What `:classify` asks for: JSON with `examples`, maybe `context` and `signature_name`. Raises ServingError."""
    return _read_examples(body, classification_pb2.ClassificationRequest(model_spec=spec), most_rows)


def regression_request(body: bytes, spec: model_pb2.ModelSpec, most_rows: int) -> regression_pb2.RegressionRequest:
    """What `:regress` asks for; the body is that of `:classify`. Raises ServingError."""
    return _read_examples(body, regression_pb2.RegressionRequest(model_spec=spec), most_rows)


def _read_signature_name(document: dict[str, Any], spec: model_pb2.ModelSpec) -> None:
    name = document.get(_SIGNATURE, "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    spec.signature_name = _utf8(name)


def _utf8(name: str) -> str:
    """A name in a message has to be UTF-8; bytes of it that are not become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _checked_instances(document: dict[str, Any]) -> list[Any]:
    instances = document[_INSTANCES]
    if _INPUTS in document:
        raise invalid_argument(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of '{_INPUTS}' or "
            f"'{_INSTANCES}' keys to exist "
        )
    if not isinstance(instances, list):
        raise invalid_argument(f"JSON Value: {shown(document)} Expecting '{_INSTANCES}' to be an list/array")
    if not instances:
        raise invalid_argument(f"JSON Value: {shown(document)} No values in '{_INSTANCES}' array")
    return instances


def _is_named(element: Any) -> bool:
    """Whether an element has its inputs by name."""
    return isinstance(element, dict) and not is_base64(element)


def _read_rows(instances: list[Any], inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    if not isinstance(instances[0], dict) and len(inputs) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    if _is_named(instances[0]):
        tensors = _named_rows(instances, inputs)
    else:
        name = min(inputs)
        tensors = {name: _plain_rows(instances, inputs[name])}
    for name, tensor in tensors.items():
        request.inputs[name].CopyFrom(tensor.proto(rows=len(instances)))


def _plain_rows(instances: list[Any], info: meta_graph_pb2.TensorInfo) -> TensorBuilder:
    tensor = TensorBuilder(info.dtype)
    if tensor.add_scalars(instances):
        return tensor
    for number, element in enumerate(instances):
        if _is_named(element):
            raise invalid_argument(f"Expecting value/list but got object at item {number} of input list")
        try:
            tensor.add(element)
        except ServingError as error:
            raise _element_error(number, "", error) from error
    return tensor


def _named_rows(instances: list[Any], inputs: Inputs) -> dict[str, TensorBuilder]:
    tensors = {name: TensorBuilder(info.dtype) for name, info in inputs.items()}
    for number, element in enumerate(instances):
        if not _is_named(element):
            raise invalid_argument(f"Expecting object but got list at item {number} of input list")
        for name, value in element.items():
            _add_row(tensors, name, number, value)
        if element.keys() != tensors.keys():
            raise invalid_argument(
                f"Failed to process element: {number} of '{_INSTANCES}' list. JSON object: {shown(element)} "
                f"keys must be equal to: {','.join(sorted(inputs))}"
            )
    return tensors


def _add_row(tensors: dict[str, TensorBuilder], name: str, number: int, value: Any) -> None:
    try:
        if name not in tensors:
            raise invalid_argument(f"JSON object: does not have named input: {name}")
        tensors[name].add(value)
    except ServingError as error:
        raise _element_error(number, f" key: {name}", error) from error


def _element_error(number: int, key: str, error: ServingError) -> ServingError:
    text = f"Failed to process element: {number}{key} of '{_INSTANCES}' list. Error: {error.code.name}: {error.message}"
    return invalid_argument(text)


def _read_columns(value: Any, inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    named = _is_named(value)
    if not named and len(inputs) > 1:
        raise invalid_argument(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
            "tensorinfo_map"
        )
    for name in sorted(inputs):
        if named and name not in value:
            raise invalid_argument(f"Missing named input: {name} in '{_INPUTS}' object.")
        tensor = TensorBuilder(inputs[name].dtype)
        tensor.add(value[name] if named else value)
        request.inputs[name].CopyFrom(tensor.proto())


def _check_columns(value: Any, most_rows: int) -> None:
    for column in value.values() if _is_named(value) else [value]:
        check_rows(len(column) if isinstance(column, list) else 0, most_rows)


def _read_examples(body: bytes, request: ExamplesRequest, most_rows: int) -> ExamplesRequest:
    document = parse(body)
    _read_signature_name(document, request.model_spec)
    context = _example(document[_CONTEXT]) if _CONTEXT in document else None
    values = _checked_examples(document)
    check_rows(len(values), most_rows)
    examples = [_example(value) for value in values]
    if context is None:
        request.input.example_list.examples.extend(examples)
    else:
        request.input.example_list_with_context.CopyFrom(
            input_pb2.ExampleListWithContext(context=context, examples=examples)
        )
    return request


def _checked_examples(document: dict[str, Any]) -> list[Any]:
    if _EXAMPLES not in document:
        raise invalid_argument(
            f"JSON Value: {shown(document)} When method is classify, key '{_EXAMPLES}' is expected and was not found"
        )
    examples = document[_EXAMPLES]
    if not isinstance(examples, list):
        raise invalid_argument(f"JSON Value: {shown(document)} Expecting '{_EXAMPLES}' value to be an list/array")
    if not examples:
        raise invalid_argument(f"JSON Value: {shown(document)} '{_EXAMPLES}' value is an empty array")
    return examples


def _example(value: Any) -> example_pb2.Example:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {type_name(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        feature = feature_pb2.Feature()
        for element in content if isinstance(content, list) else [content]:
            _add_to_feature(element, name, feature)
        example.features.feature[_utf8(name)].CopyFrom(feature)
    return example


def _add_to_feature(value: Any, name: str, feature: feature_pb2.Feature) -> None:
    kind, converted = _feature_value(value, name)
    present = feature.WhichOneof("kind")
    if present not in (None, kind):
        raise invalid_argument(
            f"Unexpected element type in feature: {name} expecting type: {str(present).removesuffix('_list')}"
        )
    getattr(feature, kind).value.append(converted)


def _float(value: float, name: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise invalid_argument(f"Feature: {name} has a number that no float can hold") from error


def _feature_value(value: Any, name: str) -> tuple[str, Any]:
    """The list of a Feature that a JSON value belongs to, and the value in it."""
    if isinstance(value, str):
        return "bytes_list", value.encode("utf-8", "surrogateescape")
    if is_base64(value):
        return "bytes_list", decode_base64(value)
    if value is None or isinstance(value, (dict, list)):
        raise invalid_argument(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")
    if isinstance(value, int) and _SMALLEST_INT64 <= value <= _LARGEST_INT64:
        return "int64_list", int(value)
    if isinstance(value, int) and 0 <= value <= _LARGEST_UINT64:
        raise invalid_argument(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    return "float_list", _float(value, name)
