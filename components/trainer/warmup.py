"""Warm-up requests: TF Serving answers them before it calls a new version available, so that no user waits for it.

https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
# Batch sizes and lengths in words that a server meets: single short and long texts, and a full batch.
_SHAPES = ((1, 8), (1, 64), (1, 512), (32, 64))
_WORD = "word "


def write_warmup_requests(model_folder: str, signatures: Sequence[str] = ("serving_default",)) -> None:
    """Adds a request of each usual shape for each signature that takes texts to the SavedModel in `model_folder`."""
    path = os.path.join(model_folder, WARMUP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for signature in signatures:
            for batch, words in _SHAPES:
                writer.write(_log([_WORD * words] * batch, signature).SerializeToString())


def _log(texts: list[str], signature: str) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = signature
    request.inputs["text"].CopyFrom(tf.make_tensor_proto(texts))
    return prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
