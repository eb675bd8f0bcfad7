"""A plain gRPC server: a SavedModel, a thread a request, a lock round the call. No batching, one request at a time.

It stands for what one writes in an afternoon, and for TensorFlow Serving without --enable_batching. Requests are read
and answers written outside the lock, which is in its favour. It takes the few of TF Serving's flags that it needs.
"""

from __future__ import annotations

import argparse
import threading
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from benchmarks.peers.saved_model import PREDICTED, SCORES, SessionModel

_THREADS = 64  # more than the clients, so that none waits for a thread


class SerialPredictor(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict alone, on `serving_default`."""

    def __init__(self, model: SessionModel) -> None:
        self._model = model
        self._one_at_a_time = threading.Lock()

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        """The scores of the texts under `text`."""
        texts = np.array(request.inputs["text"].string_val, dtype=object)
        with self._one_at_a_time:
            scores, predicted = self._model.score_texts(texts)
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        response.outputs[SCORES].CopyFrom(tf.make_tensor_proto(scores))
        response.outputs[PREDICTED].CopyFrom(tf.make_tensor_proto(predicted))
        return response


class AlwaysAvailable(model_service_pb2_grpc.ModelServiceServicer):
    """What whoever started the server asks for: the model is loaded before the port is opened."""

    def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802 (gRPC's name)
        """The one version, available."""
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=1, state=get_model_status_pb2.ModelVersionStatus.AVAILABLE)
        return response


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model_base_path", type=Path, required=True)
    parser.add_argument("--bind_address", default="127.0.0.1")
    return parser.parse_known_args()[0]


def main() -> None:
    """Serves the highest version of the folder until the process is ended."""
    arguments = _arguments()
    version = max((path for path in arguments.model_base_path.iterdir() if path.name.isdecimal()), key=_number)
    model = SessionModel(version)
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(SerialPredictor(model), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(AlwaysAvailable(), server)
    server.add_insecure_port(f"{arguments.bind_address}:{arguments.port}")
    server.start()
    server.wait_for_termination()


def _number(path: Path) -> int:
    return int(path.name)


if __name__ == "__main__":
    main()
