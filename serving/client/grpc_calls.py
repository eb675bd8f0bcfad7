"""The calls in TensorFlow Serving's gRPC."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from serving.client import tensors
from serving.client.answers import Metadata, Prediction, Signature, TensorSpec, VersionStatus, predictions
from serving.client.calls import GrpcCall
from serving.client.target import Target
from serving.protos import messages

_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
_SIGNATURES = "signature_def"


def predict(target: Target, texts: Sequence[bytes], pairs: Sequence[bytes] | None) -> GrpcCall[list[Prediction]]:
    """Scores of texts, by a signature that takes `text` (and `text_pair`) and gives `scores` and `predicted`."""
    request = messages.PredictRequest()
    _choose(request.model_spec, target)
    request.model_spec.signature_name = target.signature
    tensors.put_texts(request.inputs["text"], texts)
    if pairs is not None:
        tensors.put_texts(request.inputs["text_pair"], pairs)
    return GrpcCall(_PREDICT, request, messages.PredictResponse, partial(_read_predictions, len(texts)))


def metadata(target: Target) -> GrpcCall[Metadata]:
    """The model's version and signatures."""
    request = messages.GetModelMetadataRequest(metadata_field=[_SIGNATURES])
    _choose(request.model_spec, target)
    return GrpcCall(_METADATA, request, messages.GetModelMetadataResponse, _read_metadata)


def status(target: Target) -> GrpcCall[list[VersionStatus]]:
    """How each version of the model is (of the one version, if the target names one)."""
    request = messages.GetModelStatusRequest()
    _choose(request.model_spec, target)
    return GrpcCall(_STATUS, request, messages.GetModelStatusResponse, _read_status)


def _choose(spec: Any, target: Target) -> None:
    spec.name = target.model
    if target.version is not None:
        spec.version.value = target.version
    if target.label is not None:
        spec.version_label = target.label


def _read_predictions(texts: int, response: Any) -> list[Prediction]:
    scores, predicted = (_output(response, name) for name in ("scores", "predicted"))
    return predictions(texts, _matrix(scores, tensors.floats(scores)), _labels(predicted))


def _output(response: Any, name: str) -> Any:
    if name not in response.outputs:
        raise ValueError(f"the answer has no {name!r}, but {sorted(response.outputs)}")
    return response.outputs[name]


def _matrix(tensor: Any, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    shape = tensors.shape_of(tensor)
    if len(shape) != 2 or shape[1] == 0:
        raise ValueError(f"a tensor of shape {list(shape)} came where [texts, labels] was expected")
    return tensors.rows(values, shape[1])


def _labels(tensor: Any) -> Sequence[Any]:
    if tensor.dtype == tensors.DT_BOOL:
        return _matrix(tensor, tensors.booleans(tensor))
    return [name.decode() for name in tensors.strings(tensor)]


def _read_metadata(response: Any) -> Metadata:
    signatures = messages.SignatureDefMap()
    if not response.metadata[_SIGNATURES].Unpack(signatures):
        raise ValueError("the metadata holds no signatures")
    read = {name: _signature(signature) for name, signature in signatures.signature_def.items()}
    return Metadata(response.model_spec.name, response.model_spec.version.value, read)


def _signature(signature: Any) -> Signature:
    inputs, outputs = (
        {name: _spec(info) for name, info in sorted(side.items())} for side in (signature.inputs, signature.outputs)
    )
    return Signature(inputs, outputs)


def _spec(info: Any) -> TensorSpec:
    shape = None if info.tensor_shape.unknown_rank else tuple(dim.size for dim in info.tensor_shape.dim)
    return TensorSpec(_name(info, "dtype"), shape)


def _read_status(response: Any) -> list[VersionStatus]:
    return [
        VersionStatus(
            version.version,
            _name(version, "state"),
            _name(version.status, "error_code"),
            version.status.error_message,
        )
        for version in response.model_version_status
    ]


def _name(message: Any, field: str) -> str:
    """The name of an enum field's value, as REST has it; its number where this client does not know it."""
    number = getattr(message, field)
    known = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return known[number].name if number in known else str(number)
