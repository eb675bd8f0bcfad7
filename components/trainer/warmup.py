"""Warm-up requests: TF Serving answers them before it calls a new version available, so that no user waits for it.

https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from __future__ import annotations

import os

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from components.features import TEXT, TEXT_PAIR
from components.signatures import SERVING_DEFAULT

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
# Batch sizes and lengths in words that a server meets: single short and long texts, and a full batch.
_SHAPES = ((1, 8), (1, 64), (1, 512), (32, 64))
_WORD = "word "


def write_warmup_requests(model_folder: str, pair: bool) -> None:
    """Adds a request of each usual shape for `serving_default` to the SavedModel in `model_folder`.

    Args:
        model_folder: the SavedModel's.
        pair: whether it takes a second text beside each.
    """
    path = os.path.join(model_folder, WARMUP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for batch, words in _SHAPES:
            writer.write(_log([_WORD * words] * batch, pair).SerializeToString())


def _log(texts: list[str], pair: bool) -> prediction_log_pb2.PredictionLog:
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = SERVING_DEFAULT
    for name in (TEXT, TEXT_PAIR) if pair else (TEXT,):
        request.inputs[name].CopyFrom(tf.make_tensor_proto(texts))
    return prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
