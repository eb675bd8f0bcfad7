"""Answers a logged request, whatever its kind: what warm-up replays."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.classify import classify, multi_inference, regress
from serving.server.errors import ServingError
from serving.server.options import Limits
from serving.server.predict import predict
from serving.server.servable import Servable


def answer_log(servable: Servable, log: prediction_log_pb2.PredictionLog, limits: Limits) -> None:
    """Answers the request in the log, and lets the answer go.

    Raises:
        ServingError: UNIMPLEMENTED for a kind that is not replayed; what the request itself fails with otherwise.
    """
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        predict(servable, log.predict_log.request, limits)
    elif kind == "classify_log":
        classify(servable, log.classify_log.request, limits)
    elif kind == "regress_log":
        regress(servable, log.regress_log.request, limits)
    elif kind == "multi_inference_log":
        multi_inference(servable, log.multi_inference_log.request, limits)
    else:
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
