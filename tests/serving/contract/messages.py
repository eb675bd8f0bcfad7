"""Requests in few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2


def spec(name: str, version: int | None = None, label: str = "", signature: str = "") -> model_pb2.ModelSpec:
    """A model, and maybe its version or label, and a signature."""
    given = model_pb2.ModelSpec(name=name, signature_name=signature)
    if version is not None:
        given.version.value = version
    if label:
        given.version_label = label
    return given


def strings(*texts: str | bytes, shape: Sequence[int] | None = None) -> tensor_pb2.TensorProto:
    """A tensor of strings, of rank 1 unless a shape is given."""
    return _tensor(types_pb2.DT_STRING, [len(texts)] if shape is None else shape, string_val=_encoded(texts))


def floats(*values: float, shape: Sequence[int] | None = None) -> tensor_pb2.TensorProto:
    """A tensor of float32, of rank 1 unless a shape is given."""
    return _tensor(types_pb2.DT_FLOAT, [len(values)] if shape is None else shape, float_val=values)


def _encoded(texts: Sequence[str | bytes]) -> list[bytes]:
    return [text.encode() if isinstance(text, str) else text for text in texts]


def _tensor(dtype: Any, shape: Sequence[int], **values: Any) -> tensor_pb2.TensorProto:
    tensor = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in shape:
        tensor.tensor_shape.dim.add().size = size
    return tensor


def predict(
    model: model_pb2.ModelSpec | None, output_filter: Sequence[str] = (), **inputs: tensor_pb2.TensorProto
) -> predict_pb2.PredictRequest:
    """A request to predict."""
    request = predict_pb2.PredictRequest(model_spec=model, output_filter=output_filter)
    for name, tensor in inputs.items():
        request.inputs[name].CopyFrom(tensor)
    return request


def examples(*values: float | None, context: float | None = None) -> input_pb2.Input:
    """Examples with these values of x, None for one without, and maybe a context with one."""
    given = [_example(value) for value in values]
    if context is None:
        return input_pb2.Input(example_list=input_pb2.ExampleList(examples=given))
    with_context = input_pb2.ExampleListWithContext(examples=given, context=_example(context))
    return input_pb2.Input(example_list_with_context=with_context)


def _example(value: float | None) -> tf.train.Example:
    example = tf.train.Example()
    if value is not None:
        example.features.feature["x"].float_list.value.append(value)
    return example


def classify(model: model_pb2.ModelSpec | None, given: input_pb2.Input | None) -> Any:
    """A request to classify."""
    return classification_pb2.ClassificationRequest(model_spec=model, input=given)


def regress(model: model_pb2.ModelSpec | None, given: input_pb2.Input | None) -> Any:
    """A request to regress."""
    return regression_pb2.RegressionRequest(model_spec=model, input=given)


def multi(given: input_pb2.Input | None, *tasks: tuple[model_pb2.ModelSpec | None, str]) -> Any:
    """A request of several tasks: each a model with its signature, and a method's name."""
    request = inference_pb2.MultiInferenceRequest(input=given)
    for model, method in tasks:
        request.tasks.add(model_spec=model, method_name=method)
    return request


def metadata(model: model_pb2.ModelSpec | None, *fields: str) -> Any:
    """A request for metadata."""
    return get_model_metadata_pb2.GetModelMetadataRequest(model_spec=model, metadata_field=fields)


def status(model: model_pb2.ModelSpec | None) -> Any:
    """A request for the states of a model's versions."""
    return get_model_status_pb2.GetModelStatusRequest(model_spec=model)


def model_config(name: str, base_path: str, platform: str = "tensorflow", **labels: int) -> Any:
    """A model to serve."""
    return model_server_config_pb2.ModelConfig(
        name=name, base_path=base_path, model_platform=platform, version_labels=labels
    )


def reload(*models: Any) -> Any:
    """A request to serve these models and no others."""
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.SetInParent()
    request.config.model_config_list.config.extend(models)
    return request
