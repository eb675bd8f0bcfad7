"""Replays the requests that a SavedModel brings to be warmed up with, before it is called available.

https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
MAX_REQUESTS = 1000  # TensorFlow Serving's


class WarmupError(Exception):
    """Warm-up requests that cannot be read, or of which there are too many."""


def has_warmup_requests(folder: str) -> bool:
    """Whether the version in `folder` brings any."""
    return Path(folder, WARMUP_FILE).is_file()


def read_warmup_requests(folder: str) -> Iterator[prediction_log_pb2.PredictionLog]:
    """The warm-up requests that the version in `folder` brings.

    Raises:
        WarmupError: the file is damaged, or holds more than `MAX_REQUESTS`.
    """
    path = Path(folder, WARMUP_FILE)
    try:
        for number, record in enumerate(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()):
            if number >= MAX_REQUESTS:
                raise WarmupError(f"Number of warmup records exceeds the maximum ({MAX_REQUESTS}) at {path}")
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except tf.errors.OpError as error:
        raise WarmupError(f"Failed to read warmup record: {error.message} at {path}") from error
