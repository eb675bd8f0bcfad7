"""The names of TensorFlow Serving's services, and their descriptors for reflection."""

from __future__ import annotations

import contextlib
import importlib

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"


def register_descriptors() -> None:
    """Puts the services into protobuf's default pool, where reflection looks for them."""
    for module in ("prediction_service_pb2", "model_service_pb2"):
        # Code that an old protoc made: protobuf 6 takes its descriptor, and then refuses to have it written to.
        with contextlib.suppress(AttributeError, TypeError):
            importlib.import_module(f"tensorflow_serving.apis.{module}")
