"""Answers Classify, Regress and MultiInference; texts of errors are TensorFlow Serving's (classifier.cc, regressor.cc,
multi_inference.cc).
"""

from __future__ import annotations

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from serving.server.bounds import check_rows
from serving.server.errors import ServingError, invalid_argument
from serving.server.options import Limits
from serving.server.predict import DEFAULT_SIGNATURE
from serving.server.servable import Arrays, Servable
from serving.server.session_errors import as_serving_errors

INPUTS = "inputs"
CLASSES, SCORES = "classes", "scores"
OUTPUTS = "outputs"
_CLASSIFY = "tensorflow/serving/classify"
_REGRESS = "tensorflow/serving/regress"

Signature = meta_graph_pb2.SignatureDef


def classify(
    servable: Servable, request: classification_pb2.ClassificationRequest, limits: Limits
) -> classification_pb2.ClassificationResponse:
    """Classes and scores of each example; the caller fills in model and version.

    Raises:
        ServingError: the signature does not classify, the request is empty or too large, or the computation failed.
    """
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = _find_signature(servable, name)
    _check_one_input(signature)
    _check_classifies(signature)
    answers = _run(servable, name, _examples(request.input, limits))
    response = classification_pb2.ClassificationResponse()
    response.model_spec.signature_name = name
    response.result.CopyFrom(_classifications(answers, count_examples(request.input)))
    return response


def regress(
    servable: Servable, request: regression_pb2.RegressionRequest, limits: Limits
) -> regression_pb2.RegressionResponse:
    """The value of each example; the caller fills in model and version. Raises ServingError as `classify`."""
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = _find_signature(servable, name)
    _check_one_input(signature)
    _check_regresses(signature)
    answers = _run(servable, name, _examples(request.input, limits))
    response = regression_pb2.RegressionResponse()
    response.model_spec.signature_name = name
    response.result.CopyFrom(_regressions(answers, count_examples(request.input)))
    return response


def multi_inference(
    servable: Servable, request: inference_pb2.MultiInferenceRequest, limits: Limits
) -> inference_pb2.MultiInferenceResponse:
    """Each task's result, in order; the caller fills in model and version. Raises ServingError as `classify`."""
    names = [task.model_spec.signature_name or DEFAULT_SIGNATURE for task in request.tasks]
    for task, name in zip(request.tasks, names, strict=True):
        _check_task(servable, task.method_name, name, names)
    examples = _examples(request.input, limits)
    response = inference_pb2.MultiInferenceResponse()
    for task, name in zip(request.tasks, names, strict=True):
        result = response.results.add()
        result.model_spec.signature_name = name
        answers = _run(servable, name, examples)
        if task.method_name == _CLASSIFY:
            result.classification_result.CopyFrom(_classifications(answers, len(examples)))
        else:
            result.regression_result.CopyFrom(_regressions(answers, len(examples)))
    return response


def _check_task(servable: Servable, method: str, name: str, names: list[str]) -> None:
    if names.count(name) > 1:
        raise invalid_argument(f"Duplicate evaluation of signature: {name}")
    if name not in servable.callable_signatures:
        raise invalid_argument(f"Requested signature not found in model graph: {name}")
    if method not in (_CLASSIFY, _REGRESS):
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {method}")
    signature = servable.signatures[name]
    (_check_classifies if method == _CLASSIFY else _check_regresses)(signature)


def _find_signature(servable: Servable, name: str) -> Signature:
    if name not in servable.callable_signatures:
        raise invalid_argument(f"No signature was found with the name: {name}")
    return servable.signatures[name]


def _check_one_input(signature: Signature) -> None:
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")


