"""Answers a PredictRequest with a loaded version; texts of errors are TensorFlow Serving's (predict_util.cc)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from serving.server.bounds import check_rows
from serving.server.errors import ServingError, failed_precondition, invalid_argument
from serving.server.options import Limits
from serving.server.servable import Servable
from serving.server.session_errors import as_serving_errors
from serving.server.tensors import to_array, to_proto, type_name

DEFAULT_SIGNATURE = "serving_default"


def predict(servable: Servable, request: predict_pb2.PredictRequest, limits: Limits) -> predict_pb2.PredictResponse:
    """The signature's outputs for the request's inputs; the caller fills in model and version.

    Raises:
        ServingError: the request does not fit the signature, has too many rows, or the computation failed.
    """
    signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = find_signature(servable, signature_name)
    arrays = _inputs(request, signature, limits.message_bytes)
    wanted = _wanted_outputs(request.output_filter, signature)
    _check_types(arrays, signature)
    check_rows(max((array.shape[0] for array in arrays.values() if array.ndim), default=0), limits.request_rows)
    with as_serving_errors():
        answers = servable.run(signature_name, arrays)
    response = predict_pb2.PredictResponse()
    response.model_spec.signature_name = signature_name
    for name in wanted:
        dtype = tf.dtypes.as_dtype(signature.outputs[name].dtype)
        response.outputs[name].CopyFrom(to_proto(answers[name], dtype))
    return response


def find_signature(servable: Servable, name: str) -> meta_graph_pb2.SignatureDef:
    """The SignatureDef of this key. Raises ServingError where the model has none."""
    if name not in servable.callable_signatures:
        raise failed_precondition(f'Serving signature key "{name}" not found.')
    return servable.signatures[name]


def _inputs(
    request: predict_pb2.PredictRequest, signature: meta_graph_pb2.SignatureDef, max_bytes: int
) -> dict[str, np.ndarray]:
    given, wanted = set(request.inputs), set(signature.inputs)
    if len(given) != len(wanted):
        raise invalid_argument(
            f"input size does not match signature: {len(given)}!={len(wanted)} len({_names(given)}) != "
            f"len({_names(wanted)}). Sent extra: {_names(given - wanted)}. "
            f"Missing but required: {_names(wanted - given)}."
        )
    for name in sorted(wanted - given):
        raise invalid_argument(
            f"Signature input alias: {name}(feed name: {signature.inputs[name].name}) not found in request and no "
            f"default value provided. Inputs expected to be in the request {_names(given)}, "
            "or default input alias set: "
        )
    return {name: _parsed(name, tensor, max_bytes) for name, tensor in request.inputs.items()}


def _parsed(name: str, tensor: tensor_pb2.TensorProto, max_bytes: int) -> np.ndarray:
    try:
        return to_array(tensor, max_bytes)
    except ServingError as error:
        raise invalid_argument(f"tensor parsing error: {name}") from error


def _wanted_outputs(output_filter: Iterable[str], signature: meta_graph_pb2.SignatureDef) -> list[str]:
    known, wanted = list(signature.outputs), list(output_filter)
    for position, name in enumerate(wanted):
        if name not in known:
            raise invalid_argument(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the set {_names(known)}."
            )
        if name in wanted[:position]:
            raise invalid_argument(f"duplicate output tensor alias: {name}")
    return wanted or known


def _check_types(arrays: dict[str, np.ndarray], signature: meta_graph_pb2.SignatureDef) -> None:
    for position, name in enumerate(sorted(arrays)):
        wanted = signature.inputs[name].dtype
        # TensorFlow's strings are NumPy's objects.
        given = tf.string if arrays[name].dtype == object else tf.dtypes.as_dtype(arrays[name].dtype)
        if given != tf.dtypes.as_dtype(wanted):
            raise invalid_argument(
                f"Expects arg[{position}] to be {type_name(wanted)} but {type_name(given.as_datatype_enum)} is provided"
            )


def _names(names: Iterable[str]) -> str:
    return f"{{{','.join(sorted(names))}}}"
