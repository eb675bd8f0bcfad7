"""What is asked over gRPC, and what TensorFlow Serving answers."""

from __future__ import annotations

import dataclasses
from typing import Any

from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import input_pb2, model_management_pb2

from tests.serving.contract.messages import (
    classify,
    examples,
    floats,
    metadata,
    model_config,
    multi,
    predict,
    regress,
    reload,
    spec,
    status,
    strings,
)
from tests.serving.contract.models import CLASSIFY, REGRESS

SERVER_CORE = "model_servers/server_core.cc"
MANAGER = "core/manager.h"
PREDICT = "servables/tensorflow/predict_util.cc"
PREDICT_IMPL = "servables/tensorflow/predict_impl.cc"
INPUTS = "tensorflow/cc/saved_model/util.cc"
CLASSIFIER = "servables/tensorflow/classifier.cc"
REGRESSOR = "servables/tensorflow/regressor.cc"
MULTI = "servables/tensorflow/multi_inference.cc"
UTIL = "servables/tensorflow/util.cc"
METADATA = "servables/tensorflow/get_model_metadata_impl.cc"
STATUS = "model_servers/get_model_status_impl.cc"
MODEL_SERVICE = "model_servers/model_service_impl.cc"
SESSION = "tensorflow/core/common_runtime/direct_session.cc"


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A request that fails.

    Attributes:
        source: file that the answer was read off.
        request: whatever its kind, which tells the method.
        code: name of the gRPC status.
        message: the whole text; or its beginning where `begins`.
        ours: our server alone answers so.
    """

    source: str
    request: Any
    code: str
    message: str
    begins: bool = False
    ours: bool = False


@dataclasses.dataclass(frozen=True)
class Prediction:
    """A request to predict that is answered.

    Attributes:
        source: file that the answer was read off.
        request: a PredictRequest.
        outputs: each output's values.
        version: that answers.
        signature: that the answer names.
        ours: our server alone answers so.
    """

    source: str
    request: Any
    outputs: dict[str, Any]
    version: int
    signature: str = "serving_default"
    ours: bool = False


_TEXT = strings("a")
_WIRE = "apis/predict.proto"

PREDICTIONS = {
    "latest of all": Prediction(
        _WIRE,
        predict(spec("text"), text=strings("a", "a" * 98)),
        {"scores": [[1 / 3], [0.98]], "predicted": [b"short", b"long"]},
        version=2,
    ),
    "version": Prediction(
        _WIRE,
        predict(spec("text", version=1), text=strings("a", "abc")),
        {"scores": [[0.5], [0.75]], "predicted": [b"short", b"short"]},
        version=1,
    ),
    "label": Prediction(
        _WIRE,
        predict(spec("text", label="stable"), text=_TEXT),
        {"scores": [[0.5]], "predicted": [b"short"]},
        version=1,
    ),
    "label of the latest": Prediction(
        _WIRE,
        predict(spec("text", label="canary"), text=_TEXT),
        {"scores": [[1 / 3]], "predicted": [b"short"]},
        version=2,
    ),
    "latest of the default policy": Prediction(
        "sources/storage_path/file_system_storage_path_source.cc",
        predict(spec("latest"), text=_TEXT),
        {"scores": [[0.25]], "predicted": [b"short"]},
        version=3,
    ),
    "signature by name": Prediction(
        PREDICT,
        predict(spec("text", signature="serving_default"), text=_TEXT),
        {"scores": [[1 / 3]], "predicted": [b"short"]},
        version=2,
    ),
    "some outputs": Prediction(PREDICT, predict(spec("text"), ["predicted"], text=_TEXT), {"predicted": [b"short"]}, 2),
    "outputs in any order": Prediction(
        PREDICT,
        predict(spec("text"), ["scores", "predicted"], text=_TEXT),
        {"scores": [[1 / 3]], "predicted": [b"short"]},
        version=2,
    ),
    "text that is no UTF-8": Prediction(
        _WIRE,
        predict(spec("text"), text=strings(b"\xff\xfe", "")),
        {"scores": [[0.5], [0.0]], "predicted": [b"short", b"short"]},
        version=2,
    ),
    "no rows": Prediction(
        SESSION, predict(spec("floats"), x=floats(shape=[0, 2])), {"y": []}, version=1, signature="serving_default"
    ),
    "one value for all": Prediction(
        "tensorflow/core/framework/tensor.cc",
        predict(spec("floats"), x=floats(1.5, shape=[2, 2])),
        {"y": [[3], [3]]},
        1,
    ),
    "no value stands for zeros": Prediction(
        "tensorflow/core/framework/tensor.cc", predict(spec("floats"), x=floats(shape=[2, 2])), {"y": [[0], [0]]}, 1
    ),
    "values beyond the shape": Prediction(
        "tensorflow/core/framework/tensor.cc",
        predict(spec("floats"), x=floats(1, 2, 3, shape=[1, 2])),
        {"y": [[3]]},
        version=1,
    ),
    "bytes instead of values": Prediction(
        "tensorflow/core/framework/tensor.proto",
        predict(
            spec("floats"),
            x=tensor_pb2.TensorProto(
                dtype=1, tensor_shape=floats(shape=[1, 2]).tensor_shape, tensor_content=b"\0\0\x80\x3f\0\0\0\x40"
            ),
        ),
        {"y": [[3]]},
        version=1,
    ),
    "pair": Prediction(
        _WIRE, predict(spec("pair"), text=strings("a", "b"), text_pair=strings("a", "c")), {"same": [True, False]}, 1
    ),
    "every type": Prediction(
        _WIRE,
        predict(spec("floats", signature="types"), x=floats(1, 3)),
        {
            "float": [1, 3],
            "double": [1 / 3, 1],
            "int32": [1, 3],
            "int64": [1, 3],
            "uint8": [1, 3],
            "bool": [False, True],
            "text": [b"1.000000", b"3.000000"],
            "raw_bytes": [b"1.000000", b"3.000000"],
        },
        version=1,
        signature="types",
    ),
    "scalar output": Prediction(
        _WIRE, predict(spec("floats", signature="scalar"), x=floats(1, 2)), {"sum": 3}, version=1, signature="scalar"
    ),
    "signature of another method": Prediction(
        PREDICT,
        predict(spec("examples", signature="regress"), inputs=strings(b"", b"")),
        {"outputs": [[2], [2]]},
        version=1,
        signature="regress",
    ),
}

_UNKNOWN_MODELS = {
    "model": (spec("no such"), "NOT_FOUND", "Servable not found for request: Latest(no such)"),
    "model's version": (
        spec("no such", version=1),
        "NOT_FOUND",
        "Servable not found for request: Specific(no such, 1)",
    ),
    "version": (spec("text", version=7), "NOT_FOUND", "Servable not found for request: Specific(text, 7)"),
    "version 0": (spec("text", version=0), "NOT_FOUND", "Servable not found for request: Specific(text, 0)"),
    "version out of policy": (
        spec("latest", version=1),
        "NOT_FOUND",
        "Servable not found for request: Specific(latest, 1)",
    ),
    "label": (spec("text", label="x"), "INVALID_ARGUMENT", "Unrecognized servable version label: x"),
    "model's label": (spec("no such", label="x"), "INVALID_ARGUMENT", "Unrecognized servable version label: x"),
    "label's version": (
        spec("text", label="missing"),
        "NOT_FOUND",
        "Servable not found for request: Specific(text, 99)",
    ),
    "empty name": (spec(""), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
}
_KINDS = {
    "predict": lambda model: predict(model, text=_TEXT),
    "classify": lambda model: classify(model, examples(1)),
    "regress": lambda model: regress(model, examples(1)),
    "metadata": lambda model: metadata(model, "signature_def"),
}

REFUSALS: dict[str, Refusal] = {
    **{
        f"{kind}: unknown {what}": Refusal(f"{SERVER_CORE}, {MANAGER}", make(model), code, message)
        for kind, make in _KINDS.items()
        for what, (model, code, message) in _UNKNOWN_MODELS.items()
    },
    **{
        f"{kind}: no model": Refusal(PREDICT_IMPL, make(None), "INVALID_ARGUMENT", "Missing ModelSpec")
        for kind, make in {**_KINDS, "status": status}.items()
    },
    "predict: unknown signature": Refusal(
        PREDICT,
        predict(spec("text", signature="x"), text=_TEXT),
        "FAILED_PRECONDITION",
        'Serving signature key "x" not found.',
    ),
    "predict: no inputs": Refusal(
        PREDICT,
        predict(spec("text")),
        "INVALID_ARGUMENT",
        "input size does not match signature: 0!=1 len({}) != len({text}). Sent extra: {}. "
        "Missing but required: {text}.",
    ),
    "predict: too many inputs": Refusal(
        PREDICT,
        predict(spec("text"), text=_TEXT, other=_TEXT),
        "INVALID_ARGUMENT",
        "input size does not match signature: 2!=1 len({other,text}) != len({text}). Sent extra: {other}. "
        "Missing but required: {}.",
    ),
    "predict: half a pair": Refusal(
        PREDICT,
        predict(spec("pair"), text=_TEXT),
        "INVALID_ARGUMENT",
        "input size does not match signature: 1!=2 len({text}) != len({text,text_pair}). Sent extra: {}. "
        "Missing but required: {text_pair}.",
    ),
    "predict: another input": Refusal(
        INPUTS,
        predict(spec("text"), other=_TEXT),
        "INVALID_ARGUMENT",
        "Signature input alias: text(feed name: serving_default_text:0) not found in request and no default value "
        "provided. Inputs expected to be in the request {other}, or default input alias set: ",
    ),
    "predict: negative shape": Refusal(
        INPUTS, predict(spec("floats"), x=floats(1, shape=[-1, 2])), "INVALID_ARGUMENT", "tensor parsing error: x"
    ),
    "predict: no type": Refusal(
        INPUTS, predict(spec("floats"), x=tensor_pb2.TensorProto()), "INVALID_ARGUMENT", "tensor parsing error: x"
    ),
    "predict: unknown type": Refusal(
        INPUTS,
        predict(spec("floats"), x=tensor_pb2.TensorProto(dtype=77)),
        "INVALID_ARGUMENT",
        "tensor parsing error: x",
    ),
    "predict: another type": Refusal(
        SESSION,
        predict(spec("text"), text=floats(1)),
        "INVALID_ARGUMENT",
        "Expects arg[0] to be string but float is provided",
    ),
    "predict: another rank": Refusal(
        SESSION, predict(spec("floats"), x=floats(1, 2)), "INVALID_ARGUMENT", "", begins=True
    ),
    # TensorFlow Serving's session does not look at shapes: such a row is summed there.
    "predict: another width": Refusal(
        SESSION,
        predict(spec("floats"), x=floats(1, 2, 3, shape=[1, 3])),
        "INVALID_ARGUMENT",
        "",
        begins=True,
        ours=True,
    ),
    "predict: unknown output": Refusal(
        PREDICT,
        predict(spec("text"), ["x"], text=_TEXT),
        "INVALID_ARGUMENT",
        "output tensor alias not found in signature: x Outputs expected to be in the set {predicted,scores}.",
    ),
    "predict: output twice": Refusal(
        PREDICT,
        predict(spec("text"), ["scores", "scores"], text=_TEXT),
        "INVALID_ARGUMENT",
        "duplicate output tensor alias: scores",
    ),
    "predict: inputs come before outputs": Refusal(
        PREDICT,
        predict(spec("text"), ["x"]),
        "INVALID_ARGUMENT",
        "input size does not match signature: 0!=1",
        begins=True,
    ),
    "predict: op's own error": Refusal(
        "tensorflow/core/kernels",
        predict(spec("examples", signature="regress"), inputs=strings("no example")),
        "INVALID_ARGUMENT",
        "",
        begins=True,
    ),
    "predict: too many rows": Refusal(
        "", predict(spec("text"), text=strings(*["a"] * 101)), "RESOURCE_EXHAUSTED", "", begins=True, ours=True
    ),
    "predict: too large": Refusal(
        "", predict(spec("text"), text=strings("a" * 1_000_001)), "RESOURCE_EXHAUSTED", "", begins=True, ours=True
    ),
    "predict: long names are cut": Refusal(
        "model_servers/grpc_status_util.cc",
        predict(spec("x" * 3000), text=_TEXT),
        "NOT_FOUND",
        ("Servable not found for request: Latest(" + "x" * 3000)[:1024] + "...TRUNCATED",
    ),
    "classify: unknown signature": Refusal(
        CLASSIFIER,
        classify(spec("examples", signature="x"), examples(1)),
        "INVALID_ARGUMENT",
        "No signature was found with the name: x",
    ),
    "classify: two inputs": Refusal(
        CLASSIFIER, classify(spec("pair"), examples(1)), "INVALID_ARGUMENT", "Expected one input Tensor."
    ),
    "classify: many outputs": Refusal(
        CLASSIFIER,
        classify(spec("floats", signature="types"), examples(1)),
        "INVALID_ARGUMENT",
        "Expected one or two output Tensors, found 8",
    ),
    "classify: a signature to predict": Refusal(
        CLASSIFIER,
        classify(spec("text"), examples(1)),
        "INVALID_ARGUMENT",
        "No classification inputs found in SignatureDef: ",
        begins=True,
    ),
    "classify: a signature to regress": Refusal(
        CLASSIFIER,
        classify(spec("examples", signature="regress"), examples(1)),
        "INVALID_ARGUMENT",
        'Expected classification signature outputs to contain at least one of "classes" or "scores". Signature was: ',
        begins=True,
    ),
    "classify: no input": Refusal(UTIL, classify(spec("examples"), None), "INVALID_ARGUMENT", "Input is empty."),
    "classify: no examples": Refusal(
        UTIL, classify(spec("examples"), examples()), "INVALID_ARGUMENT", "Input is empty."
    ),
    "classify: context alone": Refusal(
        UTIL, classify(spec("examples"), examples(context=1)), "INVALID_ARGUMENT", "Input is empty."
    ),
    "classify: scores of rank 1": Refusal(
        CLASSIFIER,
        classify(spec("examples", signature="flat"), examples(1, 2)),
        "INVALID_ARGUMENT",
        "Expected Tensor shape: [batch_size num_classes] but got [2]",
    ),
    "regress: unknown signature": Refusal(
        REGRESSOR,
        regress(spec("examples", signature="x"), examples(1)),
        "INVALID_ARGUMENT",
        "No signature was found with the name: x",
    ),
    "regress: two inputs": Refusal(
        REGRESSOR, regress(spec("pair"), examples(1)), "INVALID_ARGUMENT", "Expected one input Tensor."
    ),
    "regress: a signature to predict": Refusal(
        REGRESSOR, regress(spec("text"), examples(1)), "INVALID_ARGUMENT", "Expected one output Tensor."
    ),
    "regress: another input": Refusal(
        REGRESSOR,
        regress(spec("floats"), examples(1)),
        "INVALID_ARGUMENT",
        "No regression inputs found in SignatureDef: ",
        begins=True,
    ),
    "regress: another output": Refusal(
        REGRESSOR,
        regress(spec("examples", signature="scores"), examples(1)),
        "INVALID_ARGUMENT",
        "No regression outputs found in SignatureDef: ",
        begins=True,
    ),
    "regress: no examples": Refusal(
        UTIL, regress(spec("examples", signature="regress"), examples()), "INVALID_ARGUMENT", "Input is empty."
    ),
    "multi-inference: no tasks": Refusal(
        SERVER_CORE, multi(examples(1)), "INVALID_ARGUMENT", "ModelSpec has no name specified."
    ),
    "multi-inference: unknown model": Refusal(
        MANAGER,
        multi(examples(1), (spec("no such"), CLASSIFY)),
        "NOT_FOUND",
        "Servable not found for request: Latest(no such)",
    ),
    "multi-inference: a task without name": Refusal(
        MULTI,
        multi(examples(1), (spec("examples"), CLASSIFY), (spec("", signature="regress"), REGRESS)),
        "INVALID_ARGUMENT",
        "Found ModelSpec with an empty model name.",
    ),
    "multi-inference: two models": Refusal(
        MULTI,
        multi(examples(1), (spec("examples"), CLASSIFY), (spec("text"), CLASSIFY)),
        "INVALID_ARGUMENT",
        "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
    ),
    "multi-inference: a signature twice": Refusal(
        MULTI,
        multi(examples(1), (spec("examples"), CLASSIFY), (spec("examples", signature="serving_default"), CLASSIFY)),
        "INVALID_ARGUMENT",
        "Duplicate evaluation of signature: serving_default",
    ),
    "multi-inference: unknown signature": Refusal(
        MULTI,
        multi(examples(1), (spec("examples", signature="x"), CLASSIFY)),
        "INVALID_ARGUMENT",
        "Requested signature not found in model graph: x",
    ),
    "multi-inference: another method": Refusal(
        MULTI,
        multi(examples(1), (spec("examples"), "tensorflow/serving/predict")),
        "UNIMPLEMENTED",
        "Unsupported signature method_name: tensorflow/serving/predict",
    ),
    "multi-inference: another method's signature": Refusal(
        f"{MULTI}, {REGRESSOR}",
        multi(examples(1), (spec("examples"), REGRESS)),
        "INVALID_ARGUMENT",
        "Expected one output Tensor.",
    ),
    "multi-inference: no examples": Refusal(
        UTIL, multi(input_pb2.Input(), (spec("examples"), CLASSIFY)), "INVALID_ARGUMENT", "Input is empty."
    ),
    "metadata: no field": Refusal(
        METADATA,
        metadata(spec("text")),
        "INVALID_ARGUMENT",
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "metadata: unknown field": Refusal(
        METADATA, metadata(spec("text"), "x"), "INVALID_ARGUMENT", "Metadata field %s is not supportedx"
    ),
    "metadata: fields come before the model": Refusal(
        METADATA, metadata(spec("no such"), "x"), "INVALID_ARGUMENT", "Metadata field %s is not supportedx"
    ),
    "status: unknown model": Refusal(
        STATUS, status(spec("no such")), "NOT_FOUND", "Could not find any versions of model no such"
    ),
    "status: empty name": Refusal(STATUS, status(spec("")), "NOT_FOUND", "Could not find any versions of model "),
    "status: unknown version": Refusal(
        STATUS, status(spec("text", version=7)), "NOT_FOUND", "Could not find version 7 of model text"
    ),
    "reload: no configuration": Refusal(
        MODEL_SERVICE,
        model_management_pb2.ReloadConfigRequest(),
        "INVALID_ARGUMENT",
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
        "ModelConfigList is currently supported",
    ),
    "reload: a model twice": Refusal(
        SERVER_CORE,
        reload(model_config("a", "/a"), model_config("a", "/b")),
        "INVALID_ARGUMENT",
        "Illegal to list model a multiple times in config list",
    ),
    "reload: relative path": Refusal(
        SERVER_CORE,
        reload(model_config("a", "b/c")),
        "INVALID_ARGUMENT",
        "Expected model a to have an absolute path or URI; got base_path()=b/c",
    ),
    "reload: another platform for a model": Refusal(
        SERVER_CORE,
        reload(model_config("text", "/a", platform="other")),
        "INVALID_ARGUMENT",
        "Illegal to change a model's platform. For model text platform was tensorflow and new "
        "platform requested is other",
    ),
    # TensorFlow Serving forgets its labels when it refuses these.
    "reload: no platform": Refusal(
        SERVER_CORE,
        reload(model_config("a", "/a", platform="")),
        "INVALID_ARGUMENT",
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform.",
        ours=True,
    ),
    "reload: unknown platform": Refusal(
        SERVER_CORE,
        reload(model_config("a", "/a", platform="other")),
        "INVALID_ARGUMENT",
        "Model a requests unsupported platform other",
        ours=True,
    ),
    "reload: a label moved to a version that is not there": Refusal(
        SERVER_CORE,
        reload(model_config("text", "/a", stable=77)),
        "FAILED_PRECONDITION",
        "Request to assign label to version 77 of model text, which is not currently available for inference",
        ours=True,
    ),
}
