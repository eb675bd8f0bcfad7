"""The classes of the messages in tensorflow_serving.proto, tensorflow.proto and server_files.proto.

They live in a descriptor pool of their own: generated modules would register TensorFlow's names in the process-wide
pool, and so could not be imported beside TensorFlow. Their bytes are TensorFlow Serving's; an object of theirs is not
one of `tensorflow_serving.apis`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_DESCRIPTORS = Path(__file__).with_name("wire.binpb")


def _load_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(_DESCRIPTORS.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


POOL = _load_pool()


def _class_maker() -> Callable[[Any], Any]:
    """What makes a message's class of its descriptor: a function since protobuf 4.22, a factory before."""
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass
    factory: Any = message_factory.MessageFactory(POOL)
    return factory.GetPrototype


_class_of = _class_maker()


def _message(name: str) -> Any:
    """The class of a message; only its descriptor knows the fields, so it is typed `Any`."""
    return _class_of(POOL.FindMessageTypeByName(f"tensorflow.{name}"))


TensorProto = _message("TensorProto")
TensorShapeProto = _message("TensorShapeProto")
TensorInfo = _message("TensorInfo")
SignatureDef = _message("SignatureDef")

ModelSpec = _message("serving.ModelSpec")
PredictRequest = _message("serving.PredictRequest")
PredictResponse = _message("serving.PredictResponse")
SignatureDefMap = _message("serving.SignatureDefMap")
GetModelMetadataRequest = _message("serving.GetModelMetadataRequest")
GetModelMetadataResponse = _message("serving.GetModelMetadataResponse")
StatusProto = _message("serving.StatusProto")
GetModelStatusRequest = _message("serving.GetModelStatusRequest")
ModelVersionStatus = _message("serving.ModelVersionStatus")
GetModelStatusResponse = _message("serving.GetModelStatusResponse")
ModelServerConfig = _message("serving.ModelServerConfig")
ReloadConfigRequest = _message("serving.ReloadConfigRequest")
ReloadConfigResponse = _message("serving.ReloadConfigResponse")

SSLConfig = _message("serving.SSLConfig")
MonitoringConfig = _message("serving.MonitoringConfig")
BatchingParameters = _message("serving.BatchingParameters")