def _check_classifies(signature: Signature) -> None:
    if len(signature.outputs) not in (1, 2):
        raise invalid_argument(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if INPUTS not in signature.inputs:
        raise invalid_argument(f"No classification inputs found in SignatureDef: {signature}")
    if not {CLASSES, SCORES} & set(signature.outputs):
        raise invalid_argument(
            'Expected classification signature outputs to contain at least one of "classes" or "scores". '
            f"Signature was: {signature}"
        )


def _check_regresses(signature: Signature) -> None:
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    if INPUTS not in signature.inputs:
        raise invalid_argument(f"No regression inputs found in SignatureDef: {signature}")
    if OUTPUTS not in signature.outputs:
        raise invalid_argument(f"No regression outputs found in SignatureDef: {signature}")


def count_examples(given: input_pb2.Input) -> int:
    """How many examples the input holds."""
    kind = given.WhichOneof("kind")
    return len(getattr(given, kind).examples) if kind else 0


def _examples(given: input_pb2.Input, limits: Limits) -> list[bytes]:
    """The serialized examples; a shared context's bytes stand before each, so that the example's own features win."""
    count = count_examples(given)
    if not count:
        raise invalid_argument("Input is empty.")
    check_rows(count, limits.request_rows)
    if given.WhichOneof("kind") == "example_list":
        return [example.SerializeToString() for example in given.example_list.examples]
    context = given.example_list_with_context.context.SerializeToString()
    return [context + example.SerializeToString() for example in given.example_list_with_context.examples]


def _run(servable: Servable, name: str, examples: list[bytes]) -> Arrays:
    inputs = servable.signatures[name].inputs
    array = np.array(examples, dtype=object)
    with as_serving_errors():
        return servable.run(name, dict.fromkeys(inputs, array))


def _classifications(answers: Arrays, examples: int) -> classification_pb2.ClassificationResult:
    classes, scores = answers.get(CLASSES), answers.get(SCORES)
    for name, values, wanted in ((CLASSES, classes, "DT_STRING"), (SCORES, scores, "DT_FLOAT")):
        if values is not None:
            _check_table(name, values, wanted, examples)
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid_argument(
            f"Tensors class and score should match in dim_size(1). Got {classes.shape[1]} vs. {scores.shape[1]}"
        )
    shape = (scores if classes is None else classes).shape  # pyright: ignore[reportOptionalMemberAccess]
    result = classification_pb2.ClassificationResult()
    for row in range(shape[0]):
        classification = result.classifications.add()
        for column in range(shape[1]):
            classification.classes.add(
                label="" if classes is None else classes[row, column],
                score=0.0 if scores is None else scores[row, column],
            )
    return result


def _check_table(name: str, values: np.ndarray, wanted: str, examples: int) -> None:
    if values.ndim != 2:
        raise invalid_argument(f"Expected Tensor shape: [batch_size num_classes] but got {_shape(values)}")
    given = _type(values)
    if given != wanted:
        raise invalid_argument(f"Expected {name} Tensor of {wanted}. Got: {given}")
    if values.shape[0] != examples:
        raise invalid_argument(f"Expected {name} output batch size of {examples}. Got: {values.shape[0]}")


def _regressions(answers: Arrays, examples: int) -> regression_pb2.RegressionResult:
    values = answers[OUTPUTS]
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] != 1):
        raise invalid_argument(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {_shape(values)}"
        )
    if values.shape[0] != examples:
        raise invalid_argument(f"Input batch size did not match output batch size: {examples} vs. {values.shape[0]}")
    if _type(values) != "DT_FLOAT":
        raise invalid_argument(f"Expected output Tensor of DT_FLOAT.  Got: {_type(values)}")
    result = regression_pb2.RegressionResult()
    for value in values.ravel():
        result.regressions.add(value=value)
    return result


def _shape(values: np.ndarray) -> str:
    return f"[{','.join(map(str, values.shape))}]"


def _type(values: np.ndarray) -> str:
    dtype = tf.string if values.dtype == object else tf.dtypes.as_dtype(values.dtype)
    return types_pb2.DataType.Name(dtype.as_datatype_enum)
